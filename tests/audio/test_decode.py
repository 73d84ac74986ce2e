"""The way in: what comes out is what libsndfile hears, and no file hurts the caller."""

import io
import os
import random
import signal
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import psutil
import pytest
import soundfile

from audio import sandbox
from audio.decode import confined, decode
from audio.errors import AudioTooLong
from audio.headers import Limits
from problems.errors import Invalid
from tests import hostile

ROOT = Path(__file__).resolve().parents[2] / "platform"
# What a decoder may hear something in after all, within the limits.
MAY_BE_SOUND = {"mp3 of garbage frames", "flac bomb that says one second"}


@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize(("container", "subtype"), hostile.CONTAINERS)
def test_a_clip_is_what_libsndfile_hears(container: str, subtype: str, channels: int) -> None:
    data = hostile.file_of(hostile.voice_like(2.0, channels=channels), hostile.RATE_HZ, container, subtype)
    expected, rate_hz = soundfile.read(io.BytesIO(data), dtype="float32", always_2d=True)
    clip = decode(data)
    assert (clip.rate_hz, clip.channels) == (rate_hz, channels)
    assert clip.samples.shape == ((len(expected),) if channels == 1 else (2, len(expected)))
    assert np.abs(np.atleast_2d(clip.samples) - expected.T).max() < 1e-6


def test_files_are_decoded_under_the_filter_here() -> None:
    assert confined()


def test_the_corpus_never_becomes_a_clip_and_never_hurts(corpus: dict[str, bytes]) -> None:
    before = sandbox.current().process.pid
    for name, data in corpus.items():
        try:
            clip = decode(data)
        except Invalid:
            continue
        assert name in MAY_BE_SOUND, f"{name} became {clip.frames} frames"
        assert np.isfinite(clip.samples).all()
    assert sandbox.current().process.pid == before


@pytest.mark.soak
def test_mutants_end_in_a_sound_clip_or_our_own_refusal(scale: Callable[[int], int]) -> None:
    seed, count = 20261121, scale(250)
    refused = 0
    for data in hostile.mutants(count, seed):
        try:
            clip = decode(data)
        except Invalid:
            refused += 1
            continue
        assert np.isfinite(clip.samples).all()
        assert clip.length_s <= Limits().length_s
    print(f"seed {seed}: {refused} of {count} refused, 0 of {count} hurt (95 % bound {3 / count:.2%})")
    assert 0.2 * count < refused < count


def test_a_bomb_that_lies_is_found_while_it_unpacks(corpus: dict[str, bytes]) -> None:
    with pytest.raises(AudioTooLong):
        decode(corpus["flac bomb of unknown length"], Limits(length_s=30))
    # libsndfile stops where the stream information says, so that this lie costs nothing.
    assert decode(corpus["flac bomb that says one second"], Limits(length_s=30)).length_s <= 1.0


def test_an_unknown_length_within_the_limits_is_fine() -> None:
    data = hostile.file_of(hostile.voice_like(1.0), container="FLAC")
    assert decode(hostile.flac_claiming(data, 0)).frames == 16_000


def test_callers_in_many_threads_each_get_their_own() -> None:
    lengths = [0.2 + 0.1 * index for index in range(12)]
    files = [hostile.file_of(hostile.voice_like(length), container="FLAC") for length in lengths]
    with ThreadPoolExecutor(6) as pool:
        frames = [clip.frames for clip in pool.map(decode, files)]
    assert frames == [round(length * hostile.RATE_HZ) for length in lengths]


def test_a_helper_that_was_killed_is_replaced() -> None:
    data = hostile.seeds()[0]
    first = sandbox.current().process.pid
    decode(data)
    os.kill(first, signal.SIGKILL)
    assert decode(data).frames == 6400
    assert sandbox.current().process.pid != first


def test_a_forked_caller_has_a_helper_of_its_own_and_leaves_none_behind() -> None:
    source = (
        "import os, sys\nfrom audio import decode, sandbox\n"
        "data = open(sys.argv[1], 'rb').read()\ndecode.decode(data); mine = sandbox.current().process.pid\n"
        "child = os.fork()\n"
        "if child == 0:\n"
        "    decode.decode(data); other = sandbox.current().process.pid\n"
        "    sandbox._close_at_exit(); os._exit(0 if other != mine else 1)\n"
        "status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])\n"
        "decode.decode(data)\nprint(status, sandbox.current().process.pid == mine, mine)\n"
    )
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", source, "/dev/stdin"],
        cwd=ROOT, input=hostile.seeds()[1], capture_output=True, check=True,
    )  # fmt: skip
    status, same, pid = done.stdout.split()
    assert (status, same) == (b"0", b"True")
    assert not psutil.pid_exists(int(pid))


def test_a_child_that_was_taken_over_cannot_make_us_believe_its_numbers() -> None:
    from audio import decode as module
    from audio import room
    from audio.headers import Header

    header, limits = Header("wav", 16_000, 1, 16_000), Limits(length_s=10)
    honest = room.Outcome(room.Status.DONE, 16_000, 1, 16_000)
    module._believe(honest, header, limits)
    for lie in (
        room.Outcome(room.Status.DONE, 16_000, 1, 2**60),
        room.Outcome(room.Status.DONE, 16_000, 64, 16_000),
        room.Outcome(room.Status.DONE, 48_000, 1, 16_000),
        room.Outcome(room.Status.DONE, 16_000, 1, 0),
        room.Outcome(room.Status.NOTHING, 16_000, 1, 16_000),
    ):
        with pytest.raises(Invalid):
            module._believe(lie, header, limits)
    memory = bytearray(random.Random(4).randbytes(room.HEAD_BYTES))
    assert room.take(memory).status is room.Status.NOTHING  # type: ignore[arg-type]  # any buffer serves
