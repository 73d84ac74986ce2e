"""Commands for people: make a key, mark a file, examine files. No Django, no database, no torch.

    python -m watermark keygen KEYFILE
    python -m watermark embed IN OUT --key KEYFILE --id HEX [--list CSV]
    python -m watermark detect FILE... --key KEYFILE [--list CSV] [--json] [--search none|full] [--plot PNG]

A list is a table of what was marked (record, epoch, salt, start, seconds): `embed` adds a row for every channel, and
with it `detect` needs fewer seconds to find one of these files and to name it.

Formats are those of libsndfile (WAV, FLAC, Ogg, Opus, MP3...). `detect` exits 0 whatever the verdict and 2
when a file could not be read; the other files are answered all the same.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

import numpy as np
import numpy.typing as npt
import soundfile

from watermark.codec.detect import Detection, detect
from watermark.codec.embed import embed
from watermark.codec.errors import BadKeyFile, BadList, TooShortToMark
from watermark.codec.keys import MarkKey, read_key_file, write_key_file
from watermark.codec.outputs import Outputs
from watermark.codec.payload import RECORD_BITS
from watermark.listing import add_rows, read_rows
from watermark.picture import draw

LONG_S = 30.0  # files longer than this show their progress
UNREADABLE = 2

Floats = npt.NDArray[np.float32]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the exit code."""
    parsed = _parser().parse_args(arguments)
    try:
        return int(parsed.run(parsed))
    except (BadKeyFile, BadList, OSError, soundfile.LibsndfileError, TooShortToMark, ValueError) as wrong:
        sys.stderr.write(f"watermark: {wrong}\n")
        return UNREADABLE


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m watermark", description="Mark speech and find the mark again.")
    commands = parser.add_subparsers(required=True)
    keygen = commands.add_parser("keygen", help="make a new master key, readable by you alone")
    keygen.add_argument("keyfile", type=Path)
    keygen.set_defaults(run=_keygen)
    marking = commands.add_parser("embed", help="mark a file")
    marking.add_argument("source", type=Path, metavar="IN")
    marking.add_argument("target", type=Path, metavar="OUT")
    marking.add_argument("--key", type=Path, required=True, metavar="KEYFILE")
    marking.add_argument("--id", type=_record, required=True, metavar="HEX", help="48-bit record id")
    marking.add_argument("--list", type=Path, metavar="CSV", help="add what was marked to this table")
    marking.set_defaults(run=_embed)
    finding = commands.add_parser("detect", help="look for a mark in files")
    finding.add_argument("files", type=Path, nargs="+", metavar="FILE")
    finding.add_argument("--key", type=Path, required=True, metavar="KEYFILE")
    finding.add_argument("--list", type=Path, metavar="CSV", help="compare with the files in this table, too")
    finding.add_argument("--json", action="store_true", help="one JSON object per line")
    finding.add_argument(
        "--search", choices=("none", "full"), default="none", help="full: also changed tempo, speed and pitch"
    )
    finding.add_argument("--plot", type=Path, metavar="PNG", help="a picture of the first file's evidence")
    finding.set_defaults(run=_detect)
    return parser


def _record(text: str) -> int:
    number = int(text, 16)
    if number < 0 or number >> RECORD_BITS:
        raise argparse.ArgumentTypeError("a record id has at most 12 hexadecimal digits")
    return number


def _keygen(parsed: argparse.Namespace) -> int:
    write_key_file(parsed.keyfile)
    return 0


def _embed(parsed: argparse.Namespace) -> int:
    """Mark every channel with the same record; each at its own place."""
    key = read_key_file(parsed.key)[0]
    with _there(parsed.source), soundfile.SoundFile(parsed.source) as source:
        rate_hz, subtype = source.samplerate, source.subtype
        samples = source.read(dtype="float32", always_2d=True)
    marked = [embed(channel, rate_hz, key, parsed.id) for channel in samples.T]
    made = np.stack([one.samples for one in marked], axis=1)
    kind = soundfile.available_formats().get(parsed.target.suffix[1:].upper()) and parsed.target.suffix[1:].upper()
    fits = kind is not None and soundfile.check_format(kind, subtype)
    soundfile.write(parsed.target, made, rate_hz, subtype=subtype if fits else None)
    if parsed.list:
        add_rows(parsed.list, [(key.epoch, one, len(one.samples) / rate_hz) for one in marked])
    sys.stdout.write(f"{parsed.target}: marked {parsed.id:012x}, {marked[0].markable_s:.1f} s of markable speech\n")
    return 0


def _detect(parsed: argparse.Namespace) -> int:
    keys = read_key_file(parsed.key)
    outputs = read_rows(parsed.list, keys) if parsed.list else []
    if not parsed.json:
        sys.stdout.write(_row("file", "verdict", "p-value", "id", "spans") + "\n")
    unreadable = False
    for number, file in enumerate(parsed.files):
        try:
            with _there(file):
                samples, rate_hz = soundfile.read(file, dtype="float32", always_2d=True)
        except (OSError, soundfile.LibsndfileError) as wrong:
            sys.stderr.write(f"watermark: {wrong}\n")
            unreadable = True
            continue
        found = _found(file, samples, rate_hz, keys, outputs, parsed.search)
        sys.stdout.write((_json(file, found) if parsed.json else _table_row(file, found)) + "\n")
        sys.stdout.flush()
        if parsed.plot and number == 0:
            draw(parsed.plot, samples.mean(axis=1), rate_hz, found)
    return UNREADABLE if unreadable else 0


def _there(file: Path) -> BinaryIO:
    """The file opened, for the reason why it cannot be: the decoder only says "system error"."""
    return file.open("rb")


def _found(
    file: Path, samples: Floats, rate_hz: int, keys: list[MarkKey], outputs: list[Outputs], search: str
) -> Detection:
    def told(done: float) -> None:
        sys.stderr.write(f"\r{file.name}: {100 * done:3.0f} %" + ("\n" if done >= 1 else ""))

    clip = samples[:, 0] if samples.shape[1] == 1 else samples
    long = len(samples) > LONG_S * rate_hz or search == "full"
    return detect(
        clip, rate_hz, keys, search="full" if search == "full" else "none", outputs=outputs, walk=search == "full",
        progress=told if long and sys.stderr.isatty() else None,
    )  # fmt: skip


def _json(file: Path, found: Detection) -> str:
    return json.dumps(
        {
            "file": str(file),
            "verdict": found.verdict,
            "p_value": found.p_value,
            "id": None if found.record is None else f"{found.record:012x}",
            "spans": [
                {"start_s": round(start, 2), "end_s": round(end, 2), "p_value": p} for start, end, p in found.spans
            ],
            "markable_s": round(found.markable_s, 2),
        }
    )


def _table_row(file: Path, found: Detection) -> str:
    record = "-" if found.record is None else f"{found.record:012x}"
    spans = " ".join(f"{start:.2f}-{end:.2f}" for start, end, _ in found.spans) or "-"
    return _row(file.name, found.verdict, f"{found.p_value:.1e}", record, spans)


def _row(file: str, verdict: str, p_value: str, record: str, spans: str) -> str:
    return f"{file:32} {verdict:13} {p_value:>9}  {record:12}  {spans}"
