"""Published consent texts never change: somebody may have agreed to them."""

import pytest

from consent.errors import LocaleUnknown
from consent.phrases import locales
from consent.wording import text_for, texts

# Made by `sha256sum platform/consent/texts/*`. A line here is for ever; a better text is a new version.
PUBLISHED = {
    ("de", 1): "399d281dfd3c218ed19a5f158a5c23b347ea49eac636e225f25e47b7b78f4773",
    ("en", 1): "84b5ca8673abf6b1e984a19822ec42d940d35886995cfed4a68f6322084245d0",
    ("es", 1): "bb89c37891ddd8f110456cd3388e6a308b8b45c89bef2f600758f179f694fbb6",
    ("fr", 1): "d994b48859c31cf9ad4c03fa266b01027e9713abb76ec83a2fd63eee17f2e544",
    ("zh", 1): "b888727a54363a6b859e8c3574465994456bc959cc4a98df70abe68c31978119",
}


def test_every_published_text_is_as_it_was():
    assert {(text.locale, text.version): text.sha256 for text in texts()} == PUBLISHED


def test_every_language_with_words_has_a_text():
    assert tuple(sorted({text.locale for text in texts()})) == locales()


def test_every_text_says_the_seven_things():
    for text in texts():
        numbered = [
            line for line in text.body.splitlines() if line[:2] in {f"{n}." for n in range(1, 8)} or "、" in line[:2]
        ]
        assert len(numbered) == 7, text.locale


def test_the_newest_version_is_taken_and_an_unknown_language_refused():
    assert text_for("de").version == 1
    assert text_for("de", 1) == text_for("de")
    with pytest.raises(LocaleUnknown):
        text_for("de", 99)
    with pytest.raises(LocaleUnknown):
        text_for("nl")
