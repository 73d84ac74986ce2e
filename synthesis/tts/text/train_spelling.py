"""Train the spelling network from the dictionary: about twenty minutes on one core.

    python -m synthesis.tts.text.train_spelling [--epochs 24]

Writes `data/spelling.npz` (half precision) and `data/spelling.json` (classes, sizes and the error
rates on the words kept apart, as the half-precision numpy network makes them).

Shapes: B words, N letters, D width, K classes.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
import zlib
from collections import Counter

import numpy as np
import torch
from torch import nn

from synthesis.tts.text import dictionary, spelling

WIDTH, LAYERS, TAPS, RAREST = 120, 5, 5, 4
KEPT_APART = 20  # one word in so many


class Net(nn.Module):
    """The network of `spelling.Network`, for training."""

    def __init__(self, classes: int) -> None:
        super().__init__()
        self.embedding = nn.Embedding(len(spelling.LETTERS), WIDTH)
        self.layers = nn.ModuleList(nn.Linear(TAPS * WIDTH, WIDTH) for _ in range(LAYERS))
        self.out = nn.Linear(WIDTH, classes)
        self.drop = nn.Dropout(0.1)

    def forward(self, letters: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """Class scores (B, N, K) of padded words; `mask` (B, N, 1) is 0 on padding."""
        hidden = self.embedding(letters) * mask
        for layer in self.layers:
            padded = nn.functional.pad(hidden, (0, 0, TAPS // 2, TAPS // 2))
            windows = torch.cat([padded[:, shift : shift + hidden.shape[1]] for shift in range(TAPS)], dim=2)
            hidden = hidden + self.drop(torch.relu(layer(windows))) * mask
        scores: torch.Tensor = self.out(hidden)
        return scores


def is_kept_apart(word: str) -> bool:
    """True for the words that measure; decided by the word alone, "dogs" with "dog"."""
    stem = word.removesuffix("'s").removesuffix("s")
    return zlib.crc32(stem.encode()) % KEPT_APART == 0


def batches(words: list[str], entries: dict[str, list[str]], classes: dict[str, int], size: int, seed: int):  # type: ignore[no-untyped-def]  # a generator of torch tuples, used twice here
    """Batches of words of like length: letters, mask, targets (-100 on padding)."""
    rng = np.random.default_rng(seed)
    order = sorted(words, key=lambda word: len(word) + rng.random())
    groups = [order[start : start + size] for start in range(0, len(order), size)]
    rng.shuffle(groups)
    for group in groups:
        longest = max(map(len, group)) + 2
        letters = np.zeros((len(group), longest), np.int64)
        mask = np.zeros((len(group), longest, 1), np.float32)
        targets = np.full((len(group), longest), -100, np.int64)
        for row, word in enumerate(group):
            letters[row, 1 : len(word) + 1] = [spelling.LETTERS.index(letter) for letter in word]
            mask[row, : len(word) + 2] = 1
            targets[row, 1 : len(word) + 1] = [classes.get(piece, -100) for piece in entries[word]]
        yield torch.from_numpy(letters), torch.from_numpy(mask), torch.from_numpy(targets)


def train(entries: dict[str, list[str]], epochs: int) -> tuple[Net, list[str]]:
    """Fit on all words but those kept apart; prints one line per epoch."""
    torch.manual_seed(0)
    words = [word for word in entries if not is_kept_apart(word)]
    counts = Counter(piece for word in words for piece in entries[word])
    names = sorted(piece for piece, seen in counts.items() if seen >= RAREST)
    net, classes = Net(len(names)), {name: place for place, name in enumerate(names)}
    steps = epochs * (len(words) // 256 + 1)
    adam = torch.optim.AdamW(net.parameters(), lr=2e-3, weight_decay=1e-2)
    pace = torch.optim.lr_scheduler.OneCycleLR(adam, 2e-3, total_steps=steps, pct_start=0.1)
    started = time.monotonic()
    for epoch in range(epochs):
        total = seen = 0.0
        for letters, mask, targets in batches(words, entries, classes, 256, epoch):
            scores = net(letters, mask).flatten(0, 1)
            loss = nn.functional.cross_entropy(scores, targets.flatten(), label_smoothing=0.02)
            adam.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(net.parameters(), 1.0)
            adam.step()
            pace.step()
            total, seen = total + loss.item(), seen + 1
        sys.stdout.write(f"epoch {epoch + 1}/{epochs} loss {total / seen:.4f} {time.monotonic() - started:.0f} s\n")
        sys.stdout.flush()
    return net.eval(), names


def save(net: Net, names: list[str]) -> None:
    """Write weights in half precision, and the facts that reading them needs."""
    arrays = {"embedding": net.embedding.weight, "out": net.out.weight.T, "out_bias": net.out.bias}
    for number, layer in enumerate(net.layers):
        assert isinstance(layer, nn.Linear)  # noqa: S101 - narrows a ModuleList for mypy
        arrays |= {f"kernel{number}": layer.weight.T, f"bias{number}": layer.bias}
    halves = {name: tensor.detach().numpy().astype(np.float16) for name, tensor in arrays.items()}
    np.savez_compressed(spelling.WEIGHTS, allow_pickle=False, **halves)
    _write_facts({"layers": LAYERS, "classes": names})


def _write_facts(facts: dict[str, object]) -> None:
    spelling.FACTS.write_text(json.dumps(facts, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def measure(entries: dict[str, list[str]]) -> dict[str, float]:
    """Error rates of the saved network on the words kept apart, stress counted and not."""
    words = [word for word in entries if is_kept_apart(word)]
    wrong = phones = errors = bare_errors = bare = 0
    for word in words:
        said, right = spelling.guess(word), "".join(entries[word])
        errors, phones = errors + distance(said, right), phones + len(right)
        said, right = (text.replace("ˈ", "").replace("ˌ", "") for text in (said, right))
        bare_errors, bare, wrong = bare_errors + distance(said, right), bare + len(right), wrong + (said != right)
    return {
        "words": len(words),
        "symbol_error_rate": round(errors / phones, 4),
        "symbol_error_rate_without_stress": round(bare_errors / bare, 4),
        "word_error_rate_without_stress": round(wrong / len(words), 4),
    }


def distance(left: str, right: str) -> int:
    """Insertions, deletions and substitutions between two strings (Levenshtein)."""
    row = list(range(len(right) + 1))
    for number, symbol in enumerate(left, 1):
        before, row[0] = row[0], number
        for place, other in enumerate(right, 1):
            before, row[place] = row[place], min(row[place] + 1, row[place - 1] + 1, before + (symbol != other))
    return row[-1]


def main(arguments: list[str]) -> None:
    """Train, save, measure with the saved weights, and write the figures beside them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--epochs", type=int, default=24)
    epochs = parser.parse_args(arguments).epochs
    entries = dictionary.entries()
    net, names = train(entries, epochs)
    save(net, names)
    spelling.network.cache_clear()
    figures = measure(entries)
    _write_facts({"layers": LAYERS, "classes": names, "kept_apart": figures})
    sys.stdout.write(f"{figures}\n")


if __name__ == "__main__":
    main(sys.argv[1:])
