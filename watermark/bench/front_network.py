"""Trains the network behind the detector's filter (`codec/network.py`), on one core in an hour.

    python -m watermark.bench.front_network CACHE OUT.npz [--minutes 30]

It learns to say how likely a sign is positive (cross-entropy), from pieces that `front_data` has made. It starts as
the filter alone: what it adds is zero at first. It never sees a key, only signs that were drawn for each piece anew.

Shapes: N cuts, D planes, L frames, B bands, K symbol times.
"""

import argparse
import sys
import time
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from watermark.bench.front_data import Piece, read
from watermark.codec.evidence import planes
from watermark.codec.network import PLANES, SPANS, Weights, weights_from
from watermark.codec.pattern import NARROW

WIDTH = 24
LENGTHS = (100, 200, 300, 500)  # frames of 10 ms
QUIET_LEVEL = 0.06  # pieces that say less than this per symbol are not weighed up any further

Floats = npt.NDArray[np.float32]


class Network(nn.Module):
    """The same as `codec.network.listened`, to be trained: returns log odds instead of their hyperbolic tangent."""

    def __init__(self, width: int = WIDTH) -> None:
        super().__init__()
        widths = (PLANES, *[width] * len(SPANS))
        self.layers = nn.ModuleList(
            nn.Conv2d(widths[n], widths[n + 1], (taps, 3), padding=(far * (taps // 2), 1), dilation=(far, 1))
            for n, (far, taps) in enumerate(SPANS)
        )
        self.last = nn.Conv2d(width, 2, 1)
        nn.init.zeros_(self.last.weight)
        self.last.bias = nn.Parameter(torch.tensor([-1.0, 0.0]))

    def forward(self, shown: Tensor) -> Tensor:
        """Log odds (N, L, B) from planes (N, D, L, B), the first of which is the filter's evidence."""
        hidden = shown
        for layer in self.layers:
            hidden = torch.relu(layer(hidden))
        scale, correction = self.last(hidden).unbind(1)
        return shown[:, 0] * torch.exp(scale) + correction

    def as_arrays(self) -> dict[str, Floats]:
        """What `network.weights_from` reads."""
        held = {name: value.detach().numpy().astype(np.float32) for name, value in self.state_dict().items()}
        made = {"last": held["last.weight"][:, :, 0, 0], "last_offset": held["last.bias"]}
        for number in range(len(SPANS)):
            made[f"kernel{number}"] = held[f"layers.{number}.weight"]
            made[f"offset{number}"] = held[f"layers.{number}.bias"]
        return made

    def take(self, weights: Weights) -> None:
        """Go on from weights that were written before."""
        held = {"last.weight": weights.last[:, :, None, None], "last.bias": weights.last_offset}
        for number, (kernel, offset) in enumerate(zip(weights.kernels, weights.offsets, strict=True)):
            held |= {f"layers.{number}.weight": kernel, f"layers.{number}.bias": offset}
        self.load_state_dict({name: torch.from_numpy(value) for name, value in held.items()})


def cut(piece: Piece, first: int, length: int) -> tuple[Floats, npt.NDArray[np.int8], npt.NDArray[np.float64]]:
    """Planes (D, L, B) of some frames, and the signs (K, B) that lie inside with the frame of each (K,)."""
    shown, _ = planes(np.exp(piece.energies[first : first + length].astype(np.float32)))
    at = np.asarray(piece.first + piece.step * np.arange(len(piece.signs)) - first, np.float64)
    inside = (at >= 0) & (at < length - 1)
    return shown, piece.signs[inside], at[inside]


def at_symbols(values: Tensor, at: Tensor) -> Tensor:
    """Values (L, B) between frames: (K, B), as `Evidence.at` takes them."""
    whole = at.floor().long()
    part = (at - whole).float()[:, None]
    return (1 - part) * values[whole] + part * values[whole + 1]


def score(values: Tensor, signs: Tensor) -> float:
    """Evidence of all symbols per square root of their number, which grows as T per square root of the seconds."""
    return float((values * signs).sum() / (values.square().sum().sqrt() * len(signs) ** 0.5 + 1e-9))


def weight_of(piece: Piece) -> float:
    """Pieces through coarse channels say little, and would be outvoted: they count for more."""
    shown, signs, at = cut(piece, 0, len(piece.energies))
    heard = at_symbols(torch.from_numpy(shown[0]), torch.from_numpy(at))[:, :NARROW]
    clear = float((heard * torch.from_numpy(signs[:, :NARROW])).mean() / heard.square().mean().sqrt())
    return 0.3 / max(clear, QUIET_LEVEL)


def judge(network: Network, pieces: Sequence[Piece], length: int = 300) -> dict[str, tuple[float, float]]:
    """By channel: how well the filter alone does, and how well the network does, on cuts of 3 s."""
    found: dict[str, list[tuple[float, float]]] = defaultdict(list)
    with torch.no_grad():
        for piece in pieces:
            for first in range(100, len(piece.energies) - length, 4 * length):
                shown, signs, at = cut(piece, first, length)
                planes_, wanted, where = torch.from_numpy(shown), torch.from_numpy(signs), torch.from_numpy(at)
                heard = torch.tanh(0.5 * network(planes_[None])[0])
                sides = (at_symbols(values, where)[:, :NARROW] for values in (planes_[0], heard))
                before, after = (score(side, wanted[:, :NARROW]) for side in sides)
                found[piece.channel].append((before, after))
    return {name: tuple(np.mean(rows, axis=0)) for name, rows in found.items()}


class Training:
    """Steps on random cuts until the time is used up."""

    def __init__(self, network: Network, asked: argparse.Namespace) -> None:
        self.network, self._asked = network, asked
        self._pieces: list[Piece] = []
        self._weights: list[float] = []
        self._rng = np.random.default_rng(asked.seed)
        self._begun_s, self._begun_wall_s = time.process_time(), time.monotonic()
        self._optimiser = torch.optim.AdamW(network.parameters(), lr=asked.rate, weight_decay=1e-4)
        self.steps = 0

    @property
    def done(self) -> float:
        """Share of the time that is used, of the processor or of the clock."""
        used_s, passed_s = time.process_time() - self._begun_s, time.monotonic() - self._begun_wall_s
        return max(used_s / self._asked.minutes, passed_s / self._asked.wall) / 60

    def take(self, pieces: Sequence[Piece]) -> None:
        """More pieces to learn from."""
        self._pieces += pieces
        self._weights += [weight_of(piece) for piece in pieces]

    def step(self) -> float:
        """One step on a batch: the loss."""
        for group in self._optimiser.param_groups:
            falling = max(0.5 + 0.5 * np.cos(np.pi * self.done), 0.01)
            group["lr"] = self._asked.rate * min(1.0, (self.steps + 1) / 100) * falling
        length = int(self._rng.choice(LENGTHS))
        count = max(self._asked.frames // length, 2)
        chosen = self._rng.integers(len(self._pieces), size=count)
        cuts = [self._cut(self._pieces[index], length) for index in chosen]
        odds = self.network(torch.from_numpy(np.stack([shown for shown, _, _ in cuts])))
        loss = torch.zeros(())
        for row, index, (_, signs, at) in zip(odds, chosen, cuts, strict=True):
            heard = at_symbols(row, torch.from_numpy(at))
            each = nn.functional.softplus(-heard * torch.from_numpy(signs).float())
            loss = loss + self._weights[index] * each.mean() / count
        self._optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(self.network.parameters(), 1.0)
        self._optimiser.step()
        self.steps += 1
        return float(loss.detach())

    def _cut(self, piece: Piece, length: int) -> tuple[Floats, npt.NDArray[np.int8], npt.NDArray[np.float64]]:
        return cut(piece, int(self._rng.integers(len(piece.energies) - length)), length)


class Cache:
    """The pieces of a folder, each read once."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._read = folder, set[Path]()

    @property
    def count(self) -> int:
        """How many were read."""
        return len(self._read)

    def newer(self, kind: str) -> list[Piece]:
        """Those that came since, but for the folder that is being written."""
        hosts = sorted(self._folder.glob("*-*"), key=lambda host: host.name[-3:])[:-1]
        files = [file for host in hosts if host.name.startswith(kind) for file in sorted(host.glob("*.npz"))]
        fresh = [file for file in files if file not in self._read]
        self._read |= set(fresh)
        return [read(file) for file in fresh]


def report(network: Network, pieces: Sequence[Piece]) -> str:
    """One line of ratios, channel by channel."""
    found = judge(network, pieces)
    ratios = {name: after / before for name, (before, after) in found.items()}
    shown = ", ".join(f"{name} {ratio:.3f}" for name, ratio in ratios.items())
    return f"mean {np.mean(list(ratios.values())):.3f}: {shown}"


def main(arguments: Sequence[str] | None = None) -> int:
    """Train and write the weights."""
    parser = argparse.ArgumentParser(prog="python -m watermark.bench.front_network", description=__doc__)
    parser.add_argument("cache", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--minutes", type=float, default=30.0, help="of processor time")
    parser.add_argument("--wall", type=float, default=600.0, help="minutes after which it ends in any case")
    parser.add_argument("--rate", type=float, default=2.5e-3, help="of learning, falling to nothing")
    parser.add_argument("--frames", type=int, default=1000, help="in one step, in cuts of one length")
    parser.add_argument("--start", type=Path, help="weights to go on from")
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args(arguments)
    torch.set_num_threads(1)
    torch.manual_seed(asked.seed)
    network = Network()
    if asked.start:
        network.take(weights_from(asked.start.read_bytes()))
    training, cache = Training(network, asked), Cache(asked.cache)
    losses, held, told = list[float](), list[Piece](), 0.0
    while training.done < 1.0:
        if training.done >= told:
            training.take(cache.newer("learn"))  # it may still be filling
            held += cache.newer("judge")
            used = f"{time.process_time():.0f} s of processor, {cache.count} pieces"
            tell(f"{training.steps} steps, {training.done:.0%}, {used}, loss {np.mean(losses[-300:] or [0.0]):.4f}")
            tell(report(training.network, held))
            np.savez(asked.out, allow_pickle=False, **training.network.as_arrays())
            told += 0.2
        losses.append(training.step())
    tell(f"{training.steps} steps: {report(training.network, held)}")
    np.savez(asked.out, allow_pickle=False, **training.network.as_arrays())
    return 0


def tell(text: str) -> None:
    """One line of the log."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
