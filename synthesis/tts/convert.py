"""Speech in, the same words in another voice out: timing and melody are the speaker's, the sound is the voice's.

What is said comes in as phonemes; the aligner finds where each of them lies in the recording. From there on it is
speech like any other: the decoder speaks these units, so long and in these turns, in the voice's register, and no sound
of the recording goes into what comes out. Whether the words are those of the recording is asked elsewhere: the aligner
finds a place for any.

Shapes: N units, L frames, T samples.
"""

from collections.abc import Iterator, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from synthesis.tts import alignment
from synthesis.tts.acoustic import Guess, Prosody
from synthesis.tts.stream import Gain, Progress, pieces
from synthesis.tts.takes import Observed, Take, observe
from synthesis.tts.voice import BaseVoice, Voice, noise_start

_MOST_SHIFT = 1.2  # natural log: from the lowest man to the highest woman
_LEAST_VOICED = 10.0  # frames, of which a register can be told


@torch.no_grad()
def begin(base: BaseVoice, ids: Sequence[int], voice: Voice, samples: NDArray[np.float32], *, seed: int) -> Progress:
    """Listen to a recording and plan the same speech in `voice`; see `stream.piece` for the rest.

    Args:
        ids: phoneme numbers of what is said in the recording.
        samples: the recording, mono (T,) at 24 kHz, any level.

    Raises:
        ValueError: nothing to say, more than can be said in this time, or an adapter made for another base.
    """
    units, who = base.units(ids), base.person([voice])
    heard = observe(base, Take(samples, ids))
    mask = torch.ones(units.shape[:2], dtype=torch.bool, device=base.device)
    read = base.acoustic.read(units, mask, who)
    shift = _shift(base.acoustic.guess(read, mask, who), heard)
    prosody = Prosody(*(one[None].to(base.device) for one in (heard.durations, heard.pitch + shift, heard.energy)))
    inner = base.acoustic.frames(read, prosody, int(heard.durations.sum()))
    return Progress(inner, who, noise_start(seed), tune=(heard.f0 + shift).to(base.device))


def speech(
    base: BaseVoice, progress: Progress, gain: Gain | None, sizes: Iterator[int]
) -> Iterator[NDArray[np.float32]]:
    """The sound of what `begin` planned, in pieces of `sizes` frames; (T,) each."""
    return pieces(base.acoustic, base.vocoder, progress, gain, sizes)


def _shift(own: Guess, heard: Observed) -> float:
    """From the speaker's register to the voice's, in log pitch: where the voice would speak, less where they do."""
    voiced = torch.from_numpy(
        alignment.unit_means(heard.voiced.numpy(), np.ones(len(heard.voiced), np.float32), heard.durations.numpy())
    )
    weight: Tensor = heard.durations * voiced
    if float(weight.sum()) < _LEAST_VOICED:
        return 0.0
    apart = ((own.pitch[0].float().cpu() - heard.pitch) * weight).sum() / weight.sum()
    return float(apart.clamp(-_MOST_SHIFT, _MOST_SHIFT))
