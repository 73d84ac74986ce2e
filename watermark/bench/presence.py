"""Found or not, read or not: people x channels x seconds, cut at random after the channel.

To spare the machine a trial searches only near the true tempo and pitch, but pays for the whole full
search. So the rates are those of the full search or a little below.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from watermark.bench.channels import CHANNELS
from watermark.bench.speech import Clip
from watermark.codec import frames
from watermark.codec.detect import examine
from watermark.codec.embed import embed
from watermark.codec.keys import MarkKey
from watermark.codec.outputs import Output, Outputs
from watermark.codec.pattern import LENGTH, place_of
from watermark.codec.plan import Family, families
from watermark.codec.search import Scale
from watermark.codec.seek import Seeker

Floats = npt.NDArray[np.float32]

SEMITONE = 2 ** (1 / 12)
TRUTH = {
    "tempo 0.9": Scale(1 / 0.9, 1.0), "tempo 1.1": Scale(1 / 1.1, 1.0), "speed 0.95": Scale(1 / 0.95, 0.95),
    "speed 1.05": Scale(1 / 1.05, 1.05), "pitch +1": Scale(1.0, SEMITONE), "pitch -2": Scale(1.0, SEMITONE**-2),
    "remover": Scale(1 / 0.93, SEMITONE**1.3),
}  # fmt: skip
EASY, MIDDLE, HARD = (1.0, 1.5, 2.0, 3.0), (1.5, 2.0, 3.0, 5.0), (2.0, 3.0, 4.0, 5.0, 6.0, 10.0)
SECONDS = {
    **dict.fromkeys(list(CHANNELS)[:11], EASY),
    **dict.fromkeys(list(CHANNELS)[11:25], MIDDLE),
    **dict.fromkeys(list(CHANNELS)[25:-1], HARD),
    "our own vocoder": MIDDLE,
}
LONG, LONG_CHANNELS = (15.0, 20.0, 30.0), ("AMR-NB 4.75", "codec2 3200", "noise 5 dB", "re-recorded")
LISTED = 10_000  # outputs in the closed list, each as long as the clip
NEAR = 0.021


@dataclass(frozen=True)
class Trial:
    """One cut of one channel."""

    channel: str
    seconds: float
    speaker: str
    sex: str
    group: str
    p_value: float
    ours: bool
    record_read: bool
    record_wrong: bool
    listed: bool  # ours by its pilots or as one of 10,000 known outputs
    named: bool  # the right one of them
    named_wrong: bool


def near(truth: Scale) -> list[Family]:
    """The family that holds the true scale, its steps cut down to the neighbourhood, its price untouched."""
    for family in families("full"):
        steps = tuple(
            step for step in family.steps if max(abs(step.pitch - truth.pitch), abs(step.tempo - truth.tempo)) <= NEAR
        )
        if steps:
            return [replace(family, steps=steps)]
    raise ValueError(f"{truth} is outside of the search")


def trials(
    clip: Clip, channels: Sequence[str], *, seed: int, cuts: int = 1, lengths: Sequence[float] | None = None
) -> Iterator[Trial]:
    """Embed a clip once, send it through every channel, cut and detect; the first cuts do not depend on `cuts`.

    lengths: of the cuts, in seconds; a channel's own when None.
    """
    rng, more = np.random.default_rng(seed), np.random.default_rng([seed, 1])
    key, record = MarkKey(rng.bytes(32)), int(rng.integers(2**48))
    marked = embed(clip.samples, clip.rate_hz, key, record, rng=lambda n: int(rng.integers(n)))
    ours = Output(record, place_of(marked.salt, marked.start), len(marked.samples) / marked.rate_hz)
    outputs = Outputs.of(key, [ours, *some_outputs(rng, LISTED - 1, ours.length_s)])
    for channel in channels:
        heard, rate_hz = CHANNELS[channel](marked.samples, marked.rate_hz)
        for seconds in lengths or SECONDS[channel]:
            count = int(seconds * rate_hz)
            if count > len(heard):
                continue
            for draw in (rng, *[more] * (cuts - 1)):
                first = int(draw.integers(len(heard) - count + 1))
                cut = heard[first : first + count]
                yield trial(clip, channel, seconds, cut, rate_hz, record, outputs)


def some_outputs(rng: np.random.Generator, count: int, length_s: float = 11.0) -> list[Output]:
    """What a platform that has made `count` outputs of one length knows of them."""
    drawn = zip(rng.integers(2**48, size=count), rng.integers(LENGTH, size=count), strict=True)
    return [Output(int(record), int(place), length_s) for record, place in drawn]


def trial(clip: Clip, channel: str, seconds: float, cut: Floats, rate_hz: int, record: int, outputs: Outputs) -> Trial:
    """Detect one cut with nothing but the key, and with the list where that leaves something open."""
    spectrum, keys, plan = frames.power(cut, rate_hz), (outputs.key,), near(TRUTH.get(channel, Scale()))
    found, mark = examine(Seeker(spectrum, keys), plan)
    read = mark.record if mark else None
    name, listed = read, mark is not None
    if read is None:
        _, known = examine(Seeker(spectrum, keys, (outputs,)), plan)
        name, listed = known.record if known else None, known is not None
    return Trial(
        channel, seconds, clip.speaker, clip.sex, clip.group, found, mark is not None,
        read == record, read not in (None, record), listed, name == record, name not in (None, record),
    )  # fmt: skip
