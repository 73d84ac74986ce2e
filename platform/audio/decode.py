"""The only way from foreign bytes to a clip.

Three fences, each of which holds without the others: the header gate (`headers.check`), the count while decoding,
and the confinement of the process that decodes (`helper`, `confine`). A file that crashes its decoder costs one
child; the caller sees AudioUnreadable. What we encoded ourselves comes in here as well: one way, one behaviour.
"""

from __future__ import annotations

import mmap
import os

import numpy as np
from numpy.typing import NDArray

from . import headers, room, sandbox
from .clip import Clip
from .errors import AudioTooLong, AudioTooShort, AudioUnreadable
from .headers import Header, Limits
from .helper import Request

_DEFAULT = Limits()
_MEMORY_BYTES = 256 * 1024 * 1024  # the decoder's own, beyond the room for its samples
_LOUDEST = 16.0  # 24 dB over full scale; beyond it a float file holds something other than sound
_NONE = np.zeros(0, np.float32)
_SLACK_S = 1.0  # how far content may run past its header: paddings of the lossy formats


def decode(data: bytes, limits: Limits = _DEFAULT) -> Clip:
    """Turn a file from anywhere into a clip.

    Args:
        data: the whole file.
        limits: of the door it came through.

    Returns:
        float32, (T,) for one channel and (C, T) for more, at the file's own rate; all finite.

    Raises:
        AudioTooLarge, AudioTooLong, AudioTooShort, AudioRateUnsupported: over or under a limit.
        AudioUnsupported, AudioUnreadable: not a file we read, or not a sound one.
        DecoderUnavailable: the decoder's process cannot be started; the file was not judged.
    """
    header = headers.check(data, limits)
    frames_max = limits.frames(header.rate_hz, header.channels)
    size = room.size_for(frames_max * header.channels)
    request = Request(frames_max, size, size + _MEMORY_BYTES, limits.cpu_s, limits.wall_s)
    source, target = _file_of(memoryview(data)[header.start :]), room.anonymous_file(size)
    try:
        status = sandbox.run(source, target, request)
        outcome, samples = _take(target, size) if status == 0 else (room.Outcome(room.Status.NOTHING), _NONE)
    finally:
        os.close(source)
        os.close(target)
    _believe(outcome, header, limits)
    return Clip(_checked(samples), header.rate_hz)


def confined() -> bool:
    """Whether files are decoded under the seccomp filter; False where resource limits are all there is.

    Raises:
        DecoderUnavailable: the decoder's process cannot be started.
    """
    return sandbox.current().confined


def _file_of(sound: memoryview) -> int:
    # Without the tags before the sound, which no decoder of ours needs to see. Written at offsets, so that the
    # file's own position stays zero for the child.
    source, written = room.anonymous_file(0), 0
    while written < len(sound):
        written += os.pwrite(source, sound[written:], written)
    return source


def _take(target: int, size: int) -> tuple[room.Outcome, NDArray[np.float32]]:
    # A copy, because the memory goes; and never more than the room holds, whatever its head claims.
    with mmap.mmap(target, size) as memory:
        outcome = room.take(memory)
        channels = max(outcome.channels, 1)
        count = min(outcome.frames, (size - room.HEAD_BYTES) // 4 // channels) * channels
        row = np.frombuffer(memory[room.HEAD_BYTES : room.HEAD_BYTES + 4 * count], np.float32)
    return outcome, np.ascontiguousarray(row.reshape(-1, channels).T) if channels > 1 else row


def _believe(outcome: room.Outcome, header: Header, limits: Limits) -> None:
    # The child may have been taken over: its numbers are held against ours before they size anything.
    if outcome.status is room.Status.TOO_LONG:
        raise AudioTooLong(limit_s=limits.length_s)
    if outcome.status is not room.Status.DONE:
        raise AudioUnreadable(reason="the decoder gave up")
    if (outcome.rate_hz, outcome.channels) != (header.rate_hz, header.channels):
        raise AudioUnreadable(reason="the content has another rate or other channels than its header says")
    if outcome.frames > limits.frames(header.rate_hz, header.channels):
        raise AudioTooLong(limit_s=limits.length_s)
    if header.frames is not None and outcome.frames > header.frames + _SLACK_S * header.rate_hz:
        raise AudioUnreadable(reason="more content than the header says")
    if outcome.frames == 0:
        raise AudioTooShort(least_s=1 / header.rate_hz)


def _checked(samples: NDArray[np.float32]) -> NDArray[np.float32]:
    # NaN fails every comparison, so that one test finds NaN, infinities and nonsense.
    if not float(np.max(np.abs(samples))) <= _LOUDEST:
        raise AudioUnreadable(reason="values that are no sound")
    return samples
