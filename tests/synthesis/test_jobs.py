"""Speaking: what a worker does, what it must not do, and what a crash leaves behind."""

from __future__ import annotations

import hashlib
import json
from datetime import timedelta
from types import SimpleNamespace

import numpy as np
import pytest

from audio.decode import decode
from audio.encode import Encoded, Format, decode_raw
from audit.models import AuditEntry
from isolation.scope import tenant_scope
from storage.objects import object_store
from synthesis import jobs, rendering
from synthesis.engine import BINS
from synthesis.enginehost import EngineHost
from synthesis.humming import HummingEngine
from synthesis.jobs import sweep_orphans, synthesis_render
from synthesis.models import RENDER_TASK, Synthesis
from synthesis.services import synthesis_cancel, synthesis_download
from watermark.findings import look, read_back
from watermark.models import Mark, MarkRecord
from watermark.ring import key_of, live_keys
from watermark.services import mark_issue
from work import leases
from work.models import JobState, Outbox

pytestmark = pytest.mark.django_db(transaction=True)


def sounds(world) -> list[str]:
    return [info.key for info in object_store().find(f"{world.org.id}/syntheses/")]


def events() -> list[str]:
    return [json.loads(bytes(entry.body))["event"] for entry in AuditEntry.objects.order_by("pk")]


def heard(world, row: Synthesis) -> bytes:
    with tenant_scope(world.org.id):
        data = synthesis_download(actor=world.org.actor(), synthesis_id=row.pk).data
    assert data is not None
    return data


def deaf_host() -> EngineHost:
    """An engine that does as if it had heard of the mark."""

    class Deaf(HummingEngine):
        def stream(self, utterances, voice, *, gain, **manner):
            return super().stream(
                utterances, voice, gain=lambda first, frames: np.ones((frames, BINS), np.float32), **manner
            )

    return EngineHost(Deaf)


@pytest.mark.parametrize("to", list(Format))
def test_a_text_becomes_a_marked_sound_in_every_format(world, to):
    row = world.rendered(format=to.value)
    assert (row.state, row.problem_code) == (JobState.DONE, "")
    data = heard(world, row)
    assert hashlib.sha256(data).hexdigest() == row.media_sha256
    raw = {Format.PCM: 24_000, Format.MULAW: 8_000}
    clip = decode_raw(Encoded(data, to, raw[to], 1)) if to in raw else decode(data)
    with tenant_scope(world.org.id):
        mark = Mark.objects.get(synthesis_id=row.pk)
    read_back(clip.mono(), key_of(mark.epoch), mark.record, (mark.salt, mark.start))
    assert mark.blind
    assert MarkRecord.objects.get(pk=mark.record).synthesis_id == row.pk
    assert abs(clip.length_s - row.length_s) < 0.2


def test_one_word_leaves_too(world):
    row = world.rendered("Yes.")
    assert row.state == JobState.DONE, row.problem_code


def test_the_same_order_sounds_the_same_and_carries_another_mark(world):
    rows = [world.rendered(seed=7), world.rendered(seed=7)]
    first, second = (decode(heard(world, row)).samples for row in rows)
    assert first.shape == second.shape
    assert not np.array_equal(first, second)
    assert np.corrcoef(first, second)[0, 1] > 0.9
    with tenant_scope(world.org.id):
        marks = Mark.objects.filter(synthesis_id__in=[row.pk for row in rows])
        assert len({mark.record for mark in marks}) == len({(mark.salt, mark.start) for mark in marks}) == 2


def test_what_is_stored_is_sealed_and_lies_with_its_tenant_and_speaker(world):
    row = world.rendered()
    assert row.object_key.startswith(f"{world.org.id}/syntheses/{world.speaker.pk}/")
    assert b"RIFF" not in object_store().get(row.object_key)


def test_a_release_is_logged_once_and_the_wake_up_is_gone(world):
    row = world.rendered()
    assert events().count("synthesis.released") == 1
    assert not Outbox.objects.filter(object_id=row.pk).exists()
    synthesis_render(tenant_id=world.org.id, job_id=row.pk)  # woken once more
    assert events().count("synthesis.released") == 1
    assert len(sounds(world)) == 1


def test_an_engine_that_ignores_the_mark_releases_nothing(world, monkeypatch):
    monkeypatch.setattr(jobs, "HOST", deaf_host())
    row = world.rendered()
    assert (row.state, row.problem_code) == (JobState.FAILED, "mark-unreadable")
    assert row.object_key == ""
    assert sounds(world) == []
    with tenant_scope(world.org.id):
        assert not Mark.objects.exists()


def test_without_the_read_back_the_unmarked_sound_would_be_released(world, monkeypatch):
    """The test above has power: with the guard taken out, the deaf engine's sound is out."""
    seen = SimpleNamespace(read_back_p=1e-9, markable_s=3.0, blind=False, fingerprint=b"none", at_most_s=4.0)
    monkeypatch.setattr(jobs, "HOST", deaf_host())
    monkeypatch.setattr(rendering, "read_back", lambda *_: seen)
    row = world.rendered()
    assert row.state == JobState.DONE
    assert look(decode(heard(world, row)), live_keys(), "quick").verdict != "ours"


def test_a_text_with_nothing_to_say_fails_with_its_code(world):
    row = world.rendered("...")
    assert (row.state, row.problem_code) == (JobState.FAILED, "nothing-to-say")


def test_a_withdrawal_before_the_worker_starts_wins(world, settings):
    settings.CONSENT_REACTIONS = []  # the reaction would have cancelled it; the worker's own question is tested here
    row = world.queued()
    world.withdraw()
    synthesis_render(tenant_id=world.org.id, job_id=row.pk)
    row = world.row(row.pk)
    assert (row.state, row.problem_code) == (JobState.FAILED, "consent-withdrawn")
    assert sounds(world) == []


def test_a_withdrawal_while_the_worker_speaks_wins(world, settings, monkeypatch):
    settings.CONSENT_REACTIONS = []  # only the release gate is relied upon
    row = world.queued()
    read_back = rendering.read_back

    def withdrawn_meanwhile(*arguments):
        world.withdraw()
        return read_back(*arguments)

    monkeypatch.setattr(rendering, "read_back", withdrawn_meanwhile)
    synthesis_render(tenant_id=world.org.id, job_id=row.pk)
    row = world.row(row.pk)
    assert (row.state, row.problem_code) == (JobState.FAILED, "consent-withdrawn")
    assert sounds(world) == []
    assert "synthesis.released" not in events()


def test_a_running_job_is_cancelled_where_it_stands_by_a_withdrawal(world, monkeypatch):
    row = world.queued()
    read_back = rendering.read_back

    def withdrawn_meanwhile(*arguments):
        world.withdraw()
        return read_back(*arguments)

    monkeypatch.setattr(rendering, "read_back", withdrawn_meanwhile)
    synthesis_render(tenant_id=world.org.id, job_id=row.pk)
    row = world.row(row.pk)
    assert (row.state, row.problem_code) == (JobState.CANCELLED, "consent-withdrawn")
    assert sounds(world) == []


def test_a_running_job_stops_at_its_next_heartbeat_when_it_is_cancelled(world, monkeypatch):
    row = world.queued()
    issue = mark_issue

    def cancelled_meanwhile(**names):
        with tenant_scope(world.org.id):
            synthesis_cancel(actor=world.org.actor(), synthesis_id=row.pk)
        return issue(**names)

    monkeypatch.setattr(jobs, "mark_issue", cancelled_meanwhile)
    synthesis_render(tenant_id=world.org.id, job_id=row.pk)
    assert world.row(row.pk).state == JobState.CANCELLED
    assert sounds(world) == []


def test_a_late_worker_writes_nothing(world, monkeypatch):
    """The fencing token: a worker that was thought dead comes back after another has done the job."""
    row = world.queued()
    stored = jobs._stored
    late: list[str] = []

    def overtaken(speech_row, encoded):
        key = stored(speech_row, encoded)
        if not late:
            late.append(key)
            with tenant_scope(world.org.id):
                Synthesis.objects.filter(pk=row.pk).update(lease_until=row.created_at)  # its lease has run out
            synthesis_render(tenant_id=world.org.id, job_id=row.pk)  # the other worker
        return key

    monkeypatch.setattr(jobs, "_stored", overtaken)
    synthesis_render(tenant_id=world.org.id, job_id=row.pk)
    done = world.row(row.pk)
    assert (done.state, done.fence) == (JobState.DONE, 2)
    assert done.object_key != late[0]
    assert sounds(world) == [done.object_key]
    assert events().count("synthesis.released") == 1


def test_without_the_fence_the_late_worker_would_write(world, monkeypatch):
    """The test above has power: a lease that does not look at its fence overwrites what is done."""

    def careless(self):
        return self.model._default_manager.filter(pk=self.job_id)

    row = world.queued()
    lease = leases.claim(Synthesis, tenant_id=world.org.id, job_id=row.pk, task=RENDER_TASK)
    with tenant_scope(world.org.id):
        Synthesis.objects.filter(pk=row.pk).update(lease_until=row.created_at)
    synthesis_render(tenant_id=world.org.id, job_id=row.pk)
    with pytest.raises(leases.LeaseLost), tenant_scope(world.org.id):
        lease.end(JobState.FAILED)
    monkeypatch.setattr(leases.Lease, "rows", careless)
    with tenant_scope(world.org.id):
        lease.end(JobState.FAILED, object_key="")
    assert world.row(row.pk).state == JobState.FAILED


class Died(BaseException):
    """kill -9, as far as a test can do that."""


@pytest.mark.parametrize(
    ("module", "step"),
    [
        (jobs, "mark_issue"),
        (rendering, "encode"),
        (rendering, "read_back"),
        (jobs, "_stored"),
        (jobs, "synthesis_release"),
    ],
)
@pytest.mark.parametrize("after", [False, True])
def test_a_crash_at_any_step_is_survived_and_released_once(world, monkeypatch, module, step, after):
    row, whole = world.queued(), getattr(module, step)

    def dies(*arguments, **names):
        if after:
            whole(*arguments, **names)
        raise Died

    monkeypatch.setattr(module, step, dies)
    with pytest.raises(Died):
        synthesis_render(tenant_id=world.org.id, job_id=row.pk)
    released = step == "synthesis_release" and after
    assert (world.row(row.pk).state == JobState.DONE) is released
    monkeypatch.setattr(module, step, whole)
    with tenant_scope(world.org.id):
        Synthesis.objects.filter(pk=row.pk).update(lease_until=row.created_at)
    synthesis_render(tenant_id=world.org.id, job_id=row.pk)
    assert world.row(row.pk).state == JobState.DONE
    assert events().count("synthesis.released") == 1
    monkeypatch.setattr(jobs, "ORPHAN_AFTER", timedelta(0))
    with tenant_scope(world.org.id):
        sweep_orphans(tenant_id=world.org.id)
    assert sounds(world) == [world.row(row.pk).object_key]
    heard(world, row)


def test_the_sweep_spares_what_is_young_and_what_is_named(world, monkeypatch):
    row = world.rendered()
    object_store().put(f"{world.org.id}/syntheses/{world.speaker.pk}/orphan", b"sealed")
    with tenant_scope(world.org.id):
        assert sweep_orphans(tenant_id=world.org.id) == 0
        monkeypatch.setattr(jobs, "ORPHAN_AFTER", timedelta(0))
        assert sweep_orphans(tenant_id=world.org.id) == 1
    assert sounds(world) == [row.object_key]


def test_a_rotated_key_marks_new_sounds_and_finds_old_ones(world, monkeypatch, tmp_path):
    from watermark import ring

    monkeypatch.setattr(ring, "_path", lambda: tmp_path / "mark-key")
    before = world.rendered()
    epoch = ring.rotate()
    after = world.rendered()
    with tenant_scope(world.org.id):
        epochs = [Mark.objects.get(synthesis_id=row.pk).epoch for row in (before, after)]
    assert epochs == [epoch - 1, epoch]
    for row, epoch in zip((before, after), epochs, strict=True):
        with tenant_scope(world.org.id):
            mark = Mark.objects.get(synthesis_id=row.pk)
        read_back(decode(heard(world, row)), key_of(epoch), mark.record, (mark.salt, mark.start))
