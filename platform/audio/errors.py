"""What can be wrong with a sound that somebody hands us."""

from __future__ import annotations

from problems.errors import Invalid, Unavailable


class AudioUnsupported(Invalid):
    """A container or encoding that is not read here."""

    code = "audio-format-unsupported"
    title = "This audio format is not read here"
    meaning = (
        "The first bytes of the file name a container or encoding that we do not decode. WAV (PCM, float, A-law, "
        "mu-law), FLAC, Ogg with Opus or Vorbis, and MP3 are read. MPEG-4 audio (m4a, mp4, AAC) is not, because no "
        "decoder for it is at hand that we would run on files from strangers: convert it to one of the others first."
    )


class AudioUnreadable(Invalid):
    """The file says it is one of ours and then does not hold together."""

    code = "audio-unreadable"
    title = "The audio file cannot be read"
    meaning = (
        "The file's header is damaged, contradicts its content, or the decoder gave up on it. The member `reason` "
        "says at which point. Export the sound again, or send it as plain 16 bit WAV."
    )


class AudioTooLong(Invalid):
    """More sound than the limits allow, by its header or by what came out while decoding."""

    code = "audio-too-long"
    title = "The audio is longer than is accepted here"
    meaning = (
        "Duration, channels or samples in all exceed what this address takes. The limit is in the answer. It is "
        "checked on the header before anything is decoded, and again on what really comes out."
    )


class AudioTooLarge(Invalid):
    """More bytes than the limits allow."""

    code = "audio-too-large"
    title = "The audio file is larger than is accepted here"
    meaning = "The file holds more bytes than this address takes; the limit is a member of the answer."


class AudioTooShort(Invalid):
    """Less sound than the question needs."""

    code = "audio-too-short"
    title = "The audio is too short for this"
    meaning = "The clip holds no sound, or less than what is asked of it needs; the least length is in the answer."


class AudioRateUnsupported(Invalid):
    """A sampling rate outside the accepted range."""

    code = "audio-rate-unsupported"
    title = "This sampling rate is not accepted"
    meaning = "The file names a sampling rate outside the range in the answer. 8,000 to 192,000 Hz are usual."


class DecoderUnavailable(Unavailable):
    """The decoder's own process does not start or does not answer."""

    code = "audio-decoder-unavailable"
    title = "The audio decoder does not answer"
    meaning = "Files are decoded in a process of their own, and that process could not be started. Nothing was lost."
