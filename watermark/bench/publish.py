"""`python -m watermark.bench.publish OUT`: put the tables of a run into watermark/README.md and its rows beside it.

A table NAME.md of the run replaces what stands between `<!-- bench:NAME -->` and `<!-- /bench -->`; tables that the run
did not make stay as they are. The rows (CSV) and one picture of the channels go to watermark/results.
"""

import csv
import re
import shutil
import sys
from collections import defaultdict
from pathlib import Path

from PIL import Image, ImageDraw

ROOT = Path(__file__).parents[1]
README, RESULTS = ROOT / "README.md", ROOT / "results"
_CELL, _LABEL, _HEAD = (46, 20), 150, 24
_BAD, _GOOD = (200, 60, 50), (40, 140, 80)
_PICTURES = (("listed", "ours, with a list of 10,000 outputs, %"), ("ours", "ours, key alone, %"),
             ("record_read", "48-bit record, %"))  # fmt: skip


def with_tables(text: str, folder: Path) -> str:
    """The page with every table that `folder` has a newer one for."""

    def newer(found: re.Match[str]) -> str:
        table = folder / f"{found[1]}.md"
        inner = f"\n{table.read_text().strip()}\n" if table.exists() else found[2]
        return f"<!-- bench:{found[1]} -->{inner}<!-- /bench -->"

    return re.sub(r"<!-- bench:(\w+) -->(.*?)<!-- /bench -->", newer, text, flags=re.DOTALL)


def rates(rows: Path, column: str) -> dict[str, dict[float, float]]:
    """Share of "True" in a column of channels.csv, by channel and seconds."""
    cells: dict[str, dict[float, list[bool]]] = defaultdict(lambda: defaultdict(list))
    with rows.open(newline="") as file:
        for row in csv.DictReader(file):
            cells[row["channel"]][float(row["seconds"])].append(row[column] == "True")
    return {name: {s: sum(hits) / len(hits) for s, hits in some.items()} for name, some in cells.items()}


def picture(found: dict[str, dict[float, float]], title: str) -> Image.Image:
    """A row for each channel, a column for each length, per cent in each cell."""
    seconds = sorted({one for some in found.values() for one in some})
    size = (_LABEL + _CELL[0] * len(seconds), _HEAD * 2 + _CELL[1] * len(found))
    image = Image.new("RGB", size, "white")
    draw = ImageDraw.Draw(image)
    draw.text((4, 4), title, fill="black")
    for column, length in enumerate(seconds):
        draw.text((_LABEL + column * _CELL[0] + 8, _HEAD + 4), f"{length:g} s", fill="black")
    for line, (name, some) in enumerate(found.items()):
        top = 2 * _HEAD + line * _CELL[1]
        draw.text((4, top + 4), name, fill="black")
        for length, rate in some.items():
            left = _LABEL + seconds.index(length) * _CELL[0]
            mixed = tuple(round(bad + rate * (good - bad)) for bad, good in zip(_BAD, _GOOD, strict=True))
            draw.rectangle((left, top, left + _CELL[0] - 2, top + _CELL[1] - 2), fill=mixed)
            draw.text((left + 8, top + 4), f"{100 * rate:.0f}", fill="white")
    return image


def publish(folder: Path) -> None:
    """Tables into the page, rows and pictures beside it."""
    README.write_text(with_tables(README.read_text(), folder))
    RESULTS.mkdir(exist_ok=True)
    for rows in folder.glob("*.csv"):
        shutil.copy(rows, RESULTS)
    if (folder / "channels.csv").exists():
        for column, title in _PICTURES:
            picture(rates(folder / "channels.csv", column), title).save(RESULTS / f"channels-{column}.png")


if __name__ == "__main__":
    publish(Path(sys.argv[1]))
