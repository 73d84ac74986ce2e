"""How much evidence a second of a channel holds, by the filter alone and as the network judges it.

T of all symbols of a short cut at its known place, over the square root of the seconds: what decides how many seconds
an answer takes (T of the pilots has to reach about 7.6), measured without the search. The people are those of the
table, whom the network never heard.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from watermark.bench import table
from watermark.bench.channels import CHANNELS
from watermark.bench.presence import TRUTH
from watermark.bench.speech import Clip
from watermark.codec import frames
from watermark.codec.embed import embed
from watermark.codec.evidence import Evidence, evidence_of, judged
from watermark.codec.keys import MarkKey
from watermark.codec.pattern import SYMBOL_S, Pattern, place_of
from watermark.codec.payload import word_of
from watermark.codec.search import PROFILES, Line, Scale

CUTS_S = (2.0, 5.0)
_DELAYS_S = np.arange(-0.080, 0.0801, SYMBOL_S / 8)  # of codecs


@dataclass(frozen=True)
class Strength:
    """T over the square root of the seconds of one cut, by the filter and by the network, best profile of each."""

    channel: str
    speaker: str
    seconds: float
    filter: float
    network: float


def strengths(clip: Clip, channels: Sequence[str], *, seed: int) -> Iterator[Strength]:
    """One cut of each length through every channel."""
    rng = np.random.default_rng(seed)
    key, record = MarkKey(rng.bytes(32)), int(rng.integers(2**48))
    made = embed(clip.samples, clip.rate_hz, key, record, rng=lambda n: int(rng.integers(n)), choices=1)
    for channel in channels:
        heard, rate_hz = CHANNELS[channel](made.samples, made.rate_hz)
        scale = TRUTH.get(channel, Scale())
        for seconds in CUTS_S:
            count = int(seconds * rate_hz)
            first = int(rng.integers(len(heard) - count + 1))
            spectrum = frames.power(heard[first : first + count], rate_hz)
            line, symbols = Line(place_of(made.salt, made.start), -first / rate_hz, scale).covering(0.0, seconds)
            signs = Pattern(key).chips(line.place, symbols).carrying(word_of(key, record))
            filtered, network = evidence_of(spectrum, scale.pitch), judged(spectrum, scale.pitch)
            late_s, before = max((_score(filtered, line, late_s, signs), late_s) for late_s in _DELAYS_S)[::-1]
            after = max(_score(network, line, late_s + little_s, signs) for little_s in (-0.0025, 0.0, 0.0025))
            yield Strength(channel, clip.speaker, seconds, before / seconds**0.5, after / seconds**0.5)


def _score(evidence: Evidence, line: Line, late_s: float, signs: npt.NDArray[np.int8]) -> float:
    """T of all symbols in the best profile."""
    values = evidence.at(line.first_s + late_s, len(signs), line.scale.tempo)
    heard = [values * profile for profile in PROFILES.values()]
    return max(float((one * signs).sum() / np.sqrt((one**2).sum() + 1e-9)) for one in heard)


def table_of(rows: Sequence[Strength]) -> str:
    """A line for each channel: mean by the filter, mean by the network and their ratio, for each length."""

    def cells(channel: str, seconds: float) -> tuple[str, ...]:
        some = [(one.filter, one.network) for one in rows if (one.channel, one.seconds) == (channel, seconds)]
        before, after = np.mean(some, axis=0)
        return f"{before:.2f}", f"{after:.2f}", f"{after / before:.2f}"

    names = dict.fromkeys(one.channel for one in rows)
    return table.markdown(
        ("channel", *(f"{what}, {seconds:g} s" for seconds in CUTS_S for what in ("filter", "network", "ratio"))),
        [(name, *(cell for seconds in CUTS_S for cell in cells(name, seconds))) for name in names],
    )
