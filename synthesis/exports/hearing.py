"""Hear the mark in what a written-out voice says, before the file leaves. Pure but for the file's own speech."""

from __future__ import annotations

from audio.clip import Clip
from synthesis.engine import Portable
from watermark.codec.keys import MarkKey
from watermark.errors import MarkUnreadable
from watermark.findings import READ_BACK_BOUND, look

# Long enough to carry the mark many times over; what it says does not matter.
SAID = "This voice belongs to the person who lent it, and it tells everybody that it was made and is not that person."


def heard(portable: Portable, key: MarkKey) -> float:
    """Let the file speak and find the mark of `key` in what it says; the p-value of that.

    Raises:
        MarkUnreadable: it is not there; the file must not leave.
    """
    finding = look(Clip(portable.speak(SAID), portable.rate_hz), [key], "quick")
    named = {mark.record for mark in finding.marks}
    if finding.verdict != "ours" or named != {key.record} or finding.p_value > READ_BACK_BOUND:
        raise MarkUnreadable(p_value=finding.p_value)
    return finding.p_value
