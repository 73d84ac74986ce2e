"""The register of guards as values, the way to take one away, and its table. Reads files, runs nothing."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
REGISTER = Path(__file__).with_name("register.toml")
HEADING = "| guard | keeps from happening | where | red without it |\n|---|---|---|---|\n"


class NotThere(Exception):
    """The text of a guard is not where the register says: the register or the code has to follow the other."""


@dataclass(frozen=True)
class Guard:
    """One guard; the fields are explained at the top of register.toml."""

    name: str
    keeps: str
    file: str
    find: str
    put: str
    tests: tuple[str, ...]
    times: int = 1

    def removed_from(self, text: str) -> str:
        """The file's text without the guard.

        Raises:
            NotThere: it does not stand there exactly `times` times, or what is left is no Python.
        """
        if text.count(self.find) != self.times:
            raise NotThere(f"{self.name}: {self.file} holds its text {text.count(self.find)} times, not {self.times}")
        left = text.replace(self.find, self.put)
        try:
            compile(left, self.file, "exec")
        except SyntaxError as error:
            raise NotThere(f"{self.name}: without it {self.file} is no Python ({error})") from error
        return left

    def row(self) -> str:
        """Its line of the table."""
        names = ", ".join(f"`{test.split('::')[1]}` in `{test.split('::')[0]}`" for test in self.tests)
        return f"| {self.name} | {self.keeps} | `{self.file}` | {names} |\n"


def guards() -> list[Guard]:
    """Every guard, in the register's order."""
    rows = tomllib.loads(REGISTER.read_text())["guard"]
    return [Guard(**row | {"tests": tuple(row["tests"])}) for row in rows]


def table() -> str:
    """The register as the table that stands in tests/README.md."""
    return HEADING + "".join(guard.row() for guard in guards())
