"""What can go wrong with recordings and voices. A rejected take carries one of these codes on its row."""

from problems.errors import Conflict, Gone, Invalid, NotFound, Refused


class UploadMissing(Conflict):
    """The announced bytes are not there."""

    code = "recording-upload-missing"
    title = "The upload has not arrived"
    meaning = (
        "Nothing lies where the upload was to be put: it was not sent, it failed, its address ran out, or it was "
        "taken away with the consent it was made for. Ask for a new address and send the file again."
    )


class UploadUsed(Conflict):
    """An upload is one recording."""

    code = "recording-upload-used"
    title = "This upload is a recording already"
    meaning = "Each upload becomes one recording. Ask for a new address for the next take."


class ConsentOfAnother(Refused):
    """The consent belongs to somebody else."""

    code = "recording-consent-of-another"
    title = "This consent is another person's"
    meaning = "A recording is made under the consent of the person who speaks in it, and of nobody else."


class PromptUnknown(Invalid):
    """No such sentence in the script of that language."""

    code = "prompt-unknown"
    title = "There is no such prompt"
    meaning = "The prompt's id is not in the script of the recording's language. Leave it out for a text of your own."


class TranscriptMissing(Invalid):
    """Neither a prompt nor a transcript."""

    code = "recording-transcript-missing"
    title = "What is said in the recording is not stated"
    meaning = "Name the prompt that was read, or send the words as the transcript: the voice is learnt from both."


class ScriptMissing(NotFound):
    """No script for that language."""

    code = "prompt-script-missing"
    title = "There is no script in this language"
    meaning = "We have no sentences to read in this language yet. Any text will do: send it as the transcript."


class RecordingUnusable(Invalid):
    """Nothing in the take to learn from."""

    code = "recording-unusable"
    title = "There is nothing in this recording to learn a voice from"
    meaning = (
        "The take holds no speech, or none that stands out from the noise. Its findings say what was measured and what "
        "to do about it."
    )


class RecordingOfAnother(Refused):
    """Another person's voice."""

    code = "recording-of-another"
    title = "This does not sound like the person who gave consent"
    meaning = (
        "Most of the take does not sound like the voice that gave consent. If it is that person, say so to the consent "
        "officer: illness, age and a new microphone change a voice, and a person can hear that."
    )


class RecordingMarked(Refused):
    """Our own mark is in it."""

    code = "recording-synthetic"
    title = "This recording was made by a machine"
    meaning = "The sound carries our own mark: it is the output of a synthesis, not somebody speaking. It is refused."


class RecordingNotReady(Conflict):
    """It has not been accepted."""

    code = "recording-not-ready"
    title = "The recording has no sound to give"
    meaning = "The recording is still being judged, or it was rejected: only an accepted one has sound to listen to."


class RecordingErased(Gone):
    """Deleted, or erased with its person."""

    code = "recording-erased"
    title = "This recording has been deleted"
    meaning = "The recording was deleted, or its speaker was erased. Its sound and its transcript no longer exist."


class VoiceErased(Gone):
    """Erased with its person."""

    code = "voice-erased"
    title = "This voice has been erased"
    meaning = "The person behind the voice has been erased. The voice cannot be called, and nothing can bring it back."


class VoiceDraft(Conflict):
    """A version that nobody has accepted yet."""

    code = "voice-draft"
    title = "This version is a draft"
    meaning = (
        "The quality card of the version lies below the bar; `measures` says in what and what would help. A named "
        "person can accept it as it is, or more recordings make a better one."
    )


class NotADraft(Conflict):
    """There is nothing to accept."""

    code = "voice-not-a-draft"
    title = "This version is no draft"
    meaning = "Only a trained version that was kept back by its quality card can be accepted, and only once."


class PictureMissing(NotFound):
    """A version without a picture."""

    code = "voice-picture-missing"
    title = "This version has no picture"
    meaning = "Previews have no quality card, nor have versions that were made before there were cards."


class VoiceRetired(Conflict):
    """Its owner has taken it out of use."""

    code = "voice-retired"
    title = "This voice, or this version of it, is out of use"
    meaning = "The organisation has retired the voice or the version. Earlier outputs stay; new ones are not made."
