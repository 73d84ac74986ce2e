"""Terms: one spelling, nothing unknown, nothing without an end that needs one."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consent.errors import TermsInvalid
from consent.terms import CHANNELS, CONTENT_CLASSES, FORMAT, PURPOSES, RECIPIENTS, Terms, language_tag, parse
from consent.territories import TERRITORIES

PLAIN = {
    "purposes": ["customer_service"],
    "channels": ["phone", "app"],
    "languages": ["en", "de-ch"],
    "territories": ["DE", "CH"],
    "content_class": "service",
    "recipients": ["customers"],
    "may_finetune": True,
    "may_export": False,
    "valid_from": "2026-11-01T00:00:00Z",
    "valid_until": "2027-11-01T02:00:00+02:00",
}

moments = st.datetimes(datetime(2001, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - made aware
documents = st.fixed_dictionaries(
    {
        "purposes": st.lists(st.sampled_from(PURPOSES), min_size=1),
        "channels": st.lists(st.sampled_from(CHANNELS), min_size=1),
        "languages": st.sampled_from([["*"], ["en"], ["fr", "EN-gb", "zh-hans-CN"]]),
        "territories": st.one_of(st.just(["*"]), st.lists(st.sampled_from(sorted(TERRITORIES)), min_size=1)),
        "content_class": st.sampled_from(CONTENT_CLASSES),
        "recipients": st.lists(st.sampled_from(RECIPIENTS), min_size=1),
        "may_finetune": st.booleans(),
        "may_export": st.booleans(),
        "valid_from": moments.map(lambda at: at.isoformat()),
        "valid_until": st.just("2200-01-01T00:00:00Z"),
    }
)


def test_terms_have_one_spelling_whatever_was_sent():
    terms = parse(PLAIN)
    again = parse(PLAIN | {"channels": ["app", "phone", "app"], "valid_until": "2027-11-01T00:00:00Z"})
    assert terms == again
    assert terms.languages == ("de-CH", "en")
    assert terms.canonical() == again.canonical()
    # Fixed for ever: receipts and rows carry it. A change here is a change of the format.
    assert terms.sha256() == "3db1c4283a1667b50529f1b3c0e1dbdd8275f76649c4937ef9398830111aa6dc"


@given(documents)
def test_what_is_written_is_read_again(document):
    terms = parse(document)
    assert isinstance(terms, Terms)
    assert parse(terms.document()) == terms
    assert parse(terms.document()).sha256() == terms.sha256()


@pytest.mark.parametrize("member", sorted(PLAIN))
def test_a_missing_member_is_refused(member):
    with pytest.raises(TermsInvalid) as refused:
        parse({name: value for name, value in PLAIN.items() if name != member})
    assert refused.value.facts["member"] == member


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("unlimited", True),
        ("format", "consonant.terms/2"),
        ("purposes", []),
        ("purposes", ["*"]),
        ("purposes", "news"),
        ("channels", ["telepathy"]),
        ("languages", ["*", "en"]),
        ("languages", ["english please"]),
        ("territories", ["EU"]),
        ("territories", ["*", "DE"]),
        ("content_class", "anything"),
        ("recipients", [7]),
        ("may_finetune", "yes"),
        ("may_export", 1),
        ("valid_from", "2026-11-01T00:00:00"),
        ("valid_from", "soon"),
        ("valid_until", "2026-11-01T00:00:00Z"),
        ("valid_until", None),
    ],
)
def test_what_terms_cannot_mean_is_refused_by_name(member, value):
    with pytest.raises(TermsInvalid) as refused:
        parse(PLAIN | {member: value})
    assert refused.value.facts["member"] == member


def test_only_a_persons_own_use_may_have_no_end():
    assert parse(PLAIN | {"purposes": ["personal_aac"], "valid_until": None}).valid_until is None
    with pytest.raises(TermsInvalid):
        parse(PLAIN | {"purposes": ["personal_aac", "news"], "valid_until": None})


def test_the_format_is_in_the_signed_spelling():
    assert f'"format":"{FORMAT}"'.encode() in parse(PLAIN).canonical()


@pytest.mark.parametrize(
    ("text", "tag"),
    [("EN", "en"), ("zh-hant-tw", "zh-Hant-TW"), ("es-419", "es-419"), ("e", None), ("*", None), ("en_US", None)],
)
def test_language_tags_are_spelt_as_bcp_47_does(text, tag):
    assert language_tag(text) == tag


def test_there_are_as_many_territories_as_iso_3166_lists():
    assert len(TERRITORIES) == 249
