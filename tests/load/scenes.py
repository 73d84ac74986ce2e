"""What is offered in each scene, and what was asked of it."""

from __future__ import annotations

import json
import random
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from tests.journeys.staging import UNLIMITED
from tests.load.merging import Merging
from tests.load.openloop import Call, Stream, Summary
from tests.load.stage import Stage, Tenant

READS_A_SECOND = 500.0
SUBMISSIONS_A_SECOND = 200.0
VERIFICATIONS_A_SECOND = 5.0
LASTING_A_SECOND = (50.0, 1.0)  # reads, submissions
LIMIT_A_MINUTE = 600


class Measuring(Protocol):
    """What a scene needs of the command."""

    def measure(self, title: str, streams: list[Stream], told: Callable[[str], str] = ...) -> dict[str, Summary]:
        """Offer the streams, print and return the summary of each group."""


@dataclass(frozen=True)
class Scene:
    """A scene: the settings that it starts the platform with, and its play."""

    asked: str
    play: Callable[[Stage, Measuring], None]
    settings: dict[str, str] = field(default_factory=lambda: dict(UNLIMITED))


def read(tenant: Tenant) -> Callable[[random.Random, int], Call]:
    """Mostly single syntheses, as clients that wait for theirs; lists and small things between."""

    def make(dice: random.Random, number: int) -> Call:
        path = dice.choices(
            (
                f"/v1/syntheses/{dice.choice(tenant.syntheses)}",
                "/v1/syntheses?limit=25",
                f"/v1/voices/{tenant.voice}",
                f"/v1/speakers/{tenant.speaker}",
                "/v1/me",
            ),
            weights=(60, 10, 10, 10, 10),
        )[0]
        return Call(tenant.id, "GET", path, tenant.headers)

    return make


def submit(tenant: Tenant) -> Callable[[random.Random, int], Call]:
    """A synthesis under an idempotency key that no other part of any scene has."""
    body = json.dumps(tenant.order).encode()

    def make(dice: random.Random, number: int) -> Call:
        headers = {"Content-Type": "application/json", "Idempotency-Key": secrets.token_hex(16)}
        return Call(tenant.id, "POST", "/v1/syntheses", tenant.headers | headers, body)

    return make


def verify(tenant: Tenant, clip: bytes) -> Callable[[random.Random, int], Call]:
    """A clip that the quick look decides."""
    mark = "9f86d081884c7d659a2feaa0c55ad015"
    head = f'--{mark}\r\nContent-Disposition: form-data; name="clip"; filename="clip.wav"\r\n\r\n'.encode()
    body = head + clip + f"\r\n--{mark}--\r\n".encode()
    headers = tenant.headers | {"Content-Type": f"multipart/form-data; boundary={mark}"}

    def make(dice: random.Random, number: int) -> Call:
        return Call(tenant.id, "POST", "/v1/verifications", headers, body)

    return make


def spread(stage: Stage, rate: float, kind: Callable[[Tenant], Callable[[random.Random, int], Call]]) -> list[Stream]:
    """The rate shared evenly by the organisations."""
    return [Stream(tenant.id, rate / len(stage.tenants), kind(tenant)) for tenant in stage.tenants]


def reads(stage: Stage, meter: Measuring) -> None:
    """Reads alone."""
    meter.measure("reads, a tenth of it", spread(stage, READS_A_SECOND / 10, read))
    meter.measure("reads", spread(stage, READS_A_SECOND, read))


def submissions(stage: Stage, meter: Measuring) -> None:
    """Submissions alone; the worker stands still, so that accepting is what is measured."""
    stage.platform.children["worker"].stop()
    meter.measure("submissions, a tenth of it", spread(stage, SUBMISSIONS_A_SECOND / 10, submit))
    meter.measure("submissions", spread(stage, SUBMISSIONS_A_SECOND, submit))


def merges(stage: Stage, meter: Measuring) -> None:
    """How long acts wait for a signed checkpoint, at a tenth of the submissions asked and with the worker at it."""
    with Merging(stage) as merging:
        meter.measure("submissions while the log is watched", spread(stage, SUBMISSIONS_A_SECOND / 10, submit))
    print(f"merges: {merging.text()}")


def verifications(stage: Stage, meter: Measuring) -> None:
    """Ten marked seconds, decided by the quick look."""
    streams = [Stream("v", VERIFICATIONS_A_SECOND, verify(stage.tenants[0], stage.clip))]
    meter.measure("verifications of 10 s", streams)


def overload(stage: Stage, meter: Measuring) -> None:
    """What the machine carries, then three times that."""
    stage.platform.children["worker"].stop()
    calm = meter.measure("reads at half", spread(stage, READS_A_SECOND / 2, read))["all"]
    full = meter.measure("reads until it is full", spread(stage, READS_A_SECOND * 2, read))["all"]
    flood = meter.measure("three times that", spread(stage, 3 * full.rate, read))["all"]
    print(
        f"overload: {flood.rate:.0f}/s of {full.rate:.0f}/s are still answered; p99 of the accepted "
        f"{flood.p99 / full.p99:.2f} times that of the full server, {flood.p99 / calm.p99:.2f} times that of the calm"
    )


def neighbour(stage: Stage, meter: Measuring) -> None:
    """Three organisations within their limits; then the fourth asks for fifty times its own."""
    quiet, noisy = stage.tenants[:3], stage.tenants[3]
    allowed = LIMIT_A_MINUTE / 60
    calm = [Stream(tenant.id, 0.8 * allowed, read(tenant)) for tenant in quiet]
    noise = [*calm, Stream(noisy.id, 50 * allowed, read(noisy))]

    def told(who: str) -> str:
        return "noisy" if who == noisy.id else "quiet"

    alone = meter.measure("alone", calm, told)["quiet"]
    beside = meter.measure("beside 50 times the limit", noise, told)
    print(
        f"neighbour: p99 of the others {beside['quiet'].p99 / alone.p99:.2f} times that of before, "
        f"{beside['quiet'].rate / alone.rate:.1%} of their throughput; "
        f"the noisy one got {beside['noisy'].rate:.1f}/s of {allowed:.0f}/s"
    )


def lasting(stage: Stage, meter: Measuring) -> None:
    """A tenth of the reads, and work that the worker keeps up with, three parts long: what grows, grows on."""
    reading, making = LASTING_A_SECOND
    streams = spread(stage, reading, read) + spread(stage, making, submit)
    for part in ("first", "second", "third"):
        meter.measure(f"lasting, {part} part", streams)


SCENES = {
    "reads": Scene("500/s with p99 <= 50 ms", reads),
    "submissions": Scene("200/s with p99 <= 100 ms", submissions),
    "merges": Scene("p99 <= 2 s", merges),
    "verifications": Scene("5/s with p99 <= 1 s", verifications),
    "overload": Scene("at three times capacity 429/503 with Retry-After, accepted p99 <= 2 times", overload),
    "lasting": Scene("web processes <= 200 MB, growth <= 2 % over 30 minutes (--seconds 600)", lasting),
    "neighbour": Scene(
        "one at 50 times its limit, the others' p99 <= 1.2 times alone",
        neighbour,
        {"CONSONANT_TENANT_RATE": f"{LIMIT_A_MINUTE}/min"},
    ),
}
