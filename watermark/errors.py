"""What can go wrong with marks and verifications."""

from __future__ import annotations

from problems.errors import Conflict, Invalid, Unavailable


class MarkKeyMissing(Unavailable):
    """The key that marks and finds is not where it should be."""

    code = "mark-key-missing"
    title = "The key of the mark is not at hand"
    meaning = (
        "Nothing is made and nothing is searched without the key of the mark. The operator puts the key file back, "
        "or makes the first one with the command rotate_mark_key."
    )


class MarkUnreadable(Conflict):
    """The encoded sound does not carry its mark; it is not released."""

    code = "mark-unreadable"
    title = "The mark could not be read back"
    meaning = (
        "Before a sound is released, its encoded bytes are decoded and the mark is read from them. Here it could "
        "not be read - hardly any speech in it, or a fault of ours - so the sound was thrown away."
    )


class NoClip(Invalid):
    """The form holds no file."""

    code = "clip-missing"
    title = "The form holds no clip"
    meaning = "Send the sound as the part `clip` of a multipart/form-data body."
