"""The report of a run: a table, spectrograms, and a sheet to listen with.

Shapes: L frames, F bins.
"""

from __future__ import annotations

import html
import json
import random
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import soundfile
from PIL import Image, ImageDraw

from synthesis.bench.listener import ratio_interval
from synthesis.bench.run import Spoken
from synthesis.bench.systems import Prompt

LISTENING_PAIRS = 20
_NAN = float("nan")


def rate(counted: Sequence[tuple[int, int]]) -> float:
    """Word error rate of (errors, words) pairs."""
    return sum(wrong for wrong, _ in counted) / sum(words for _, words in counted) if counted else float("nan")


def table(every: Sequence[Spoken]) -> str:
    """Systems side by side, as Markdown."""
    real = next(spoken for spoken in every if spoken.kind == "ceiling")
    names = ("system", "WER closed", "WER open", "closed / recording (95 %)", "OVRL", "SIG", "BAK", "P.808",
             "similarity", "MCD13 dB", "F0 RMSE Hz")  # fmt: skip
    lines = [f"| {' | '.join(names)} |", "|---" * len(names) + "|"]
    for spoken in every:
        judged = (f"{spoken.dnsmos.get(name, _NAN):.2f}" for name in ("ovrl", "sig", "bak", "p808"))
        far = (f"{spoken.distances.get(name, _NAN):.2f}" for name in ("mcd", "f0_hz"))
        cells = (spoken.name, f"{rate(spoken.closed):.3f}", f"{rate(spoken.opened):.3f}", _ratio(spoken, real), *judged,
                 f"{spoken.similarity:.3f}", *far)  # fmt: skip
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def _ratio(spoken: Spoken, real: Spoken) -> str:
    """Closed word errors over the recordings', with the interval of drawing the prompts again."""
    if spoken is real or not (spoken.closed and real.closed):
        return "1" if spoken is real else "nan"
    return "{:.2f} ({:.2f}-{:.2f})".format(*ratio_interval(spoken.closed, real.closed))


def copies_table(copies: Mapping[str, Mapping[str, float]]) -> str:
    """Copy synthesis of strangers, as Markdown: the middle and the worst."""
    lines = ["| copy synthesis | PESQ-WB | STOI | MCD dB | similarity |", "|---|---|---|---|---|"]
    names = ("pesq", "stoi", "mcd", "similarity")
    values = np.array([[copy[name] for name in names] for copy in copies.values()])
    worst = [values[:, 0].min(), values[:, 1].min(), values[:, 2].max(), values[:, 3].min()]
    for label, row in (("median", np.median(values, axis=0)), ("worst", worst)):
        lines.append(f"| {label} of {len(values)} | " + " | ".join(f"{value:.3f}" for value in row) + " |")
    return "\n".join(lines)


def speed_table(speeds: Mapping[str, Mapping[str, float]]) -> str:
    """One thread each, as Markdown."""
    lines = ["| engine, one thread | RTF (CPU s) | RTF (wall) | first sound, CPU ms | wall ms | memory MB |",
             "|---|---|---|---|---|---|"]  # fmt: skip
    for name, found in speeds.items():
        lines.append(
            f"| {name} | {found['rtf_cpu']:.4f} | {found['rtf_wall']:.4f} | {found['first_ms_cpu']:.0f} "
            f"| {found['first_ms_wall']:.0f} | {found['memory_mb']:.0f} |"
        )
    return "\n".join(lines)


def spectrogram(file: Path, width: int = 700, height: int = 128) -> Image.Image:
    """A 16 kHz file as a picture: time across, 0 to 8 kHz upwards, 80 dB of range."""
    samples, _ = soundfile.read(file, dtype="float32")
    frames = np.lib.stride_tricks.sliding_window_view(np.pad(samples, 256), 512)[::128] * np.hanning(512)
    level = 20 * np.log10(np.abs(np.fft.rfft(frames)) + 1e-6).T[::-1]
    shade = np.clip((level - level.max() + 80) / 80, 0, 1)
    return Image.fromarray(np.uint8(255 * (1 - shade))).resize((width, height))


def spectrograms(every: Sequence[Spoken], prompt: int) -> Image.Image:
    """The same prompt by every system, one below the other."""
    sheet = Image.new("L", (700, 150 * len(every)), 255)
    draw = ImageDraw.Draw(sheet)
    for row, spoken in enumerate(every):
        draw.text((6, 150 * row + 4), spoken.name, fill=0)
        sheet.paste(spectrogram(spoken.files[prompt]), (0, 150 * row + 20))
    return sheet


def listening_sheet(folder: Path, ours: Spoken, other: Spoken, prompts: Sequence[Prompt], seed: int = 0) -> Path:
    """A page with 20 blind pairs of players; which is which is told by a button, not before."""
    rng = random.Random(seed)
    sounds = folder / "listening"
    sounds.mkdir(parents=True, exist_ok=True)
    rows = []
    for number in rng.sample(range(len(prompts)), min(LISTENING_PAIRS, len(prompts))):
        pair = [(ours.name, ours.files[number]), (other.name, other.files[number])]
        rng.shuffle(pair)
        for letter, (_, file) in zip("AB", pair, strict=True):
            shutil.copyfile(file, sounds / f"{number}-{letter}.wav")
        players = "".join(
            f'<td>{letter} <audio controls src="listening/{number}-{letter}.wav"></audio></td>' for letter in "AB"
        )
        key = html.escape(f"A: {pair[0][0]}, B: {pair[1][0]}")
        rows.append(f"<tr><td>{html.escape(prompts[number].text)}</td>{players}"
                    f"<td><details><summary>which</summary>{key}</details></td></tr>")  # fmt: skip
    page = folder / "listening.html"
    page.write_text(
        '<!doctype html><meta charset="utf-8"><title>Listening sheet</title><h1>Which sounds more like a person?</h1>'
        f"<table>{''.join(rows)}</table>\n",
        encoding="utf-8",
    )
    return page


def write(
    folder: Path, every: Sequence[Spoken], prompts: Sequence[Prompt], copies: Mapping[str, Mapping[str, float]],
    speeds: Mapping[str, Mapping[str, float]], others: Sequence[str], notes: Sequence[str],
) -> str:
    """Write report.md, report.json, spectrograms.png and listening.html; returns the Markdown."""
    parts = [f"# Voice bench: {len(prompts)} prompts that no training heard"]
    parts += [table(every)] if every else []
    parts += [copies_table(copies)] if copies else []
    parts += [speed_table(speeds)] if speeds else []
    parts += list(others)
    text = "\n\n".join([*parts, *(f"- {note}" for note in notes)]) + "\n"
    (folder / "report.md").write_text(text, encoding="utf-8")
    values = {
        "systems": {one.name: {"closed": one.closed, "open": one.opened, "dnsmos": one.dnsmos} for one in every},
        "prompts": [prompt.name for prompt in prompts], "copies": copies, "speeds": speeds,
    }  # fmt: skip
    (folder / "report.json").write_text(json.dumps(values, indent=1), encoding="utf-8")
    if not every:
        return text
    spectrograms(every, 0).save(folder / "spectrograms.png")
    real = next(spoken for spoken in every if spoken.kind == "ceiling")
    ours = next((spoken for spoken in every if spoken.kind == "ours"), None)
    if ours:
        listening_sheet(folder, ours, real, prompts)
    return text
