"""A mark that leaves the platform as tables: the same field, a key of its own, and nothing else that can be forged."""

import numpy as np
import pytest

from watermark.codec import detect, portable
from watermark.codec.embed import embed
from watermark.codec.field import gain_field
from watermark.codec.keys import STRETCHES, MarkKey
from watermark.codec.pattern import STRETCH, Pattern

PLATFORM = MarkKey(b"p" * 32)
RECORD = 0x1234_5678_9ABC
LEAVING = PLATFORM.leaving("export/one", RECORD)


@pytest.fixture
def said(speech) -> tuple[np.ndarray, int]:
    return speech("woman")


@pytest.mark.parametrize(("start", "first"), [(0, 0), (1, 17), (8190, 40), (5000, 900)])
def test_the_tables_write_the_field_of_the_codec(start: int, first: int) -> None:
    made = portable.tables(LEAVING).gains(start, first, 60)
    wanted = gain_field(LEAVING, RECORD, 0, start, rate_hz=24_000)(first, 60)
    assert np.abs(made - wanted).max() < 1e-4


def test_a_platform_key_is_never_written_out() -> None:
    for key in (PLATFORM, MarkKey(b"p" * 32, record=5), MarkKey(b"p" * 32, stretches=1)):
        with pytest.raises(ValueError, match="leaves"):
            portable.tables(key)


def test_the_ring_of_a_leaving_key_closes_after_one_stretch() -> None:
    pattern = Pattern(LEAVING)
    assert pattern.length == STRETCH
    around, again = pattern.chips(STRETCH - 5, 10), pattern.chips(0, 5)
    assert (around.signs[5:] == again.signs).all()
    assert (around.code[5:] == again.code).all()


def test_the_keys_have_nothing_in_common() -> None:
    other = PLATFORM.leaving("export/two", RECORD)
    signs = [Pattern(key).pilots(0, STRETCH).astype(int) for key in (PLATFORM, LEAVING, other)]
    for one, two in ((0, 1), (0, 2), (1, 2)):
        agree = (signs[one] * signs[two]).sum() / (signs[one] * signs[two] != 0).sum()
        assert abs(agree) < 0.02
    assert LEAVING.master not in (PLATFORM.master, other.master)


def test_the_platform_finds_it_among_its_keys_and_names_its_record(said: tuple[np.ndarray, int]) -> None:
    speech, rate_hz = said
    keys = [PLATFORM, *(PLATFORM.leaving(f"export/{number}", number) for number in range(6)), LEAVING]
    marked = embed(speech, rate_hz, LEAVING, RECORD, salt=0)
    found = detect.detect(marked.samples, rate_hz, keys, search="none")
    assert (found.verdict, found.record) == ("ours", RECORD)
    assert found.marks[0].key == LEAVING


def test_a_mark_of_the_platform_is_still_found_beside_many_exports(said: tuple[np.ndarray, int]) -> None:
    speech, rate_hz = said
    keys = [PLATFORM, *(PLATFORM.leaving(f"export/{number}", number) for number in range(6))]
    marked = embed(speech, rate_hz, PLATFORM, 77)
    found = detect.detect(marked.samples, rate_hz, keys, search="none")
    assert (found.verdict, found.record) == ("ours", 77)


def test_what_is_forged_with_an_export_comes_out_as_that_export(said: tuple[np.ndarray, int]) -> None:
    """Somebody with the tables marks other speech, and tries another record: it is that export's mark all the same."""
    speech, rate_hz = said
    forged = embed(speech, rate_hz, LEAVING, RECORD ^ 1, salt=0)
    found = detect.detect(forged.samples, rate_hz, [PLATFORM, LEAVING], search="none")
    assert found.record == RECORD
    assert detect.detect(forged.samples, rate_hz, [PLATFORM], search="none").verdict != "ours"


def test_unmarked_speech_stays_unmarked_with_many_keys(said: tuple[np.ndarray, int]) -> None:
    speech, rate_hz = said
    keys = [PLATFORM, *(PLATFORM.leaving(f"export/{number}", number) for number in range(8))]
    assert detect.detect(speech, rate_hz, keys, search="none").verdict != "ours"


def test_a_search_pays_for_stretches() -> None:
    from watermark.codec.plan import families

    family = families("none")[0]
    whole, one = family.log_cost(STRETCHES, 1), family.log_cost(1, 1)
    assert whole - one == pytest.approx(np.log(STRETCHES))
