"""What can go wrong with a conversion, beyond what a synthesis can meet."""

from __future__ import annotations

from problems.errors import Conflict, Invalid, Refused


class SourceMarked(Refused):
    """The recording carries our own mark."""

    code = "conversion-source-marked"
    title = "The recording was made by this platform"
    meaning = (
        "What was made here is not said again in another voice: its mark says whose voice stands behind it and for "
        "which use, and a second one would cover that."
    )


class SourceUnusable(Invalid):
    """The recording is too noisy, or holds no speech."""

    code = "conversion-source-unusable"
    title = "The recording cannot be converted"
    meaning = (
        "There is too little speech in it, or it drowns in noise. The detail says what would help."
    )


class TranscriptDiffers(Invalid):
    """The recording says something else than its transcript."""

    code = "conversion-transcript-differs"
    title = "The recording says something else"
    meaning = "A conversion says the words of its recording. The transcript that came with it was not heard in it."


class SourceGone(Conflict):
    """The recording was destroyed before it could be converted."""

    code = "conversion-source-gone"
    title = "The recording is not there any more"
    meaning = "The recording is kept only until its conversion has ended. Send it once more."
