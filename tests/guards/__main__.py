"""Take the guards away one by one and see that a test notices: `./run guards [WORD ...]`.

Works in a copy of the tree under var/tmp, so that nothing is ever missing from the tree itself. First the named
tests run with every guard in place, because a test that is red anyway shows nothing. Then each guard is removed,
its tests run, and it is put back. A guard whose test stays green, whose test does not fail but breaks (an import,
a fixture), or whose text is not found, ends the run with 1.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
import xml.etree.ElementTree as ET
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.guards.register import HEADING, ROOT, Guard, NotThere, guards, table

LEFT_OUT = {".git", ".venv", "var", "__pycache__", ".hypothesis", "synthesis/training/work"}
QUIETLY = ("-p", "no:randomly", "-q", "--tb=line")


@dataclass(frozen=True)
class Outcome:
    """How the tests of one run ended: node id (without parameters) -> failed | broken | passed, the worst of each."""

    ended: dict[str, str]
    output: str


def main(words: Sequence[str]) -> int:
    """Remove the guards whose name holds one of `words` (all when there is none); write the table with `--table`."""
    if list(words) == ["--table"]:
        write_table()
        return 0
    chosen = [guard for guard in guards() if not words or any(word in guard.name for word in words)]
    with tree() as copy:
        if not all_green(copy, chosen):
            return 1
        wrong = [guard.name for guard in chosen if not noticed(copy, guard)]
    print(f"\n{len(chosen) - len(wrong)} of {len(chosen)} guards are missed when they are gone.")
    if wrong:
        print("Nobody misses: " + ", ".join(wrong))
    return 1 if wrong else 0


@contextmanager
def tree() -> Iterator[Path]:
    """A copy of the working tree without what is made in it."""
    copy = ROOT / "var" / "tmp" / f"guards-{os.getpid()}"
    shutil.copytree(ROOT, copy, ignore=_made)
    try:
        yield copy
    finally:
        shutil.rmtree(copy, ignore_errors=True)


def _made(folder: str, names: list[str]) -> set[str]:
    """What of a folder is made and not written: it stays behind."""
    inside = Path(folder).relative_to(ROOT)
    return {name for name in names if {name, str(inside / name)} & LEFT_OUT or name.endswith("_cache")}


def all_green(copy: Path, chosen: Sequence[Guard]) -> bool:
    """Whether every named test passes as long as nothing is missing; says which does not."""
    names = sorted({test for guard in chosen for test in guard.tests})
    outcome = run(copy, names)
    red = [name for name in names if outcome.ended.get(name) != "passed"]
    print(f"With every guard in place {len(names) - len(red)} of {len(names)} tests are green.", flush=True)
    if red:
        print("\n".join([*red, outcome.output[-6000:]]))
    return not red


def noticed(copy: Path, guard: Guard) -> bool:
    """Remove one guard, run its tests, put it back; whether each of them failed."""
    file, began = copy / guard.file, time.monotonic()
    whole = file.read_text()
    try:
        file.write_text(guard.removed_from(whole))
        outcome = run(copy, guard.tests)
    except NotThere as error:
        print(f"GONE   {error}", flush=True)
        return False
    finally:
        file.write_text(whole)
    green = [name for name in guard.tests if outcome.ended.get(name) != "failed"]
    print(f"{'GREEN' if green else 'red'}{' ' * (2 if green else 4)}{guard.name} ({time.monotonic() - began:.0f} s)")
    for name in green:
        print(f"       {name}: {outcome.ended.get(name, 'did not run')}\n{outcome.output[-3000:]}")
    sys.stdout.flush()
    return not green


def run(copy: Path, names: Sequence[str]) -> Outcome:
    """Run the named tests in the copy, in a process of their own."""
    report = copy / "report.xml"
    report.unlink(missing_ok=True)
    outer = {name: value for name, value in os.environ.items() if not name.startswith("CONSONANT_")}
    # Before the installed project, which points at the tree itself.
    outer |= {"PYTHONPATH": f"{copy}{os.pathsep}{copy / 'platform'}", "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-m", "pytest", *QUIETLY, f"--junitxml={report}", *names]
    done = subprocess.run(command, cwd=copy, env=outer, capture_output=True, text=True, check=False)
    return Outcome(ended(report) if report.exists() else {}, done.stdout + done.stderr)


def ended(report: Path) -> dict[str, str]:
    """The worst end of every test function: of several parameters one that fails is enough."""
    found: dict[str, str] = {}
    for case in ET.parse(report).iter("testcase"):
        name = f"{case.get('classname', '').replace('.', '/')}.py::{case.get('name', '').split('[')[0]}"
        end = "failed" if case.find("failure") is not None else "broken" if case.find("error") is not None else "passed"
        rank = ("passed", "broken", "failed")
        found[name] = max(found.get(name, "passed"), end, key=rank.index)
    return found


def write_table() -> None:
    """Put the register's table in place of the one in tests/README.md."""
    page = ROOT / "tests" / "README.md"
    before, _, after = page.read_text().partition(HEADING)
    rest = after.splitlines(keepends=True)
    while rest and rest[0].startswith("|"):
        rest.pop(0)
    page.write_text(before + table() + "".join(rest))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
