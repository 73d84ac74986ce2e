"""A lease is kept while the work reports, and while it keeps silent."""

from __future__ import annotations

import threading

import pytest
from django.db import OperationalError

from work import pulse
from work.errors import JobCancelled
from work.pulse import Pulse


class KeptLease:
    """Stands in for a lease: notes what it is told, and can be taken away."""

    def __init__(self) -> None:
        self.told: list[tuple[str, int]] = []
        self.more: list[dict[str, object]] = []
        self.lost = False
        self.was_kept = threading.Event()

    def keep(self, stage: str, progress: int, **fields: object) -> None:
        if self.lost:
            raise JobCancelled
        self.told.append((stage, progress))
        self.more.append(fields)
        self.was_kept.set()


def test_reports_are_written_at_most_every_few_seconds():
    lease = KeptLease()
    with Pulse(lease) as beat:
        for percent in range(100):
            beat.told("speaking", percent)
    assert lease.told == [("speaking", 0)]


def test_what_else_is_told_stays_told_while_the_work_is_silent(monkeypatch):
    monkeypatch.setattr(pulse, "SILENT_S", 0.0)
    lease = KeptLease()
    with Pulse(lease) as beat:
        beat.told("training", 10, expected_at="soon")
        lease.was_kept.clear()
        assert lease.was_kept.wait(5)
    assert lease.more[-1] == {"expected_at": "soon"}


def test_a_silent_stretch_is_kept_by_the_watcher(monkeypatch):
    monkeypatch.setattr(pulse, "SILENT_S", 0.0)
    lease = KeptLease()
    with Pulse(lease, "reading") as beat:
        assert lease.was_kept.wait(5)
        beat.told("reading", 50)
    assert ("reading", 0) in lease.told


def test_whoever_takes_the_lease_stops_the_work_at_its_next_report(monkeypatch):
    monkeypatch.setattr(pulse, "SILENT_S", 0.0)
    lease = KeptLease()
    lease.lost = True
    with Pulse(lease) as beat:
        beat._thread.join(5)
        with pytest.raises(JobCancelled):
            beat.told("speaking", 10)


def test_work_that_reports_nothing_is_stopped_at_its_end(monkeypatch):
    monkeypatch.setattr(pulse, "SILENT_S", 0.0)
    lease = KeptLease()
    lease.lost = True
    with pytest.raises(JobCancelled), Pulse(lease) as beat:
        beat._thread.join(5)


def test_an_error_of_the_work_itself_is_not_hidden_by_the_lost_lease(monkeypatch):
    monkeypatch.setattr(pulse, "SILENT_S", 0.0)
    lease = KeptLease()
    lease.lost = True
    with pytest.raises(ZeroDivisionError), Pulse(lease) as beat:
        beat._thread.join(5)
        raise ZeroDivisionError


def test_a_database_that_is_away_is_asked_again(monkeypatch):
    monkeypatch.setattr(pulse, "SILENT_S", 0.0)
    away = [OperationalError("gone"), OperationalError("still gone")]

    class Away(KeptLease):
        def keep(self, stage: str, progress: int) -> None:
            if away:
                raise away.pop()
            super().keep(stage, progress)

    lease = Away()
    with Pulse(lease):
        assert lease.was_kept.wait(5)


def test_a_report_that_finds_the_lease_gone_stops_at_once():
    lease = KeptLease()
    lease.lost = True
    with Pulse(lease) as beat, pytest.raises(JobCancelled):
        beat.told("speaking", 10)


def test_a_hundred_percent_is_left_to_the_end_of_the_job():
    lease = KeptLease()
    with Pulse(lease) as beat:
        beat.told("speaking", 100)
    assert lease.told == [("speaking", 99)]
    assert not beat._thread.is_alive()
