"""What the do-not-clone list refuses."""

from __future__ import annotations

from problems.errors import Invalid, Refused


class OnDoNotCloneList(Refused):
    """The recordings sound like somebody who asked not to be cloned."""

    code = "do-not-clone"
    title = "These recordings sound like a person who asked not to be cloned"
    meaning = (
        "Before a voice is made, its recordings are compared with the references of people who asked not to be cloned. "
        "One of them is too near. The likeness is a machine's and can be wrong: whoever keeps the list decides."
    )


class ReferenceTooShort(Invalid):
    """A reference with too little speech in it."""

    code = "reference-too-short"
    title = "The reference holds too little speech"
    meaning = "A person is recognised from five seconds of clear speech or more; ten to thirty are better."
