"""The error-correcting code, the pattern, and how they meet."""

import numpy as np
import pytest

from watermark.codec import pattern, payload, polar
from watermark.codec.keys import MarkKey


def test_encoding_is_the_kronecker_power_over_gf_2() -> None:
    """Against the matrix of the definition, built the naive way."""
    matrix = np.array([[1]], np.uint8)
    for _ in range(9):
        matrix = np.kron(np.array([[1, 0], [1, 1]], np.uint8), matrix)
    bits = np.random.default_rng(0).integers(2, size=(5, polar.K)).astype(np.uint8)
    word = np.zeros((5, polar.N), np.uint8)
    word[:, polar._info_mask()] = bits
    assert (polar.encode(bits) == word @ matrix % 2).all()


@pytest.mark.parametrize(("eb_n0_db", "most_errors"), [(2.5, 1), (1.5, 5)])
def test_decoding_at_low_signal(eb_n0_db: float, most_errors: int) -> None:
    """40 words at the quoted signal: 2.5 dB must be nearly free of errors, 1.5 dB mostly."""
    rng, key = np.random.default_rng(3), MarkKey(b"k" * 32)
    records = [int(number) for number in rng.integers(2**48, size=40)]
    words = payload.words_of(key, records).astype(np.float32)
    sigma = np.sqrt(polar.N / polar.K / 2 * 10 ** (-eb_n0_db / 10))
    heard = (words + sigma * rng.standard_normal(words.shape)).astype(np.float32)
    read = payload.read_words(key, heard)
    assert sum(a != b for a, b in zip(read, records, strict=True)) <= most_errors


def test_noise_spells_no_record() -> None:
    """The check lets at most a list of 16 in 65,536 through: none of 30 (bound 3/30, expectation 0.007)."""
    noise = np.random.default_rng(4).standard_normal((30, polar.N)).astype(np.float32)
    assert payload.read_words(MarkKey(b"k" * 32), noise) == [None] * 30


def test_another_key_cannot_read_the_record() -> None:
    word = payload.word_of(MarkKey(b"a" * 32), 5).astype(np.float32)
    assert payload.read_words(MarkKey(b"b" * 32), word[None]) == [None]


@pytest.mark.parametrize("record", [-1, 2**48])
def test_a_record_has_48_bits(record: int) -> None:
    with pytest.raises(ValueError, match="48 bits"):
        payload.word_of(MarkKey(b"k" * 32), record)


def test_any_stretch_of_the_pattern_equals_the_same_part_of_a_longer_one() -> None:
    source = pattern.Pattern(MarkKey(b"k" * 32))
    whole, part = source.chips(5000, 300), source.chips(5100, 50)
    assert (whole.signs[100:150] == part.signs).all()
    assert (whole.pilot[100:150] == part.pilot).all()
    assert (whole.code[100:150] == part.code).all()


def test_the_pattern_closes_into_a_ring() -> None:
    source = pattern.Pattern(MarkKey(b"k" * 32))
    across = source.chips(pattern.LENGTH - 10, 20)
    assert (across.signs[10:] == source.chips(0, 10).signs).all()


def test_every_symbol_time_has_its_pilots_and_every_second_all_payload_signs() -> None:
    chips = pattern.Pattern(MarkKey(b"k" * 32)).chips(123, 104)
    narrow = slice(0, pattern.NARROW)
    assert (chips.pilot[:, narrow].sum(axis=1) == pattern.PILOTS[0]).all()
    assert (chips.pilot[:, pattern.NARROW :].sum(axis=1) == pattern.PILOTS[1]).all()
    carried = chips.code[:, narrow][~chips.pilot[:, narrow]]
    assert len(set(carried.tolist())) == payload.WORD


def test_the_pattern_does_not_repeat_within_minutes() -> None:
    """Normalised agreement of ten minutes with any shift of itself stays at chance."""
    signs = pattern.Pattern(MarkKey(b"k" * 32)).pilots(0, 30_000)[:, 3].astype(np.float64)
    spectrum = np.fft.rfft(signs, 65536)
    against = np.fft.irfft(np.abs(spectrum) ** 2)[1:29_000] / (signs**2).sum()
    assert np.abs(against).max() < 0.05


def test_different_keys_have_unrelated_patterns() -> None:
    one, other = (pattern.Pattern(MarkKey(letter * 32)).chips(0, 2000).signs for letter in (b"a", b"b"))
    assert abs((one.astype(float) * other).mean()) < 0.02


def test_places_are_salts_and_starts() -> None:
    assert pattern.salt_and_start(pattern.place_of(77, 4321)) == (77, 4321)
