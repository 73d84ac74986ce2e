"""What happens inside the confined child: libsndfile turns a file into samples in shared memory.

Runs after `confine.enter`, so that even a decoder that the file has taken over can only write into its own room.
The samples are counted while they come out: a header that promised less is found here.
"""

from __future__ import annotations

import io
import mmap
import os

import numpy as np
import soundfile

from .room import Outcome, Status, anonymous_file, put, samples_of

_BLOCK_FRAMES = 65_536
_WARM = (("WAV", "PCM_16"), ("FLAC", "PCM_16"), ("OGG", "OPUS"), ("OGG", "VORBIS"), ("MP3", "MPEG_LAYER_III"))


class _Forward(soundfile.SoundFile):  # type: ignore[misc]  # soundfile ships no types
    """A file that is read from front to back. soundfile seeks to where it already is after every read of a seekable
    one, which costs time, and which a FLAC that does not know its length answers with an error.
    """

    def seekable(self) -> bool:
        """No, whatever the file could."""
        return False


def unpack(source: int, memory: mmap.mmap, frames_max: int) -> None:
    """Decode the open file `source` into `memory` and say in its head how that went.

    Args:
        source: a readable descriptor at offset zero.
        memory: a room; its size bounds the samples over all channels.
        frames_max: the most samples per channel that are acceptable.
    """
    try:
        outcome = _decode(source, samples_of(memory), frames_max)
    except (soundfile.SoundFileError, MemoryError, ValueError, OverflowError):
        outcome = Outcome(Status.UNREADABLE)
    put(memory, outcome)


def _decode(source: int, target: np.ndarray, frames_max: int) -> Outcome:
    with _Forward(source, closefd=False) as file:
        rate_hz, channels, done = int(file.samplerate), int(file.channels), 0
        limit = min(frames_max, target.size // channels)
        while done < limit:
            room = target[done * channels : min(done + _BLOCK_FRAMES, limit) * channels]
            got = len(file.read(out=room.reshape(-1, channels), always_2d=True))
            done += got
            if got * channels < room.size:
                return Outcome(Status.DONE, rate_hz, channels, done)
        more = len(file.read(1, dtype="float32"))
    return Outcome(Status.TOO_LONG if more else Status.DONE, rate_hz, channels, done)


def warm() -> None:
    """Decode one short clip of every format, so that no decoder initialises itself inside the confinement.

    What a library builds on first use (tables, a processor check, a lazily bound symbol) it builds here, with every
    system call at hand.
    """
    tone = np.sin(np.arange(2400, dtype=np.float32) * 0.05)
    with mmap.mmap(-1, 1 << 20) as memory:
        for container, subtype in _WARM:
            sound = io.BytesIO()
            soundfile.write(sound, tone, 24_000, format=container, subtype=subtype)
            source = anonymous_file(0)
            os.pwrite(source, sound.getvalue(), 0)
            unpack(source, memory, 24_000)
            os.close(source)
