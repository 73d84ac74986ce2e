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

from synthesis.bench.listener import interval, rate, ratio_interval
from synthesis.bench.run import Spoken
from synthesis.bench.systems import Prompt

LISTENING_PAIRS = 20
_NAN = float("nan")
_SPEED = {
    "rtf_whole": ("RTF whole, CPU s", ".4f"), "rtf_cpu": ("RTF in pieces, CPU s", ".4f"),
    "rtf_wall": ("RTF in pieces, wall", ".4f"), "first_ms_cpu": ("first sound, CPU ms", ".0f"),
    "first_ms_wall": ("wall ms", ".0f"), "memory_mb": ("memory MB", ".0f"),
}  # fmt: skip
Counts = Sequence[tuple[int, int]]  # (errors, words) per prompt


def words_table(every: Sequence[Spoken]) -> str:
    """Word errors side by side, as Markdown; every bracket is a 95 % interval over prompts drawn again."""
    real = next(spoken for spoken in every if spoken.kind == "ceiling")
    lines = ["| system | WER closed | WER open | closed / recording | open / recording |", "|---" * 5 + "|"]
    for spoken in every:
        pairs = ((spoken.closed, real.closed), (spoken.opened, real.opened))
        rates = [f"{rate(own):.3f} ({{:.3f}}-{{:.3f}})".format(*interval(own)) for own, _ in pairs]
        ratios = ["1" if own is others else _ratio(own, others) for own, others in pairs]
        lines.append(f"| {' | '.join([spoken.name, *rates, *ratios])} |")
    return "\n".join(lines)


def _ratio(ours: Counts, real: Counts) -> str:
    return "{:.2f} ({:.2f}-{:.2f})".format(*ratio_interval(ours, real))


def sound_table(every: Sequence[Spoken]) -> str:
    """What the sounds are like, side by side, as Markdown."""
    names = ("system", "OVRL", "SIG", "BAK", "P.808", "similarity", "MCD13 dB", "F0 RMSE Hz")
    lines = [f"| {' | '.join(names)} |", "|---" * len(names) + "|"]
    for spoken in every:
        judged = (_mean([score[name] for score in spoken.scores]) for name in ("ovrl", "sig", "bak", "p808"))
        far = (f"{spoken.distances.get(name, _NAN):.2f}" for name in ("mcd", "f0_hz"))
        lines.append(f"| {' | '.join([spoken.name, *judged, f'{spoken.similarity:.3f}', *far])} |")
    return "\n".join(lines)


def _mean(values: Sequence[float]) -> str:
    """The mean and half its 95 % interval."""
    if not values:
        return "nan"
    return f"{np.mean(values):.2f} ± {1.96 * np.std(values) / np.sqrt(len(values)):.2f}"


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
    lines = [f"| engine, one thread | {' | '.join(title for title, _ in _SPEED.values())} |", "|---" * 7 + "|"]
    for name, found in speeds.items():
        told = (f"{found[key]:{form}}" if key in found else "-" for key, (_, form) in _SPEED.items())
        lines.append(f"| {' | '.join([name, *told])} |")
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
    parts += [words_table(every)] if every and every[0].closed else []
    parts += [sound_table(every)] if every else []
    parts += [copies_table(copies)] if copies else []
    parts += [speed_table(speeds)] if speeds else []
    parts += list(others)
    text = "\n\n".join([*parts, *(f"- {note}" for note in notes)]) + "\n"
    (folder / "report.md").write_text(text, encoding="utf-8")
    values = {
        "systems": {one.name: {"closed": one.closed, "open": one.opened, "dnsmos": one.dnsmos,
                               "scores": one.scores, "similarity": one.similarity, "distances": one.distances}
                    for one in every},
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
