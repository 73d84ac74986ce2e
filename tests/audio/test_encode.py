"""The way out: every format holds the sound, at a rate it can carry, and says what it is."""

import numpy as np
import pytest

from audio.clip import Clip
from audio.decode import decode
from audio.encode import Encoded, Format, decode_raw, encode, rate_for
from audio.errors import AudioRateUnsupported, AudioTooShort
from audio.resample import resample
from tests import hostile

CLIP = Clip(hostile.voice_like(3.0, 24_000)[:, 0], 24_000)
LEAST_SNR_DB = {
    Format.WAV: 60, Format.FLAC: 60, Format.PCM: 60, Format.MP3: 12, Format.OPUS: 5,
    Format.MULAW: 25, Format.MULAW_WAV: 25,
}  # fmt: skip


def read(encoded: Encoded) -> Clip:
    return decode_raw(encoded) if encoded.format in (Format.PCM, Format.MULAW) else decode(encoded.data)


@pytest.mark.parametrize("to", Format)
def test_the_sound_survives_in_place(to: Format) -> None:
    encoded = encode(CLIP, to)
    back = read(encoded)
    assert (back.rate_hz, back.channels) == (encoded.rate_hz, 1)
    expected = resample(CLIP, encoded.rate_hz)
    assert abs(back.frames - expected.frames) <= 1
    length = min(back.frames, expected.frames)
    error = back.samples[:length] - expected.samples[:length]
    snr_db = 10 * np.log10((expected.samples**2).sum() / ((error**2).sum() + 1e-12))
    assert snr_db > LEAST_SNR_DB[to]


@pytest.mark.parametrize("to", [Format.WAV, Format.FLAC, Format.PCM, Format.MP3, Format.OPUS])
def test_two_channels_stay_two(to: Format) -> None:
    stereo = Clip(np.stack([CLIP.samples, np.zeros_like(CLIP.samples)]), CLIP.rate_hz)
    back = read(encode(stereo, to))
    assert back.channels == 2
    assert np.abs(back.samples[1]).max() < 0.02


def test_long_clips_do_not_overflow_the_encoders() -> None:
    long = Clip(np.tile(CLIP.samples, 20), CLIP.rate_hz)
    assert read(encode(long, Format.OPUS)).length_s == pytest.approx(60, abs=0.1)


def test_what_is_too_loud_is_held_at_the_ends() -> None:
    loud = Clip(CLIP.samples * 20, CLIP.rate_hz)
    for to in (Format.WAV, Format.FLAC, Format.PCM):
        assert np.abs(read(encode(loud, to)).samples).max() <= 1.0


@pytest.mark.parametrize(
    ("to", "rate_hz", "leaves"),
    [
        (Format.WAV, 22_050, 22_050),
        (Format.OPUS, 22_050, 24_000),
        (Format.OPUS, 96_000, 48_000),
        (Format.MP3, 22_050, 22_050),
        (Format.MULAW, 24_000, 8_000),
    ],
)
def test_a_format_takes_the_nearest_rate_it_has(to: Format, rate_hz: int, leaves: int) -> None:
    assert rate_for(to, rate_hz) == leaves


def test_an_impossible_rate_is_refused_by_name() -> None:
    with pytest.raises(AudioRateUnsupported) as refused:
        encode(CLIP, Format.OPUS, 44_100)
    assert 48_000 in refused.value.facts["accepted"]


def test_an_empty_clip_is_refused() -> None:
    with pytest.raises(AudioTooShort):
        encode(Clip.of([], 24_000), Format.WAV)


def test_media_types_say_what_the_bytes_do_not() -> None:
    types = {to: encode(CLIP, to).media_type for to in Format}
    assert types[Format.PCM] == "audio/pcm;rate=24000;channels=1"
    assert types[Format.OPUS] == "audio/ogg;codecs=opus"
    assert types[Format.MULAW] == "audio/basic"
    with pytest.raises(ValueError, match="header"):
        decode_raw(encode(CLIP, Format.WAV))
