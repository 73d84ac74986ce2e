"""What can go wrong with fine-tunes and syntheses, beyond what consent, voices and the engine refuse."""

from __future__ import annotations

from problems.errors import Conflict, Gone, Invalid, Refused


class NotReady(Conflict):
    """The sound is asked for before it is there, or its job came to nothing."""

    code = "synthesis-not-ready"
    title = "There is no sound yet"
    meaning = (
        "The synthesis is queued or running, or it failed or was cancelled. Its `state` says which; a failed one "
        "carries the code of what went wrong."
    )


class Quarantined(Refused):
    """The consent behind a finished output has ended."""

    code = "output-quarantined"
    title = "The output is no longer handed out"
    meaning = (
        "The consent under which this was made has ended, so the output was put away in the same moment. "
        "It is kept sealed until it is erased, and nobody gets it."
    )


class SynthesisErased(Gone):
    """The speaker of this output has been erased."""

    code = "synthesis-erased"
    title = "This output was erased with its speaker"
    meaning = "The speaker has been erased. The sound, its text and the key they were sealed with were destroyed."


class ConsentOfAnother(Refused):
    """The consent named is not the consent of the voice's speaker."""

    code = "consent-of-another"
    title = "This consent is another speaker's"
    meaning = "A voice is used under a consent of the very person whose voice it is."


class NoRecordings(Invalid):
    """A fine-tune names no usable recording."""

    code = "recordings-needed"
    title = "There are no usable recordings"
    meaning = (
        "A voice is made from recordings that passed ingest. None of those named, or none of the voice's, is usable."
    )


class SoundNotKept(Gone):
    """The sound of a stream is asked for as a file."""

    code = "sound-not-kept"
    title = "A stream is heard once"
    meaning = "The sound of a stream goes to its listener and is kept nowhere. Ask for a synthesis to get a file."
