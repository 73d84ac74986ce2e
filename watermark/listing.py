"""The desk's table of what was marked: one row for each channel of each file, as CSV. No Django, no database.

A server keeps the same in `models.MarkPlace`.
"""

import csv
from collections.abc import Sequence
from pathlib import Path

from watermark.codec.embed import Embedded
from watermark.codec.errors import BadList
from watermark.codec.keys import MarkKey
from watermark.codec.outputs import Output, Outputs
from watermark.codec.pattern import LENGTH, SYMBOL_S, place_of
from watermark.codec.payload import RECORD_BITS

LONGEST_S = LENGTH * SYMBOL_S  # the whole pattern
HEAD = ["record", "epoch", "salt", "start", "seconds"]


def add_rows(path: Path, made: Sequence[tuple[int, Embedded, float]]) -> None:
    """Add marked clips (epoch of the key, clip, seconds) to a table, which is begun when there is none."""
    fresh = not path.exists()
    with path.open("a", newline="") as file:
        rows = csv.writer(file)
        if fresh:
            rows.writerow(HEAD)
        for epoch, one, length_s in made:
            rows.writerow([f"{one.record:012x}", epoch, one.salt, one.start, f"{length_s:.2f}"])


def read_rows(path: Path, keys: Sequence[MarkKey]) -> list[Outputs]:
    """The table as one list for each key.

    Raises:
        BadList: another table, or a row that is none; with its line.
        OSError: there is no such file.
    """
    found: dict[int, list[Output]] = {key.epoch: [] for key in keys}
    with path.open(newline="") as file:
        rows = csv.reader(file)
        if next(rows, None) != HEAD:
            raise BadList(f"{path.name} does not begin with {','.join(HEAD)}")
        for row in rows:
            try:
                record, epoch, salt, start, length_s = row
                output = Output(int(record, 16), place_of(int(salt), int(start)), float(length_s))
                if output.record >> RECORD_BITS or not 0 < output.length_s < LONGEST_S:
                    raise ValueError("no record of 48 bits, or no length")
                found[int(epoch)].append(output)
            except (ValueError, KeyError) as wrong:
                raise BadList(f"{path.name}, line {rows.line_num}: no output of this key: {','.join(row)}") from wrong
    return [Outputs.of(key, found[key.epoch]) for key in keys]
