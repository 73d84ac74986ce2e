"""The development key of this computer and the list of what was marked with it.

At first use a key is made in the user's data folder, `$XDG_DATA_HOME/consonant` (usually
`~/.local/share/consonant`), readable by its owner alone:

- `mark.key`: the key, in the form of `watermark.codec.keys`; another one can be named with `--key`.
- `marks.jsonl`: one line per sound written: record, time, file name, digest of the text, and whether it
  was research. It lets `python -m synthesis check` say what a found mark stands for.

It is no production key: sound marked with it is told apart from a platform's own. A record whose first
byte is 0xF7 says "research"; others never begin so.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from synthesis.engine import RATE_HZ, GainField
from watermark.codec.embed import gain_field, new_place
from watermark.codec.keys import MarkKey, read_key_file, write_key_file

KEY, LEDGER = "mark.key", "marks.jsonl"
RESEARCH = 0xF7  # first byte of the 48-bit record


def data_folder() -> Path:
    """Where this user's programs keep data, after the XDG base directory specification."""
    home = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
    return Path(home) / "consonant"


@dataclass(frozen=True)
class Marker:
    """Gives every sound a mark of its own and writes down what it was.

    Args:
        key: what marks are made with.
        ledger: the list of records.
        research: why a voice speaks without a receipt; empty when none does.
    """

    key: MarkKey
    ledger: Path
    research: str = ""

    @classmethod
    def local(cls, key_file: Path | None, research: str = "") -> Marker:
        """The marker of this user; makes folder and key where they are missing.

        Raises:
            BadKeyFile: `key_file` is none.
            OSError: it cannot be read, or the folder cannot be written.
        """
        folder = data_folder()
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        path = key_file or folder / KEY
        if key_file is None and not path.exists():
            write_key_file(path)
        return cls(read_key_file(path)[0], folder / LEDGER, research)

    def new(self) -> tuple[int, GainField]:
        """A fresh record and the gain field that writes it."""
        record = _record(bool(self.research))
        salt, start = new_place()
        return record, gain_field(self.key, record, salt, start, rate_hz=RATE_HZ)

    def leaving(self) -> MarkKey:
        """The key of a voice that is written out: its own record, and a pattern that serves for nothing else."""
        return _leaving(self.key, _record(bool(self.research)))

    def keys(self) -> list[MarkKey]:
        """Every key to look for: this computer's own, and those of the voices that were written out."""
        return [self.key, *(_leaving(self.key, int(line["record"], 16)) for line in self._lines() if "leaving" in line)]

    def note(self, record: int, file: Path, text: str, *, leaving: bool = False) -> None:
        """Write down what `record` stands for. The text itself is not kept; a voice that leaves has none."""
        line = {
            "record": f"{record:012x}", "at": datetime.now(UTC).isoformat(timespec="seconds"), "file": file.name,
            "text_sha256": hashlib.sha256(text.encode()).hexdigest(), "research": self.research,
        }  # fmt: skip
        if leaving:
            line["leaving"] = "voice"
        with self.ledger.open("a", encoding="utf-8") as ledger:
            ledger.write(json.dumps(line, ensure_ascii=False) + "\n")

    def look_up(self, record: int) -> dict[str, str] | None:
        """The noted line of a record, or None."""
        return next((line for line in self._lines() if line["record"] == f"{record:012x}"), None)

    def _lines(self) -> list[dict[str, str]]:
        if not self.ledger.exists():
            return []
        return [json.loads(line) for line in self.ledger.read_text(encoding="utf-8").splitlines()]


def is_research(record: int) -> bool:
    """True for a record that was given to research."""
    return record >> 40 == RESEARCH


def _record(research: bool) -> int:
    """48 random bits, with the first byte saying whether it is research."""
    first = RESEARCH if research else secrets.choice([byte for byte in range(256) if byte != RESEARCH])
    return first << 40 | secrets.randbits(40)


def _leaving(key: MarkKey, record: int) -> MarkKey:
    return key.leaving(f"record/{record:012x}", record)
