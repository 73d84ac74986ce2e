"""The next pieces of several sentences in one forward pass, each in its own voice and at its own place.

What `stream.piece` does for one, with the rows padded to one length and masked, so that what is beyond a sentence's
end is the zero that its end would have been. A row's result does not depend on who else is in the batch, but for
the order in which a processor adds: a row alone is bit for bit `stream.piece`, and in company its frames differ by
1e-5. The phase of the pulses adds pitch up frame after frame, so that the sound of a long sentence may drift to some
hundredths of its peak: the same speech, not the same bits.

It waits for nobody (`synthesis.batcher` does) and keeps nothing.

Shapes: B rows, L frames with their context, C frames of a piece, D width, M mel bands, F bins.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from synthesis.tts import source, vocoder
from synthesis.tts.acoustic import PITCH_UNIT_HZ, Acoustic, Person
from synthesis.tts.features import HOP
from synthesis.tts.stream import Gain, Progress, fill, finished
from synthesis.tts.vocoder import Vocoder
from synthesis.tts.voice import Voice

WIDEST = 1.5  # how much longer the longest row of a batch may be than the shortest: padding is work for nothing
Sound = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Step:
    """The next `count` frames of a sentence under way, to be said by `voice` under the mark `gain`."""

    progress: Progress
    voice: Voice
    gain: Gain
    count: int

    @property
    def last(self) -> int:
        """The frame behind the piece."""
        return min(self.progress.sent + self.count, self.progress.frames)

    @property
    def span(self) -> slice:
        """The frames whose spectra decide the piece; see `Vocoder.consistent`."""
        around = vocoder.ROUNDS * vocoder.ROUND_REACH
        return slice(max(0, self.progress.sent - around), min(self.progress.frames, self.last + around))


def buckets(steps: Sequence[Step], most: int) -> Iterator[list[int]]:
    """The steps by number, in groups of like length and at most `most`."""
    order = sorted(range(len(steps)), key=lambda number: steps[number].last - steps[number].progress.sent)
    group: list[int] = []
    for number in order:
        step = steps[number]
        shortest = steps[group[0]] if group else step
        wide = step.last - step.progress.sent > WIDEST * (shortest.last - shortest.progress.sent) + 8
        if group and (wide or len(group) == most):
            yield group
            group = []
        group.append(number)
    if group:
        yield group


@torch.no_grad()
def pieces(
    acoustic: Acoustic, voc: Vocoder, steps: Sequence[Step], people: Callable[[Sequence[Voice]], Person]
) -> list[Sound | Exception]:
    """The next piece of every step, (T,) each; an error of one row's gain field is that row's alone.

    Args:
        people: lays voices side by side; see `stack.VoiceStack.person`.
    """
    context = max(vocoder.reach(voc.config), source.PAD)
    _decode(acoustic, steps, context, people)
    spectrum = _spectra(voc, steps, context)
    gains, wrong = _gains(steps, spectrum)
    overlapped = vocoder.pieces(spectrum * gains)
    made: list[Sound | Exception] = []
    for row, step in enumerate(steps):
        length = (step.last - step.progress.sent + vocoder.OVERLAP - 1) * HOP
        made.append(wrong.get(row) or finished(step.progress, overlapped[row : row + 1, :length].clone(), step.last))
    return made


def _decode(
    acoustic: Acoustic, steps: Sequence[Step], context: int, people: Callable[[Sequence[Voice]], Person]
) -> None:
    """Fill mel, pitch, voicing and phase of every sentence as far as its piece needs."""
    reach, spans = acoustic.reach(), []
    for step in steps:
        now, until = step.progress, min(step.progress.frames, step.span.stop + context)
        if until > now.made:
            spans.append((step, max(0, now.made - reach), min(now.frames, until + reach), until))
    if not spans:
        return
    rows = [step.progress.inner[0, left:right] for step, left, right, _ in spans]
    who = people([step.voice for step, *_ in spans])
    made = acoustic.decoder(pad_sequence(rows, batch_first=True), who, _mask(rows))
    for row, (step, left, _, until) in enumerate(spans):
        fill(step.progress, made[row, step.progress.made - left : until - left], until)


def _spectra(voc: Vocoder, steps: Sequence[Step], context: int) -> Tensor:
    """Spectra of the pieces, complex (B, C, F); what lies behind a row's end is not silence yet."""
    heard, inside = [], []
    for step in steps:
        now, span = step.progress, step.span
        left, right = max(0, span.start - context), min(now.frames, span.stop + context)
        pitch = torch.log(now.f0[left + source.PAD : right + source.PAD, None] / PITCH_UNIT_HZ)
        heard.append(torch.cat([now.mel[left:right] * 0.2 + 1.0, pitch, now.voiced[left:right, None]], -1))
        inside.append(slice(span.start - left, span.stop - left))
    filters = _filters(voc, heard)
    mel = _padded(step.progress.mel[step.span] for step in steps)
    around = [slice(step.span.start, step.span.stop + 2 * source.PAD) for step in steps]
    f0 = _padded((step.progress.f0[part] for step, part in zip(steps, around, strict=True)), PITCH_UNIT_HZ)
    turns = _padded(step.progress.turns[part] % 1.0 for step, part in zip(steps, around, strict=True))
    noise = [
        source.noise(step.progress.noise_start + step.span.start, mel.shape[1], mel.device) for step in steps
    ]
    chosen = _padded(filters[row, part] for row, part in enumerate(inside))
    raw = voc.spectrum(mel, chosen, source.pulses(f0, turns), torch.stack(noise))
    return _padded(iter(_consistent(voc, steps, mel, raw)))


def _consistent(voc: Vocoder, steps: Sequence[Step], mel: Tensor, raw: Tensor) -> list[Tensor]:
    """The frames of each piece after `Vocoder.consistent`, (C, F) each.

    It hears where a sentence ends, so only rows of one length go through it together; most are.
    """
    alike: dict[int, list[int]] = {}
    for row, step in enumerate(steps):
        alike.setdefault(step.span.stop - step.span.start, []).append(row)
    found: dict[int, Tensor] = {}
    for length, rows in alike.items():
        made = voc.consistent(mel[rows, :length], raw[rows, :length])
        for number, row in enumerate(rows):
            step = steps[row]
            found[row] = made[number, step.progress.sent - step.span.start : step.last - step.span.start]
    return [found[row] for row in range(len(steps))]


def _filters(voc: Vocoder, heard: list[Tensor]) -> Tensor:
    """`Vocoder.filters` for rows of unlike length: (B, L, 3 F)."""
    mask = _mask(heard)
    x = voc.embed(pad_sequence(heard, batch_first=True).transpose(1, 2)).transpose(1, 2)
    x = voc.first(x)
    for stage in voc.stages:
        x = stage(x, mask)
    out: Tensor = voc.head(voc.last(x))
    return out.float()


def _gains(steps: Sequence[Step], spectrum: Tensor) -> tuple[Tensor, dict[int, Exception]]:
    """The marks, (B, C, F); zero behind a row's end, and where a gain field failed."""
    gains, wrong = torch.zeros(spectrum.shape, dtype=torch.float32), dict[int, Exception]()
    for row, step in enumerate(steps):
        frames = step.last - step.progress.sent
        try:
            gains[row, :frames] = torch.from_numpy(step.gain(step.progress.sent, frames))
        except Exception as error:  # noqa: BLE001  # whatever a caller's function raises is its own row's end
            wrong[row] = error
    return gains.to(spectrum.device), wrong


def _padded(rows: Iterator[Tensor], value: float = 0.0) -> Tensor:
    return pad_sequence(list(rows), batch_first=True, padding_value=value)


def _mask(rows: Sequence[Tensor]) -> Tensor:
    """1 on a row's own frames: (B, L, 1)."""
    lengths = torch.tensor([len(row) for row in rows], device=rows[0].device)
    clock = torch.arange(int(lengths.max()), device=rows[0].device)
    return (clock[None] < lengths[:, None]).unsqueeze(-1).to(rows[0].dtype)
