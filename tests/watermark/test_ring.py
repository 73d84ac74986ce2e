"""The key ring: one master, an epoch for each rotation, one file for every process."""

from __future__ import annotations

import threading

import pytest
from django.core.management import call_command

from watermark import ring
from watermark.errors import MarkKeyMissing


@pytest.fixture(autouse=True)
def _own_folder(settings, tmp_path):
    settings.DATA_DIR = tmp_path / "data"


def test_the_first_use_makes_a_key_that_stays():
    assert ring.live_keys() == ring.live_keys()
    assert [key.epoch for key in ring.live_keys()] == [0]


def test_only_the_owner_of_the_process_may_read_it(settings):
    ring.live_keys()
    assert (settings.DATA_DIR / "mark-key").stat().st_mode & 0o777 == 0o600


def test_production_makes_no_key_by_itself(settings):
    settings.MODE = "production"
    with pytest.raises(MarkKeyMissing):
        ring.live_keys()
    ring.rotate()
    assert [key.epoch for key in ring.live_keys()] == [0]


def test_a_rotation_adds_an_epoch_and_takes_none_away(capsys):
    before = ring.live_keys()[0]
    call_command("rotate_mark_key")
    assert capsys.readouterr().out == "epoch 1 is in force\n"
    assert [key.epoch for key in ring.live_keys()] == [1, 0]
    assert ring.key_of(0) == before
    assert ring.live_keys()[0].purpose("pattern") != before.purpose("pattern")


def test_an_epoch_that_never_was_has_no_key():
    with pytest.raises(MarkKeyMissing):
        ring.key_of(7)


def test_a_damaged_file_is_no_key_and_is_not_replaced(settings):
    ring.live_keys()
    path = settings.DATA_DIR / "mark-key"
    path.write_text("half a key")
    with pytest.raises(MarkKeyMissing):
        ring.live_keys()
    assert path.read_text() == "half a key"


def test_processes_that_start_at_once_agree_on_one_key():
    found, meet = [], threading.Barrier(8)

    def first_use() -> None:
        meet.wait()
        found.append(ring.live_keys()[0])

    threads = [threading.Thread(target=first_use) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(found)) == 1


def test_a_key_does_not_show_itself():
    key = ring.live_keys()[0]
    assert key.master.hex() not in repr(key)
