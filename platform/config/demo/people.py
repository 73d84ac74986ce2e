"""Who is in the story, what they allow, and what is simulated around them."""

from __future__ import annotations

import csv
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from audio.clip import Clip
from audio.decode import decode
from audio.encode import Format, encode
from audio.resample import resample
from config.demo.client import Client
from config.demo.console import Console

USE = {
    "purpose": "customer_service",
    "channel": "phone",
    "language": "en",
    "territory": "US",
    "content_class": "general",
    "recipient": "customers",
}


class StoryBroken(Exception):
    """A step did not end as it has to."""


@dataclass(frozen=True)
class Take:
    """One recording and its words."""

    name: str
    data: bytes
    text: str


@dataclass
class Person:
    """Somebody who is enrolled in the story."""

    called: str
    takes: list[Take]
    speaker: dict[str, Any] = field(default_factory=dict)
    consent: dict[str, Any] = field(default_factory=dict)
    voice: dict[str, Any] = field(default_factory=dict)
    version: dict[str, Any] = field(default_factory=dict)

    @property
    def link(self) -> str:
        """The secret of the person's own link."""
        return str(self.speaker["link"]).rsplit("/", 1)[1]


@dataclass(frozen=True)
class Cast:
    """Who acts, and where the results go."""

    console: Console
    producer: Client
    officer: Client
    stranger: Client
    compliance: Client
    out: Path


def read_takes(folder: Path) -> list[Take]:
    """The recordings of ``folder/metadata.csv`` (``id|text|seconds``) and ``folder/audio``.

    Raises:
        StoryBroken: no such table, or a row without its file.
    """
    table = folder / "metadata.csv"
    if not table.exists():
        raise StoryBroken(f"{table} is missing: the folder needs metadata.csv (id|text|seconds) and audio/")
    takes = []
    with table.open(encoding="utf-8", newline="") as file:
        for name, text, *_ in csv.reader(file, delimiter="|"):
            found = sorted((folder / "audio").glob(f"{name}.*"))
            if not found:
                raise StoryBroken(f"{folder / 'audio' / name}: no such recording")
            takes.append(Take(name, found[0].read_bytes(), text))
    if len(takes) < 2:
        raise StoryBroken(f"{table} names fewer than two recordings")
    return takes


def terms() -> dict[str, Any]:
    """What the speakers of the story allow."""
    now = datetime.now(UTC).replace(microsecond=0)
    return {
        "purposes": ["customer_service"],
        "channels": ["phone", "app", "web"],
        "languages": ["en"],
        "territories": ["US"],
        "content_class": "general",
        "recipients": ["customers"],
        "may_finetune": True,
        "may_export": False,
        "valid_from": (now - timedelta(minutes=1)).isoformat(),
        "valid_until": (now + timedelta(days=365)).isoformat(),
    }


def phone_call(sound: bytes) -> bytes:
    """The sound as the far end of a telephone call records it: 8 kHz, mu-law (ITU-T G.711)."""
    narrow = resample(decode(sound).mono(), 8_000)
    quieter = Clip(narrow.samples * np.float32(0.7), narrow.rate_hz)
    return encode(quieter, Format.MULAW_WAV).data
