"""The gate: true headers pass with the truth, everything over a limit stops before a decoder sees it."""

import time

import numpy as np
import pytest

from audio import headers
from audio.errors import AudioRateUnsupported, AudioTooLarge, AudioTooLong, AudioUnreadable, AudioUnsupported
from audio.headers import Limits
from tests import hostile


@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("rate_hz", [8000, 16000, 24000, 48000])
@pytest.mark.parametrize(("container", "subtype"), hostile.CONTAINERS)
def test_a_true_header_is_told_truly(container: str, subtype: str, rate_hz: int, channels: int) -> None:
    data = hostile.file_of(hostile.voice_like(1.5, rate_hz, channels), rate_hz, container, subtype)
    header = headers.check(data, Limits())
    assert (header.rate_hz, header.channels, header.cut) == (rate_hz, channels, False)
    assert header.frames is not None
    # MP3 counts its encoder's padding: two or three frames of 576 or 1,152 samples.
    assert 0 <= header.frames - 1.5 * rate_hz <= (3456 if container == "MP3" else 0)


@pytest.mark.parametrize(
    ("name", "error"),
    [
        ("wav of 0 Hz", AudioUnreadable),
        ("wav of 2,147,483,647 Hz", AudioRateUnsupported),
        ("wav of 1,024 channels", AudioTooLong),
        ("wav of no channels", AudioUnreadable),
        ("wav of endless chunks", AudioUnreadable),
        ("wav of eleven minutes", AudioTooLong),
        ("wav of 4 bit samples", AudioUnsupported),
        ("flac of eleven minutes", AudioTooLong),
        ("flac of three hours by its header", AudioTooLong),
        ("flac whose metadata never ends", AudioUnreadable),
        ("opus of 255 channels", AudioTooLong),
        ("opus of endless pages", AudioUnreadable),
        ("opus of a far clock", AudioTooLong),
        ("opus twice in a chain", AudioUnreadable),
        ("ogg of nothing we know", AudioUnreadable),
        ("mp3 of eleven minutes", AudioTooLong),
        ("mp3 behind a tag of 256 MiB", AudioUnreadable),
        ("m4a", AudioUnsupported),
        ("zip", AudioUnsupported),
        ("nothing", AudioUnsupported),
    ],
)
def test_the_gate_alone_refuses(name: str, error: type[Exception], corpus: dict[str, bytes]) -> None:
    with pytest.raises(error):
        headers.check(corpus[name], Limits())


def test_the_refusal_of_m4a_names_it_and_what_is_read(corpus: dict[str, bytes]) -> None:
    with pytest.raises(AudioUnsupported) as refused:
        headers.check(corpus["m4a"], Limits())
    assert refused.value.facts["found"] == "m4a"
    assert "flac" in refused.value.facts["accepted"]


def test_bytes_are_counted_first() -> None:
    with pytest.raises(AudioTooLarge):
        headers.check(bytes(1001), Limits(file_bytes=1000))


def test_samples_over_all_channels_are_limited() -> None:
    data = hostile.file_of(hostile.voice_like(1.0, channels=2))
    assert headers.check(data, Limits(samples=32_000)).frames == 16_000
    with pytest.raises(AudioTooLong):
        headers.check(data, Limits(samples=31_998))


@pytest.mark.parametrize("tag", [b"", b"ID3\x04\0\0\0\0\0\0", b"ID3\x03\0\0\0\0\x10\0" + bytes(2048)])
def test_sound_behind_tags_is_found(tag: bytes) -> None:
    for data in (hostile.seeds()[1], hostile.seeds()[4]):
        assert headers.check(tag + data, Limits()).start == len(tag)


def test_a_refusal_costs_microseconds(corpus: dict[str, bytes]) -> None:
    # 500 refused uploads a second at the edge need 2 ms each for everything; the gate may take half of that.
    names = ["wav of 1,024 channels", "flac of three hours by its header", "m4a", "opus of a far clock"]
    begin = time.perf_counter()
    for name in names * 50:
        with pytest.raises(Exception, match="audio-"):
            headers.check(corpus[name], Limits())
    assert (time.perf_counter() - begin) / 200 < 1e-3


def test_the_length_of_a_wav_is_what_is_there_and_not_what_it_says() -> None:
    data = hostile.wav(body=np.zeros(1600, "<i2").tobytes(), declared=2**31)
    header = headers.check(data, Limits())
    assert header.frames == 1600
    assert header.cut
