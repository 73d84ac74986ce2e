"""Rows to Markdown and CSV."""

import csv
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path

from watermark.bench.presence import Trial

_COLUMNS = {
    "listed": "list: ours %", "named": "list: record %", "ours": "key alone: ours %", "record_read": "48-bit record %",
}  # fmt: skip


def write_csv(path: Path, rows: Sequence[object]) -> None:
    """Dataclass rows, all of one kind."""
    with path.open("w", newline="") as file:
        first = asdict(rows[0])  # type: ignore[call-overload]  # rows are dataclasses, which no type can say
        writer = csv.DictWriter(file, fieldnames=list(first))
        writer.writeheader()
        writer.writerows(asdict(row) for row in rows)  # type: ignore[call-overload]  # as above


def read_trials(path: Path) -> list[Trial]:
    """Trials that `write_csv` wrote."""
    answers = ("ours", "record_read", "record_wrong", "listed", "named", "named_wrong")
    with path.open(newline="") as file:
        return [
            Trial(
                row["channel"], float(row["seconds"]), row["speaker"], row["sex"], row["group"], float(row["p_value"]),
                *(row[name] == "True" for name in answers),
            )
            for row in csv.DictReader(file)
        ]  # fmt: skip


def markdown(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table."""
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return "\n".join([*lines, *("| " + " | ".join(row) + " |" for row in rows)]) + "\n"


def percent(hits: Sequence[bool]) -> str:
    """Share of hits in whole per cent."""
    return f"{100 * sum(hits) / len(hits):.0f}" if hits else "-"


def presence_table(trials: Sequence[Trial]) -> str:
    """One row per channel and its lengths: with the log of 10,000 outputs, then with the key alone; per cent."""
    cells: dict[str, dict[float, list[Trial]]] = defaultdict(lambda: defaultdict(list))
    for one in trials:
        cells[one.channel][one.seconds].append(one)
    rows = []
    for channel, by_seconds in cells.items():
        ordered = [by_seconds[seconds] for seconds in sorted(by_seconds)]
        answers = (" / ".join(percent([getattr(one, name) for one in part]) for part in ordered) for name in _COLUMNS)
        seconds = " / ".join(f"{length:g}" for length in sorted(by_seconds))
        rows.append((channel, seconds, *answers, str(len(ordered[0]))))
    return markdown(("channel", "seconds", *_COLUMNS.values(), "cuts each"), rows)


def groups_table(trials: Sequence[Trial]) -> str:
    """The same over all channels and lengths together, by sex and by set of recordings."""
    groups = {f"sex {sex}": [one for one in trials if one.sex == sex] for sex in "FM"}
    groups |= {name: [one for one in trials if one.group == name] for name in sorted({one.group for one in trials})}
    rows = [
        (name, *(percent([getattr(one, answer) for one in some]) for answer in _COLUMNS), str(len(some)))
        for name, some in groups.items()
    ]
    return markdown(("all channels and lengths", *_COLUMNS.values(), "cuts"), rows)
