"""Stand-ins for what settings name: who speaks, and whether our mark is in a clip. Each keeps the contract."""

from dataclasses import dataclass

from audio.clip import Clip


@dataclass(frozen=True)
class Match:
    score: float
    threshold: float
    same: bool | None


def same_person(a: Clip, b: Clip) -> Match:
    return Match(0.9, 0.5, True)


def other_person(a: Clip, b: Clip) -> Match:
    return Match(0.1, 0.5, False)


def cannot_tell(a: Clip, b: Clip) -> Match:
    return Match(0.5, 0.5, None)


def unmarked(clip: Clip) -> bool:
    return False


def marked(clip: Clip) -> bool:
    return True
