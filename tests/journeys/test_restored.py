"""A backup that is older than erasures and withdrawals is put back under the real processes: nobody comes back with it.

The worst backup somebody could have: the database, the objects and the key store, all from before. The ledger, the
published log and the signing keys are no part of backups and stay.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from config.demo.client import Answered, Client
from config.local import LocalPlatform
from config.processes import wait_until
from tests.journeys.staging import staged
from tests.populate import USE

PUT_BACK = ("postgres", "data/objects", "data/keys")
LOG = Path("data/objects/log")


@dataclass(frozen=True)
class Person:
    """One of the stage: what names them, and a sound in their voice."""

    voice: dict[str, str]
    sound: str

    @property
    def own(self) -> str:
        """Address of the person's own link."""
        return f"/v1/speaker-links/{self.voice['link']}"


@pytest.mark.soak
@pytest.mark.enable_socket
def test_no_erasure_and_no_withdrawal_is_undone_by_a_restore(scale: Callable[[int], int]) -> None:
    """A third of the people is erased after the backup, a third withdraws, a third stays; thirty in `./run soak`."""
    each = min(10, scale(1))
    with staged("restored", voices=3 * each) as (platform, told):
        client = Client(platform.url, told["key"])
        people = [Person(voice, spoken(client, voice)) for voice in told["voices"]]
        erased, withdrawn, kept = people[:each], people[each : 2 * each], people[2 * each :]
        settled(platform)
        with backup(platform):
            for person in erased:
                Client(platform.url).post(f"{person.own}/erasure")
            for person in withdrawn:
                Client(platform.url).post(f"{person.own}/consents/{person.voice['consent']}/withdraw")
            until(lambda: count(platform, "erasure_erasure WHERE state = 'done'") == each)
            before = settled(platform)
        assert count(platform, "speakers_speaker WHERE state = 'active'") == 3 * each, "the backup has them all"
        assert platform.manage(["restore"]) == 0
        platform.start_processes()
        found = [answers(client, person) for person in (*erased, *withdrawn, *kept)]
        assert found[:each] == [(410, 410)] * each
        assert found[each : 2 * each] == [(403, 403)] * each
        assert found[2 * each :] == [(202, 200)] * each
        assert settled(platform) > before
        assert platform.manage(["fsck_log"]) == 0
        print(f"after a restore 0 of {each} erased and 0 of {each} who withdrew can be used or heard "
              f"(3/N {min(1, 3 / each):.0%} each), {each} others as before; the log is whole")  # fmt: skip


@contextmanager
def backup(platform: LocalPlatform) -> Iterator[None]:
    """What happens inside is undone at the end in all that a backup holds; the servers run again, nothing else does."""
    folder, copy = platform.profile.folder, platform.profile.folder / "backup"
    platform.stop()
    for part in PUT_BACK:
        shutil.copytree(folder / part, copy / part)
    platform.start()
    yield
    platform.stop()
    (folder / LOG).rename(copy / "log")
    for part in PUT_BACK:
        shutil.rmtree(folder / part)
        (copy / part).rename(folder / part)
    shutil.rmtree(folder / LOG, ignore_errors=True)
    (copy / "log").rename(folder / LOG)
    platform.start_servers()


def spoken(client: Client, voice: dict[str, str]) -> str:
    """The id of a finished synthesis."""
    order = {"voice_version": voice["version"], "text": "The museum closes at five.", "use": USE}
    pk = str(client.post("/v1/syntheses", order)["id"])
    until(lambda: client.get(f"/v1/syntheses/{pk}")["state"] == "done")
    return pk


def answers(client: Client, person: Person) -> tuple[int, int]:
    """The statuses of one more use of the voice, and of fetching what it has said."""
    order = {"voice_version": person.voice["version"], "text": "Once more.", "use": USE}
    use = status(lambda: client.post("/v1/syntheses", order), 202)
    return use, status(lambda: client.read(f"/v1/syntheses/{person.sound}/audio"), 200)


def status(ask: Callable[[], Any], good: int) -> int:
    """What a call is answered with; `good` stands for success."""
    try:
        ask()
    except Answered as answer:
        return answer.status
    return good


def settled(platform: LocalPlatform) -> int:
    """How many entries the log has, once nothing waits to come on it."""
    until(lambda: count(platform, "audit_entry WHERE index IS NULL") == 0)
    return count(platform, "audit_entry")


def count(platform: LocalPlatform, rows: str) -> int:
    """How many rows there are, seen from outside."""
    with platform.servers.superuser() as connection:
        found = connection.execute(f"SELECT count(*) FROM {rows}").fetchone()
    return int(found[0])


def until(done: Callable[[], bool]) -> None:
    """Wait for something that processes do."""
    wait_until(done, [], 120, "what the processes do")
