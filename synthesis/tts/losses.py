"""What a training is told it has got wrong: frames, voicing and tune of takes, and how pitch and loudness move.

Shapes: P people of a batch, L frames, N units, D width, M mel bands.
"""

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional
from torch.nn.utils.rnn import pad_sequence

from synthesis.tts import adapter, precision
from synthesis.tts.acoustic import Acoustic, Person, Prosody
from synthesis.tts.features import MELS
from synthesis.tts.takes import Heard
from synthesis.tts.voice import BaseVoice


def row_losses(base: BaseVoice, tensors: Sequence[dict[str, Tensor]], rows: Sequence[Heard]) -> list[Tensor]:
    """Frame and prosody losses of one row for each person."""
    whole, made, said = together(base, tensors, rows)
    return [_loss(Heard(*(getattr(whole, name)[row] for name in Heard.__dataclass_fields__)), made[row],
                  [one[row] for one in said]) for row in range(len(rows))]  # fmt: skip


def together(
    base: BaseVoice, tensors: Sequence[dict[str, Tensor]], rows: Sequence[Heard]
) -> tuple[Heard, Tensor, Sequence[Tensor]]:
    """Rows as one batch (P, ...), and what is `spoken` of it, each in its own voice."""
    side = {name: pad_sequence([getattr(row, name) for row in rows], batch_first=True)
            for name in Heard.__dataclass_fields__}  # fmt: skip
    whole = Heard(**{name: value.to(base.device) for name, value in side.items()})
    person = adapter.person(base.config.acoustic, [own["voice"] for own in tensors], list(tensors))
    with precision.quick(base.device):
        made, said = spoken(base.acoustic, whole, person)
    return whole, made, said


def spoken(acoustic: Acoustic, row: Heard, person: Person) -> tuple[Tensor, Sequence[Tensor]]:
    """As `Acoustic.forward`: frames (P, L, M + 2) under the recorded prosody, and what was guessed of it (P, N)."""
    x = units_of(acoustic, row.read, row.said, person)
    prosody = Prosody(row.durations, row.pitch, row.energy)
    spread = acoustic.frames(x, prosody, row.mel.shape[1])
    if torch.is_autocast_enabled(x.device.type):
        spread = spread.to(torch.get_autocast_dtype(x.device.type))
    made = acoustic.decoder(spread, person, row.frames.unsqueeze(-1).to(spread.dtype))
    return made, acoustic.guess(x, row.said, person)


def units_of(acoustic: Acoustic, read: Tensor, said: Tensor, person: Person) -> Tensor:
    """What the encoder says of units (P, N, D), and who says them; nothing in the gaps between takes."""
    who: Tensor = acoustic.speaker(person.vector)
    return (read + (who if person.who is None else who + person.who).unsqueeze(1)) * said.unsqueeze(-1)


def _loss(row: Heard, made: Tensor, said: Sequence[Tensor]) -> Tensor:
    """Of one person: row without its first axis, made (L, M + 2), said three of (N,)."""
    keep = row.bands * row.frames.unsqueeze(-1)
    # In that room the voice would sound so: what is quieter than the room is not to be learned, nor is the room.
    there = 0.5 * torch.logaddexp(2 * made[:, :MELS], 2 * row.floor)
    far = ((there - row.mel).abs() * keep).sum() / keep.sum()
    sung = row.voiced * row.frames
    tune = ((made[:, MELS] - row.f0).abs() * sung).sum() / sung.sum().clamp(min=1)
    breath = functional.binary_cross_entropy_with_logits(made[:, MELS + 1], row.voiced, reduction="none")
    # Not how long each sound lasts: what is learned of that in minutes made voices less like the person, and harder to
    # understand. The pace is measured at the end.
    prosody = [((guess.float() - aim).square() * row.said).sum() / row.said.sum()
               for guess, aim in zip(said[1:], (row.pitch, row.energy), strict=True)]  # fmt: skip
    return far + tune + 0.2 * (breath * row.frames).sum() / row.frames.sum() + 0.3 * torch.stack(prosody).sum()

