"""One training run: the loop that every part of the model shares.

For learning rate, gradient clipping, bf16, averaging (EMA), checkpoints that a killed run goes
on from, a log with ETA and a curve. It knows no model: a part hands in its network and a
function from a step number to a loss.

Files in its folder: last.pt (everything needed to go on; replaced in one move), log.csv, curve.png and,
where the plan says what to look at, metrics.csv and seen-STEP.png every ten minutes.

Shapes: L frames, M mel bands.
"""

import csv
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image, ImageDraw
from torch import Tensor, nn

from synthesis.training.peers import ALONE, Peers

Losses = dict[str, Tensor]  # the entry "loss" is what is made small
WARMUP_STEPS = 150
SAVE_EVERY_S = 120.0
LOOK_EVERY_S = 600.0
LONGEST_STEP_S = 20.0  # who is stopped for a while, to leave the machine to others, does not lose those minutes
LOG_EVERY = 20
EMA = 0.998


@dataclass(frozen=True)
class Seen:
    """What averaged weights do on something held out: numbers, and log-mel (L, M) recorded and made."""

    metrics: dict[str, float]
    recorded: NDArray[np.float32]
    made: NDArray[np.float32]


@dataclass(frozen=True)
class Plan:
    """How long and how fast. The rate falls along a cosine over the last `cool` of the minutes.

    `look` is handed the averaged weights every ten minutes and at the end.
    """

    minutes: float
    rate: float
    device: str = "cpu"
    cool: float = 0.4
    clip: float = 1.0
    betas: tuple[float, float] = (0.9, 0.98)
    look: Callable[[dict[str, Tensor]], Seen] | None = None


class Run:
    """State of one run. `average` is the network to ship."""

    def __init__(self, net: nn.Module, folder: Path, plan: Plan, peers: Peers = ALONE) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.net, self.folder, self.plan, self.peers = net.to(plan.device), folder, plan, peers
        self.average = {name: value.detach().clone() for name, value in net.state_dict().items()}
        self.optimiser = torch.optim.AdamW(
            [value for value in net.parameters() if value.requires_grad], plan.rate, plan.betas, weight_decay=0.01
        )
        self.steps, self.trained_s = 0, 0.0
        self._resume()

    def train(self, loss_of: Callable[[int], Losses], also: "Run | None" = None) -> None:
        """Take steps until the minutes of the plan are over; saves as it goes and at the end.

        `also` is a run that `loss_of` takes steps of, an adversary's: it is saved at the same moments.
        Each of several workers is given its own step numbers, so that they see different data.
        """
        spent = saved = looked = 0.0
        first = self.steps
        seen: list[dict[str, float]] = []
        over = False
        while not over:
            began = time.monotonic()
            self.set_rate(self._rate(min(1.0, spent / (self.plan.minutes * 60)), self.steps - first))
            seen.append(self.step(loss_of))
            over = self.peers.meet(self.net, self.steps, spent > self.plan.minutes * 60)
            spent += min(LONGEST_STEP_S, time.monotonic() - began)
            if self.peers.rank:
                continue
            if self.steps % LOG_EVERY == 0:
                self._log(seen, spent, spent / (self.steps - first))
                seen = []
            if spent - saved > SAVE_EVERY_S:
                saved = spent
                self.save(self.trained_s + spent)
                also.save() if also else None
            if spent - looked > LOOK_EVERY_S:
                looked = spent
                self._look(self.trained_s + spent)
        self.trained_s += spent
        if not self.peers.rank:
            self.save(self.trained_s)
            also.save() if also else None
            self._look(self.trained_s)

    def step(self, loss_of: Callable[[int], Losses]) -> dict[str, float]:
        """One step; returns the losses."""
        losses = loss_of(self.steps * self.peers.count + self.peers.rank)
        self.optimiser.zero_grad(set_to_none=True)
        losses["loss"].backward()
        norm = nn.utils.clip_grad_norm_(self.net.parameters(), self.plan.clip)
        if math.isfinite(float(norm)):  # one bad batch must not end a run
            self.optimiser.step()
        self.steps += 1
        keep = min(EMA, (1 + self.steps) / (10 + self.steps))
        with torch.no_grad():
            for name, value in self.net.state_dict().items():
                self.average[name].lerp_(value, 1 - keep) if value.is_floating_point() else None
        return {name: float(value.detach()) for name, value in losses.items()}

    def _rate(self, part: float, step: int) -> float:
        falling = max(0.0, (part - 1 + self.plan.cool) / self.plan.cool)
        cooled = 0.05 + 0.95 * (0.5 + 0.5 * math.cos(math.pi * falling))
        return self.plan.rate * min(1.0, (step + 1) / WARMUP_STEPS) * cooled

    def set_rate(self, rate: float) -> None:
        """Learn at `rate` from the next step on."""
        for group in self.optimiser.param_groups:
            group["lr"] = rate

    def _resume(self) -> None:
        last = self.folder / "last.pt"
        if not last.exists():
            return
        state = torch.load(last, map_location=self.plan.device, weights_only=True)
        self.net.load_state_dict(state["net"])
        self.average = state["average"]
        self.optimiser.load_state_dict(state["optimiser"])
        self.steps, self.trained_s = state["steps"], state["trained_s"]

    def save(self, trained_s: float = 0.0) -> None:
        """Write last.pt: everything needed to go on."""
        state = {
            "net": self.net.state_dict(), "average": self.average, "optimiser": self.optimiser.state_dict(),
            "steps": self.steps, "trained_s": trained_s,
        }
        torch.save(state, self.folder / "next.pt")
        (self.folder / "next.pt").replace(self.folder / "last.pt")  # a kill leaves the old one whole

    def _look(self, trained_s: float) -> None:
        if self.plan.look is None:
            return
        seen = self.plan.look(self.average)
        _row(self.folder / "metrics.csv", {"step": self.steps, "trained_s": round(trained_s), **seen.metrics})
        draw_mels(seen, self.folder / f"seen-{self.steps:06d}.png")
        print("held out: " + "  ".join(f"{name} {value:.4f}" for name, value in seen.metrics.items()), flush=True)

    def _log(self, seen: list[dict[str, float]], spent: float, step_s: float) -> None:
        means = {name: sum(row[name] for row in seen) / len(seen) for name in seen[0]}
        path = self.folder / "log.csv"
        _row(path, {"step": self.steps, "trained_s": round(self.trained_s + spent), **means})
        left = max(0.0, self.plan.minutes - spent / 60)
        said = "  ".join(f"{name} {value:.4f}" for name, value in means.items())
        print(f"step {self.steps}  {step_s:.2f} s/step  {left:.1f} min left  {said}", flush=True)
        if self.steps % (10 * LOG_EVERY) == 0:
            draw_curve(path, self.folder / "curve.png")


def _row(path: Path, values: dict[str, float]) -> None:
    """Add a row to a CSV file, the names first where it is new."""
    is_new = not path.exists()
    with path.open("a", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        if is_new:
            writer.writerow(values)
        writer.writerow([round(value, 5) for value in values.values()])


def draw_mels(seen: Seen, picture: Path) -> None:
    """Two spectrograms, low bands at the bottom: as recorded, and below it as made."""
    shades = [np.clip((mel.T[::-1] + 9) / 11, 0, 1) * 255 for mel in (seen.recorded, seen.made)]
    gap = np.full((8, shades[0].shape[1]), 255.0)
    image = Image.fromarray(np.vstack([shades[0], gap, shades[1]]).astype(np.uint8))
    image.resize((2 * image.width, 2 * image.height)).save(picture)


def draw_curve(log: Path, picture: Path) -> None:
    """Draw the loss column of a log.csv over its steps."""
    with log.open(encoding="utf-8", newline="") as file:
        values = [float(row["loss"]) for row in csv.DictReader(file)]
    image = Image.new("RGB", (800, 300), "white")
    low, high = min(values), sorted(values)[int(len(values) * 0.98)] + 1e-6
    points = [
        (10 + 780 * i / max(1, len(values) - 1), 285 - 270 * min(1.0, (v - low) / (high - low)))
        for i, v in enumerate(values)
    ]
    pen = ImageDraw.Draw(image)
    if len(points) > 1:
        pen.line(points, fill="navy", width=2)
    pen.text((14, 8), f"loss {values[0]:.3f} -> {values[-1]:.3f} (lowest {low:.3f})", fill="black")
    image.save(picture)
