"""One sentence, made piece by piece: exactly the samples the whole would have.

Everything that one piece hands to the next stands in `Progress`, which the caller holds; the
networks keep nothing. A piece is made from its frames and the context that decides them, so the
cost of small pieces is that context, made again.

The gain field is asked for every frame exactly once, in order, right before the inverse
transform. Shapes: L frames of the sentence, F bins, T samples.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from synthesis.tts import contrast, source, vocoder
from synthesis.tts.acoustic import PITCH_UNIT_HZ, Acoustic, Person
from synthesis.tts.features import FFT, HOP, MELS
from synthesis.tts.vocoder import Vocoder

Gain = Callable[[int, int], NDArray[np.float32]]  # (first frame, frames) -> (frames, F)
LOWEST_HZ, HIGHEST_HZ = 50.0, 600.0
_HELD = FFT - HOP  # samples at the end of a piece that the next one still adds to


@dataclass
class Progress:
    """A sentence under way.

    inner (1, L, D) is the decoder's whole input; made is how many frames are decoded, sent how
    many were turned into sound. mel (L, 100), f0 and voiced (L,) fill up to `made`; turns
    (L + 4,) float64 is the pulse phase at every frame with two more on each side, known to
    `made`; held (1, 768) waits for the next piece. louder is added to log-mel; tune (L,), where there is one, is
    log(f0 / 150) of every frame instead of what the decoder makes of it.
    """

    inner: Tensor
    person: Person
    noise_start: int
    louder: float = 0.0
    tune: Tensor | None = None
    made: int = 0
    sent: int = 0
    drop: int = FFT // 2  # samples before the first frame's centre, still to be left out
    mel: Tensor = field(init=False)
    f0: Tensor = field(init=False)
    voiced: Tensor = field(init=False)
    turns: Tensor = field(init=False)
    held: Tensor = field(init=False)

    def __post_init__(self) -> None:
        count, device = self.inner.shape[1], self.inner.device
        self.mel = torch.zeros(count, MELS, device=device)
        self.f0 = torch.full((count + 2 * source.PAD,), PITCH_UNIT_HZ, device=device)
        self.voiced = torch.zeros(count, device=device)
        self.turns = torch.zeros(count + 2 * source.PAD, dtype=torch.float64, device=device)
        self.held = torch.zeros(1, _HELD, device=device)

    @property
    def frames(self) -> int:
        """Frames of the whole sentence."""
        return self.inner.shape[1]


def pieces(
    acoustic: Acoustic, voc: Vocoder, progress: Progress, gain: Gain | None, sizes: Iterator[int]
) -> Iterator[NDArray[np.float32]]:
    """Sound from where `progress` stands to the end, `sizes` frames at a time; (T,) each."""
    while progress.sent < progress.frames:
        yield piece(acoustic, voc, progress, gain, next(sizes))


@torch.no_grad()
def piece(
    acoustic: Acoustic, voc: Vocoder, progress: Progress, gain: Gain | None, count: int
) -> NDArray[np.float32]:
    """The next `count` frames as sound, 512 samples late: the last piece brings them."""
    first, last = progress.sent, min(progress.sent + count, progress.frames)
    context = max(vocoder.reach(voc.config), source.PAD)
    around = vocoder.ROUNDS * vocoder.ROUND_REACH
    left, right = max(0, first - around), min(progress.frames, last + around)
    _decode(acoustic, progress, min(progress.frames, right + context))
    spectrum = voc.consistent(progress.mel[None, left:right], _spectrum(voc, progress, left, right, context))
    spectrum = spectrum[:, first - left : last - left]
    if gain is not None:
        spectrum = spectrum * torch.from_numpy(gain(first, last - first)).to(spectrum.device)
    return finished(progress, vocoder.pieces(spectrum), last)


def _decode(acoustic: Acoustic, progress: Progress, until: int) -> None:
    """Fill mel, pitch, voicing and phase up to frame `until`."""
    start = progress.made
    if until <= start:
        return
    left, right = max(0, start - acoustic.reach()), min(progress.frames, until + acoustic.reach())
    made = acoustic.decoder(progress.inner[:, left:right], progress.person)[0, start - left : until - left]
    fill(progress, made, until)


def fill(progress: Progress, made: Tensor, until: int) -> None:
    """Take over what the decoder made of frames `progress.made` to `until`: (frames, M + 2)."""
    start = progress.made
    high = made[:, MELS] if progress.tune is None else progress.tune[start:until]
    f0 = (PITCH_UNIT_HZ * torch.exp(high)).clamp(LOWEST_HZ, HIGHEST_HZ)
    voiced = torch.sigmoid(made[:, MELS + 1])
    mel = contrast.sharpened(made[:, :MELS])
    progress.mel[start:until] = mel + progress.louder
    progress.f0[start + source.PAD : until + source.PAD] = f0
    if start == 0:
        progress.f0[: source.PAD] = f0[0]
    if until == progress.frames:
        progress.f0[until + source.PAD :] = f0[-1]
    progress.voiced[start:until] = voiced
    _turn(progress, start, until)
    progress.made = until


def _turn(progress: Progress, start: int, until: int) -> None:
    """Carry the pulse phase on; whole and piecewise add the same numbers in the same order."""
    first = start + source.PAD if start else 1
    last = until + source.PAD if until < progress.frames else len(progress.turns)
    steps = source.advance(progress.f0[first - 1 : last])
    steps[0] = steps[0] + progress.turns[first - 1]
    progress.turns[first:last] = torch.cumsum(steps, 0)


def _spectrum(voc: Vocoder, progress: Progress, first: int, last: int, context: int) -> Tensor:
    left, right = max(0, first - context), min(progress.frames, last + context)
    pad = source.PAD
    filters = voc.filters(
        progress.mel[None, left:right], progress.f0[None, left + pad : right + pad], progress.voiced[None, left:right]
    )[:, first - left : last - left]
    around = slice(first, last + 2 * pad)
    pulse = source.pulses(progress.f0[None, around], progress.turns[None, around] % 1.0)
    noise = source.noise(progress.noise_start + first, last - first, progress.mel.device)
    return voc.spectrum(progress.mel[None, first:last], filters, pulse, noise)


def finished(progress: Progress, overlapped: Tensor, last: int) -> NDArray[np.float32]:
    """Join the piece up to frame `last`, (1, T + 768), to what was held back, and hold its own unfinished end."""
    progress.sent = last
    overlapped[:, :_HELD] += progress.held
    done = overlapped.shape[1] - _HELD
    progress.held = overlapped[:, done:].clone()
    end = done + FFT // 2 if progress.sent == progress.frames else done
    start = min(progress.drop, end)
    progress.drop -= start
    return overlapped[0, start:end].clamp(-1, 1).cpu().numpy()
