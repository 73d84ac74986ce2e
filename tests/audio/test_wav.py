"""Our WAV against libsndfile in both directions, and headers that do not hold together."""

import io

import numpy as np
import pytest
import soundfile

from audio import wav
from audio.clip import Clip
from audio.errors import AudioUnreadable, AudioUnsupported
from tests import hostile

STEREO = Clip(np.ascontiguousarray(hostile.voice_like(0.3, channels=2).T), hostile.RATE_HZ)
STEREO.samples[1] *= -0.5


@pytest.mark.parametrize(("encoding", "error"), [("pcm16", 2**-15), ("float32", 0.0), ("mulaw", 0.02)])
def test_what_we_write_libsndfile_reads(encoding: wav.Written, error: float) -> None:
    samples, rate_hz = soundfile.read(io.BytesIO(wav.write(STEREO, encoding)), dtype="float32")
    assert rate_hz == STEREO.rate_hz
    assert np.abs(samples.T - STEREO.samples).max() <= error


@pytest.mark.parametrize("container", ["WAV", "WAVEX"])
@pytest.mark.parametrize("subtype", ["PCM_U8", "PCM_16", "PCM_24", "PCM_32", "FLOAT", "DOUBLE", "ULAW", "ALAW"])
def test_what_libsndfile_writes_we_read(container: str, subtype: str) -> None:
    data = hostile.file_of(STEREO.samples.T, container=container, subtype=subtype)
    expected, _ = soundfile.read(io.BytesIO(data), dtype="float32")
    clip = wav.read(data)
    assert clip.rate_hz == STEREO.rate_hz
    assert np.abs(clip.samples - expected.T).max() < 1e-7


def test_values_outside_the_range_are_held_and_never_wrapped() -> None:
    clip = Clip.of([1.5, -1.5, 1.0, -1.0], 8000)
    assert wav.to_pcm16(clip.samples).tolist() == [32767, -32768, 32767, -32768]


def test_a_stream_says_that_it_does_not_know_its_end() -> None:
    body = wav.to_pcm16(STEREO.samples.T).tobytes()
    data = wav.header_bytes("pcm16", STEREO.rate_hz, 2, None) + body
    header = wav.parse(data)
    assert header.declared_bytes is None
    assert header.frames == STEREO.frames
    assert wav.read(data).frames == STEREO.frames


def test_a_cut_file_is_read_as_far_as_it_goes() -> None:
    data = wav.write(STEREO)
    header = wav.parse(data[: len(data) // 2])
    assert header.declared_bytes is not None
    assert header.declared_bytes > header.data_bytes
    assert 0 < header.frames < STEREO.frames


def test_every_prefix_of_a_header_is_refused_in_our_words() -> None:
    data = wav.write(STEREO, "float32")
    start = wav.parse(data).data_start
    for length in range(start):
        with pytest.raises(AudioUnreadable):
            wav.parse(data[:length])


@pytest.mark.parametrize("tag", [2, 0x11, 0x31, 0x55, 0xFFFF])
def test_other_encodings_are_named_in_the_refusal(tag: int) -> None:
    with pytest.raises(AudioUnsupported) as refused:
        wav.parse(hostile.wav(tag=tag))
    assert str(tag) in str(refused.value.facts["found"])
