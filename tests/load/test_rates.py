"""How much one core carries of what strangers make us do, in processor time: wall time is the machine's mood.

The bounds leave room; the figures are printed and stand in tests/README.md.
"""

from __future__ import annotations

import random
import statistics
import time
from collections.abc import Callable
from uuid import uuid4

import pytest
from rest_framework.test import APIClient
from scipy.stats import mannwhitneyu

from audio import sandbox
from audio.decode import decode
from audit import jobs, selectors
from audit.models import AuditEntry
from audit.services import record
from config.embedded import Servers
from isolation.scope import tenant_scope
from problems.errors import Invalid
from tenants import apikeys
from tests import hostile
from tests.factories import make_organisation
from tests.load.openloop import quantile
from tests.load.processes import cpu_s
from tests.populate import spoken


@pytest.mark.soak
def test_a_hundred_files_a_second_go_through_the_sandbox(scale: Callable[[int], int]) -> None:
    """Ten seconds of sound each, every container in turn; our own part and the children's together."""
    sound = hostile.voice_like(10.0)
    files = [hostile.file_of(sound, container=name, subtype=kind) for name, kind in hostile.CONTAINERS]
    decode(files[0])
    helper, count = sandbox.current().process.pid, scale(30)
    began, own, walls = cpu_s(helper), time.process_time(), []
    for number in range(count):
        start = time.perf_counter()
        decode(files[number % len(files)])
        walls.append(1000 * (time.perf_counter() - start))
    each_s = (cpu_s(helper) - began + time.process_time() - own) / count
    walls.sort()
    print(f"{count} decodes of 10 s: {1000 * each_s:.1f} ms of processor each, {2 / each_s:.0f}/s on two cores; "
          f"wall median {quantile(walls, 0.5):.0f} ms, p99 {quantile(walls, 0.99):.0f} ms")  # fmt: skip
    assert 2 / each_s > 50


@pytest.mark.soak
def test_five_hundred_files_a_second_are_refused_at_the_edge(scale: Callable[[int], int]) -> None:
    """200 KB each: damaged headers and lies about length, decided before any decoder."""
    size = 200_000
    wrong = [
        hostile.wav(channels=1024, body=bytes(size)),
        hostile.wav(rate_hz=2_147_483_647, body=bytes(size)),
        hostile.flac_claiming(hostile.file_of(hostile.voice_like(1.0), container="FLAC"), 2**35) + bytes(size),
        b"PK\x03\x04" + bytes(size),
        random.Random(1).randbytes(size),
    ]
    count, began = scale(200), time.process_time()
    for number in range(count):
        with pytest.raises(Invalid):
            decode(wrong[number % len(wrong)])
    each_s = (time.process_time() - began) / count
    print(f"{count} refusals of 200 KB: {1e6 * each_s:.0f} us of processor each, {1 / each_s:.0f}/s on one core")
    assert 1 / each_s > 500


@pytest.mark.soak
@pytest.mark.django_db
def test_a_proof_comes_from_the_store_in_a_millisecond(scale: Callable[[int], int]) -> None:
    organisation = make_organisation()
    with tenant_scope(organisation.id):
        numbers = [record(event="consent.approved", tenant_id=organisation.id, actor="member:1") for _ in range(300)]
    jobs.log_integrate()
    times = []
    for number in numbers[: scale(100)]:
        start = time.process_time()
        selectors.bundle_of(number)
        times.append(1000 * (time.process_time() - start))
    times.sort()
    print(f"{len(times)} bundles of a log of {AuditEntry.objects.count()}: median {quantile(times, 0.5):.2f} ms, "
          f"p99 {quantile(times, 0.99):.2f} ms of processor")  # fmt: skip
    assert quantile(times, 0.5) < 5


@pytest.mark.soak
@pytest.mark.django_db
@pytest.mark.enable_socket
def test_a_wrong_key_takes_as_long_whatever_is_wrong_with_it(servers: Servers, scale: Callable[[int], int]) -> None:
    """A key of somebody with one character changed and the checksum put right, against one that never was."""
    client, real, dice = APIClient(), make_organisation().key(), random.Random(7)

    def refused(text: str) -> None:
        assert client.get("/v1/me", headers={"Authorization": f"Bearer {text}"}).status_code == 401

    def near() -> str:
        at = dice.randrange(9, 39)
        head = real[:at] + dice.choice(apikeys.ALPHABET.replace(real[at], "")) + real[at + 1 : -6]
        return head + apikeys._checksum(head)

    told_apart(near, lambda: apikeys.generate(live=True), refused, dice, scale(150))


@pytest.mark.soak
@pytest.mark.django_db(transaction=True)
@pytest.mark.enable_socket
@pytest.mark.parametrize("kind", ["speakers", "voices", "syntheses"])
def test_anothers_row_takes_as_long_as_none(kind: str, scale: Callable[[int], int]) -> None:
    """An id that stands for somebody else's row, against an id that stands for nothing."""
    theirs, dice = spoken(make_organisation()), random.Random(7)
    row = {"speakers": theirs.speaker, "voices": theirs.voice, "syntheses": theirs.synthesis}[kind]
    client = make_organisation().client()

    def missing(identity: str) -> None:
        assert client.get(f"/v1/{kind}/{identity}").status_code == 404

    told_apart(lambda: row["id"], lambda: str(uuid4()), missing, dice, scale(150))


def told_apart(
    near: Callable[[], str], far: Callable[[], str], ask: Callable[[str], None], dice: random.Random, pairs: int
) -> None:
    """Whether the processor time of `ask` tells the one kind of text from the other; pairs in random order."""

    def timed(text: str) -> float:
        start = time.process_time()
        ask(text)
        return time.process_time() - start

    taken: tuple[list[float], list[float]] = ([], [])
    for _ in range(20):
        ask(near()), ask(far())
    for _ in range(pairs):
        pair = [(taken[0], near()), (taken[1], far())]
        dice.shuffle(pair)
        for times, text in pair:
            times.append(timed(text))
    area = mannwhitneyu(*taken).statistic / pairs**2
    medians = " and ".join(f"{1000 * statistics.median(times):.2f}" for times in taken)
    print(f"{pairs} pairs: AUC {area:.3f}, medians {medians} ms of processor")
    assert 0.5 - 2 / pairs**0.5 < area < 0.5 + 2 / pairs**0.5
