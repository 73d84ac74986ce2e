"""Whose voice is in a take: windows along it, each compared with the speaker's own voice.

Pure. What compares two clips is handed in (synthesis has the speaker encoder and its threshold); a likeness is
evidence, not proof, and an unsure answer counts for the person.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from audio.clip import Clip

WINDOW_S = 4.0  # below three seconds an encoder hears the sentence more than the speaker
_WINDOWS_MOST = 24  # a long recording is sampled along its length

Same = Callable[[Clip, Clip], bool | None]


def windows(clip: Clip, length_s: float = WINDOW_S) -> Iterator[Clip]:
    """Pieces of a take, evenly spaced, the whole of it when it is shorter than two."""
    count = int(clip.length_s // length_s)
    if count < 2:
        yield clip
        return
    used = min(count, _WINDOWS_MOST)
    for index in range(used):
        start_s = index * (clip.length_s - length_s) / (used - 1)
        yield clip.cut(start_s, start_s + length_s)


def own_share(clip: Clip, reference: Clip, same: Same) -> float:
    """Which share of a take is this speaker and not a nurse, a radio or an interviewer.

    Args:
        clip: the take, its silence trimmed.
        reference: the speaker, from a source that was judged before.
        same: True, False, or None when it cannot tell, which counts as the speaker.
    """
    verdicts = [same(window, reference) for window in windows(clip)]
    return sum(verdict is not False for verdict in verdicts) / len(verdicts)
