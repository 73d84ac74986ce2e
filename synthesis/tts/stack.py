"""Many voices side by side: one row each in tensors that lie ready, so that any mix of them is one selection.

For speaking a batch (`batch`). A row is taken when a voice first speaks, kept while the voice lives or until others
need the room, and overwritten with zeros when it is given up: a voice that was dropped is not in memory any more.
It opens no voice and keeps none alive.

Shapes: S rows of the stack, B voices of a batch; the others as in `adapter`.
"""

from __future__ import annotations

import threading
import weakref
from collections import OrderedDict
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from synthesis.tts import adapter
from synthesis.tts.acoustic import Person
from synthesis.tts.config import AcousticConfig
from synthesis.tts.voice import Voice

MOST_BYTES = 400 * 1024 * 1024  # a thousand voices of size S and half as many again
_GROW = 64  # rows
_EXACT = ("voice", "who")  # kept in single precision; adapters come from half-precision files


class VoiceStack:
    """See the module. Safe to use from several threads.

    Args:
        config: of the base that the voices belong to.
        most_bytes: room for rows; never less than one batch needs.
    """

    def __init__(self, config: AcousticConfig, device: str = "cpu", most_bytes: int = MOST_BYTES) -> None:
        self._config, self._device = config, device
        self._shapes = adapter.shapes(config)
        self._lock = threading.RLock()
        self._rows: OrderedDict[int, int] = OrderedDict()  # id of a living voice -> its row, the longest unused first
        self._free: list[int] = []
        self._tensors = {name: self._blank(name, 0) for name in self._shapes}
        self.row_bytes = sum(self._blank(name, 1).nbytes for name in self._shapes)
        self._most = max(_GROW, most_bytes // self.row_bytes)

    @property
    def nbytes(self) -> int:
        """Bytes that the rows take."""
        return sum(value.nbytes for value in self._tensors.values())

    def __len__(self) -> int:
        return len(self._rows)

    def person(self, voices: Sequence[Voice]) -> Person:
        """Who speaks in each row of a batch, B at most 64."""
        with self._lock:
            if not any(voice.adapter for voice in voices):
                vectors = [torch.from_numpy(np.asarray(voice.vector, np.float32)) for voice in voices]
                return Person(torch.stack(vectors).to(self._device))
            rows = [self._row(voice, keep={id(one) for one in voices}) for voice in voices]
            chosen = torch.tensor(rows, device=self._device)
            side = {name: value.index_select(0, chosen).float() for name, value in self._tensors.items()}
        return adapter.side_by_side(self._config, side)

    def drop(self, identity: int) -> None:
        """Overwrite the row of a voice that is no more."""
        with self._lock:
            row = self._rows.pop(identity, None)
            if row is not None:
                self._wipe(row)

    def _row(self, voice: Voice, keep: set[int]) -> int:
        found = self._rows.get(id(voice))
        if found is not None:
            self._rows.move_to_end(id(voice))
            return found
        row = self._room(keep)
        for name, value in self._values(voice).items():
            self._tensors[name][row] = value
        self._rows[id(voice)] = row
        weakref.finalize(voice, _forget, weakref.ref(self), id(voice))
        return row

    def _values(self, voice: Voice) -> dict[str, Tensor]:
        """The tensors of one row; an adapter brings its own tuned vector, and one of lower rank leaves zeros."""
        if voice.adapter is None:
            return {"voice": torch.from_numpy(np.asarray(voice.vector, np.float32))}
        return {name: adapter.fit(voice.adapter.tensors[name], shape) for name, shape in self._shapes.items()}

    def _room(self, keep: set[int]) -> int:
        if not self._free and len(self._rows) < self._most:
            self._grow()
        if not self._free:
            oldest = next(identity for identity in self._rows if identity not in keep)
            self.drop(oldest)
        return self._free.pop()

    def _grow(self) -> None:
        have = len(self._rows)
        rows = min(_GROW, self._most - have)
        for name, value in self._tensors.items():
            self._tensors[name] = torch.cat([value, self._blank(name, rows)])
            value.zero_()
        self._free += range(have + rows - 1, have - 1, -1)

    def _wipe(self, row: int) -> None:
        for value in self._tensors.values():
            value[row] = 0
        self._free.append(row)

    def _blank(self, name: str, rows: int) -> Tensor:
        precision = torch.float32 if name in _EXACT else torch.float16
        return torch.zeros((rows, *self._shapes[name]), dtype=precision, device=self._device)


def _forget(stack: weakref.ref[VoiceStack], identity: int) -> None:
    living = stack()
    if living is not None:
        living.drop(identity)

