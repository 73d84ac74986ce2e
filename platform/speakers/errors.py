"""What can go wrong with a person."""

from problems.errors import Conflict, Gone


class SpeakerErased(Gone):
    """The person was erased, or the erasure has begun."""

    code = "speaker-erased"
    title = "This person has been erased"
    meaning = (
        "The speaker's data and keys have been destroyed, or their destruction has begun. Nothing of it can be "
        "used or brought back. The certificate of the erasure says what was destroyed."
    )


class TooManyLinks(Conflict):
    """The person holds as many links as one person may."""

    code = "speaker-links-exhausted"
    title = "No further link can be given for this person"
    meaning = (
        "A speaker's link is a key to the speaker's own page, so only a few exist for one person. The tenant cannot "
        "take one away, because it could then keep the speaker from withdrawing; the speaker can, on that page."
    )
