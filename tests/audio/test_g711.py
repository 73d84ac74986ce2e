"""Every value of both laws, against libsndfile's tables and the standard's own properties."""

import io

import numpy as np
import pytest
import soundfile

from audio import g711

EVERY_PCM = np.arange(-32768, 32768).astype(np.int16)
EVERY_CODE = np.arange(256, dtype=np.uint8)


def reference_codes(subtype: str) -> np.ndarray:
    target = io.BytesIO()
    soundfile.write(target, EVERY_PCM, 8000, format="RAW", subtype=subtype)
    return np.frombuffer(target.getvalue(), np.uint8)


def reference_values(subtype: str) -> np.ndarray:
    source = io.BytesIO(EVERY_CODE.tobytes())
    values, _ = soundfile.read(source, format="RAW", subtype=subtype, samplerate=8000, channels=1, dtype="int16")
    return values


def test_mulaw_is_libsndfiles_for_every_value() -> None:
    assert np.array_equal(g711.mulaw_encode(EVERY_PCM), reference_codes("ULAW"))
    assert np.array_equal(g711.mulaw_decode(EVERY_CODE), reference_values("ULAW"))


def test_alaw_decodes_as_libsndfile_does_for_every_code() -> None:
    assert np.array_equal(g711.alaw_decode(EVERY_CODE), reference_values("ALAW"))


def test_alaw_differs_from_libsndfile_only_at_the_edges_of_negative_steps() -> None:
    # libsndfile rounds negative decision values towards zero; G.711 table 1b and Sun's reference do not.
    different = g711.alaw_encode(EVERY_PCM) != reference_codes("ALAW")
    assert different.sum() == 127
    assert (EVERY_PCM[different] < 0).all()
    assert (EVERY_PCM[different] % 16 == 0).all()


@pytest.mark.parametrize(
    ("encode", "decode"), [(g711.mulaw_encode, g711.mulaw_decode), (g711.alaw_encode, g711.alaw_decode)]
)
def test_coding_is_monotone_and_decoded_values_are_fixed_points(encode, decode) -> None:
    once = decode(encode(EVERY_PCM))
    assert (np.diff(once.astype(int)) >= 0).all()
    assert np.array_equal(decode(encode(once)), once)
    assert np.abs(once.astype(int) - EVERY_PCM).max() <= 1024
