"""What an attacker without the key can do: average, overwrite, copy.

The averager holds outputs of one key and their clean originals, so the gains of each output lie open to
him. He knows where two of his outputs overlap in the pattern. His knowledge is the share of the pattern he
has seen; what he has seen he can subtract from, or plant on, anything.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from watermark.bench.channels import CHANNELS
from watermark.bench.presence import near, some_outputs
from watermark.bench.speech import Clip
from watermark.codec import frames
from watermark.codec.detect import check, detect, examine
from watermark.codec.embed import embed
from watermark.codec.field import gain_field
from watermark.codec.fingerprint import fingerprint, match
from watermark.codec.keys import MarkKey
from watermark.codec.outputs import Output, Outputs
from watermark.codec.pattern import LENGTH, SYMBOL_S, place_of
from watermark.codec.search import Scale
from watermark.codec.seek import Seeker
from watermark.codec.transform import frame_and_hop, multiplied

Floats = npt.NDArray[np.float32]

LISTED = 1_000


def share_learned(hours: float) -> float:
    """Share of the pattern seen after `hours` of outputs at random places: 1 - exp(-hours / length)."""
    return 1.0 - float(np.exp(-hours * 3600 / (LENGTH * SYMBOL_S)))


@dataclass(frozen=True)
class Overwritten:
    """Marked again under the attacker's own key at the same strength."""

    speaker: str
    seconds: float
    p_value: float
    record_read: bool


def overwritten(clip: Clip, seconds: float, seed: int) -> Overwritten:
    """The first mark, `seconds` of it, after a second one was laid over it."""
    rng = np.random.default_rng(seed)
    key, other, record = MarkKey(rng.bytes(32)), MarkKey(rng.bytes(32)), int(rng.integers(2**48))
    first = embed(clip.samples, clip.rate_hz, key, record)
    second = embed(first.samples, clip.rate_hz, other, 1)
    cut = second.samples[: int(seconds * clip.rate_hz)]
    found, mark = examine(Seeker(frames.power(cut, clip.rate_hz), (key,)), near(Scale()))
    return Overwritten(clip.speaker, seconds, found, mark is not None and mark.record == record)


@dataclass(frozen=True)
class Subtracted:
    """The learned gains taken off an output: p-value before and after."""

    speaker: str
    before: float
    after: float


def subtracted(clip: Clip, seed: int) -> Subtracted:
    """What happens to an output whose stretch of the pattern the averager has seen."""
    rng = np.random.default_rng(seed)
    key, record = MarkKey(rng.bytes(32)), int(rng.integers(2**48))
    made = embed(clip.samples, clip.rate_hz, key, record, choices=1)
    frame, hop = frame_and_hop(clip.rate_hz)
    known = gain_field(key, record, made.salt, made.start, rate_hz=clip.rate_hz, n_fft=frame, hop=hop)
    cleaned = multiplied(made.samples, lambda first, count: np.float32(1) / known(first, count), frame, hop)
    before, after = (
        check(samples, clip.rate_hz, key, record, made.salt, made.start, chosen_of=1)
        for samples in (made.samples, cleaned)
    )
    return Subtracted(clip.speaker, before, after)


@dataclass(frozen=True)
class Averaged:
    """Taken off an output: the gains of another one that ran through the same stretch of the pattern."""

    speaker: str
    channel: str
    by_key: bool  # ours with the key alone
    by_list: bool  # with a list of LISTED outputs
    named: bool


def averaged(clip: Clip, seed: int, *, seconds: float = 10.0) -> Iterator[Averaged]:
    """The first `seconds` of an output whose pilots the averager knows, as it is and by telephone."""
    rng = np.random.default_rng(seed)
    key, record, other = MarkKey(rng.bytes(32)), *(int(one) for one in rng.integers(2**48, size=2))
    made = embed(clip.samples, clip.rate_hz, key, record)
    frame, hop = frame_and_hop(clip.rate_hz)
    known = gain_field(key, other, made.salt, made.start, rate_hz=clip.rate_hz, n_fft=frame, hop=hop)
    cleaned = multiplied(made.samples, lambda first, count: np.float32(1) / known(first, count), frame, hop)
    ours = Output(record, place_of(made.salt, made.start), len(clip.samples) / clip.rate_hz)
    outputs = Outputs.of(key, [ours, *some_outputs(rng, LISTED - 1)])
    for channel in ("none", "AMR-NB 12.2"):
        heard, rate_hz = CHANNELS[channel](cleaned, clip.rate_hz)
        cut = heard[: int(seconds * rate_hz)]
        alone = detect(cut, rate_hz, [key], search="none")
        listed = detect(cut, rate_hz, [key], search="none", outputs=[outputs], walk=True)
        yield Averaged(
            clip.speaker, channel, alone.verdict == "ours", listed.verdict == "ours", listed.record == record
        )


@dataclass(frozen=True)
class Copied:
    """The gains of one output planted on another's speech."""

    verdict: str
    record_same: bool
    content: str


def copies(people: Sequence[Clip], count: int, *, seconds: float = 5.0, seed: int = 0) -> Iterator[Copied]:
    """Marks of `count` random stretches of speech planted on random stretches of somebody else's."""
    rng = np.random.default_rng(seed)
    key = MarkKey(rng.bytes(32))

    def stretch(clip: Clip) -> Clip:
        size = int(seconds * clip.rate_hz)
        first = int(rng.integers(len(clip.samples) - size + 1))
        return replace(clip, samples=clip.samples[first : first + size])

    for _ in range(count):
        source, target = rng.choice(len(people), 2, replace=False)
        yield copied(stretch(people[source]), stretch(people[target]), key, int(rng.integers(2**48)))


def copied(source: Clip, target: Clip, key: MarkKey, record: int) -> Copied:
    """The best copy there can be: the attacker has the exact gains."""
    made = embed(source.samples, source.rate_hz, key, record)
    frame, hop = frame_and_hop(target.rate_hz)
    gains = gain_field(key, record, made.salt, made.start, rate_hz=target.rate_hz, n_fft=frame, hop=hop)
    planted = multiplied(target.samples, gains, frame, hop)
    found = detect(planted, target.rate_hz, [key], search="none")
    same = match(fingerprint(made.samples, made.rate_hz), planted, target.rate_hz)
    return Copied(found.verdict, found.record == record, same.content)
