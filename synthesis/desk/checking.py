"""Look for this computer's mark in a sound file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from synthesis.desk.adapting import read_sound
from synthesis.desk.marks import Marker, is_research
from watermark.codec.detect import detect
from watermark.codec.plan import Search


def check(sound: Path, marker: Marker, search: Search, progress: Callable[[float], None]) -> tuple[bool, str]:
    """Whether the mark was found, and a sentence for people."""
    clip = read_sound(sound)
    answer = detect(clip.samples, clip.rate_hz, marker.keys(), search=search, progress=progress)
    if answer.verdict != "ours":
        return False, f"{sound}: no mark of this key was found ({answer.verdict}); that does not make it real"
    said = f"{sound}: marked with this key (p = {answer.p_value:.1e})"
    if answer.record is None:
        return True, said + ", record not readable"
    noted = marker.look_up(answer.record)
    research = " for research" if is_research(answer.record) else ""
    where = f", written{research} as {noted['file']} at {noted['at']}" if noted else f"{research}, not in the list here"
    if noted and "leaving" in noted:
        where = f", spoken by the voice that was written out{research} as {noted['file']} at {noted['at']}"
    return True, f"{said}, record {answer.record:012x}{where}"
