"""Measurements of sounds that have not changed: kept by the digest of the sound, so that a bench run can be cheap."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any


class Kept:
    """Numbers by key in one JSON file; written after every batch."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._values: dict[str, Any] = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}

    def get(self, key: str) -> Any:
        """The value, or None."""
        return self._values.get(key)

    def put(self, values: dict[str, Any]) -> None:
        """Add values and write all to disk."""
        self._values |= values
        part = self._file.with_suffix(".part")
        part.write_text(json.dumps(self._values), encoding="utf-8")
        part.replace(self._file)


def digest(path: Path) -> str:
    """SHA-256 of a file, 16 hex digits."""
    return hashlib.sha256(path.read_bytes()).hexdigest()[:16]
