"""What can go wrong with consent. Refusals of a use are 403: client libraries do not repeat those."""

from problems.errors import Conflict, Gone, Invalid, NotFound, Refused, TooMany


class TermsInvalid(Invalid):
    """The terms are not ones that we could hold anybody to."""

    code = "consent-terms-invalid"
    title = "These terms are not valid"
    meaning = (
        "Terms name purposes, channels, languages, territories, a content class, recipients, whether fine-tuning and "
        "export are allowed, and from when until when. Unknown members are refused, because a limit that nobody reads "
        "is no limit. The body's member `member` says which one is wrong."
    )


class UseInvalid(Invalid):
    """The declared use names something that no terms could allow."""

    code = "consent-use-invalid"
    title = "This is not a use that terms could allow"
    meaning = (
        "A use names one purpose, channel, language, territory, content class and recipient out of the known ones."
    )


class ConsentNotActive(Refused):
    """Nobody has approved it yet, or it was refused."""

    code = "consent-unverified"
    title = "There is no approved consent"
    meaning = "The speaker has not spoken, or no consent officer has approved what was spoken. Nothing can be made."


class ConsentWithdrawn(Refused):
    """The speaker or the tenant has taken it back."""

    code = "consent-withdrawn"
    title = "The consent has been withdrawn"
    meaning = "The speaker, or the organisation, has withdrawn the consent. Nothing new is made or handed out under it."


class ConsentExpired(Refused):
    """Its time is over, or has not come."""

    code = "consent-expired"
    title = "The consent is not valid at this time"
    meaning = (
        "The consent's term has ended or not begun. Expiry needs nobody's act: the dates are compared at each gate."
    )


class ConsentSuperseded(Refused):
    """A later version took its place."""

    code = "consent-superseded"
    title = "A newer version of this consent is in force"
    meaning = "The speaker has agreed to a later version of the terms. Name that one."


class ConsentScope(Refused):
    """The use lies outside the terms."""

    code = "consent-scope"
    title = "The consent does not cover this use"
    meaning = "The speaker has allowed other uses than this one. The body's member `reason` names the first that fails."


class ConsentStateWrong(Conflict):
    """The act needs the consent in another state."""

    code = "consent-state"
    title = "The consent's state does not allow this"
    meaning = "A consent moves from draft to pending to active, and ends once. The body says where it stands."


class OfficerNeeded(Refused):
    """Approval needs a named consent officer."""

    code = "consent-officer-needed"
    title = "A named consent officer has to decide this"
    meaning = "Evidence is approved or refused by a signed-in member with the role of consent officer, by nobody else."


class ChallengeUsed(Gone):
    """It was used, it ran out, or a later one took its place."""

    code = "challenge-gone"
    title = "This challenge cannot be answered any more"
    meaning = "A challenge is answered once, within its short life. Ask for a new one and read that aloud."


class ChallengesExhausted(TooMany):
    """Too many tries for one draft."""

    code = "challenges-exhausted"
    title = "Too many challenges for this consent"
    meaning = "A draft may be tried a limited number of times an hour, so that nobody can wait for a phrase that suits."
    retry_after_s = 3600


class EvidenceMissing(NotFound):
    """There is nothing to listen to."""

    code = "consent-evidence-missing"
    title = "There is no spoken evidence"
    meaning = "Nobody has answered a challenge of this consent yet, or what was spoken has been erased."


class ReceiptMissing(NotFound):
    """A receipt exists from the approval on."""

    code = "consent-receipt-missing"
    title = "There is no receipt yet"
    meaning = "A receipt is signed when a consent is approved, and a second one when it ends."


class PhraseListRefused(Refused):
    """Only a demonstration may draw its phrases from a list."""

    code = "phrase-list-refused"
    title = "Challenges of this organisation are always random sentences"
    meaning = "A list of sentences to draw from exists for the demonstration's organisation alone."


class LocaleUnknown(Invalid):
    """No consent text or challenge words in that language."""

    code = "consent-locale-unknown"
    title = "There is no consent text in this language"
    meaning = "Consent is given in a language the speaker reads. The body lists the languages there are."
