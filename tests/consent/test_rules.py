"""The rule over the whole scope matrix, against a naive twin that spells it out."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consent.errors import UseInvalid
from consent.rules import DECLARED, Decision, Use, decide
from consent.terms import CHANNELS, CONTENT_CLASSES, PURPOSES, RECIPIENTS, Terms

FROM, UNTIL = datetime(2026, 11, 1, tzinfo=UTC), datetime(2027, 11, 1, tzinfo=UTC)
LANGUAGES = ("en", "en-GB", "eng", "de", "zh-Hans-CN")
TERRITORIES = ("DE", "US", "CN")

some = {
    "purposes": st.sets(st.sampled_from(PURPOSES), min_size=1),
    "channels": st.sets(st.sampled_from(CHANNELS), min_size=1),
    "languages": st.one_of(st.just({"*"}), st.sets(st.sampled_from(LANGUAGES), min_size=1)),
    "territories": st.one_of(st.just({"*"}), st.sets(st.sampled_from(TERRITORIES), min_size=1)),
    "recipients": st.sets(st.sampled_from(RECIPIENTS), min_size=1),
}
terms_ = st.builds(
    Terms,
    **{name: values.map(lambda chosen: tuple(sorted(chosen))) for name, values in some.items()},
    content_class=st.sampled_from(CONTENT_CLASSES),
    may_finetune=st.booleans(),
    may_export=st.booleans(),
    valid_from=st.just(FROM),
    valid_until=st.sampled_from([UNTIL, None]),
)
uses = st.builds(
    Use,
    purpose=st.sampled_from(("", *PURPOSES)),
    channel=st.sampled_from(("", *CHANNELS)),
    language=st.sampled_from(("", *LANGUAGES)),
    territory=st.sampled_from(("", *TERRITORIES)),
    content_class=st.sampled_from(("", *CONTENT_CLASSES)),
    recipient=st.sampled_from(("", *RECIPIENTS)),
    act=st.sampled_from(sorted(DECLARED)),
)
moments = st.sampled_from([FROM - timedelta(seconds=1), FROM, UNTIL - timedelta(microseconds=1), UNTIL])


def naive(terms: Terms, use: Use, now: datetime) -> bool:
    """The rule, written a second time without sharing a line with the first."""
    ends = terms.valid_until or datetime.max.replace(tzinfo=UTC)
    inside = {
        "purpose": use.purpose in terms.purposes,
        "channel": use.channel in terms.channels,
        "language": bool(use.language)
        and any(
            allowed == "*" or use.language.split("-")[: len(allowed.split("-"))] == allowed.split("-")
            for allowed in terms.languages
        ),
        "territory": bool(use.territory) and ("*" in terms.territories or use.territory in terms.territories),
        "content_class": use.content_class in CONTENT_CLASSES[: CONTENT_CLASSES.index(terms.content_class) + 1],
        "recipient": use.recipient in terms.recipients,
    }
    granted = {"finetune": terms.may_finetune, "export": terms.may_export}.get(use.act, True)
    return FROM <= now < ends and granted and all(inside[part] for part in DECLARED[use.act])


@given(terms_, uses, moments)
def test_the_rule_agrees_with_its_naive_twin(terms, use, now):
    assert decide(terms, use, now).allowed == naive(terms, use, now)


@given(terms_, uses, moments)
def test_wider_terms_never_refuse_what_narrower_ones_allow(terms, use, now):
    wider = replace(
        terms,
        purposes=PURPOSES,
        channels=CHANNELS,
        languages=("*",),
        territories=("*",),
        recipients=RECIPIENTS,
        content_class="unrestricted",
        may_finetune=True,
        may_export=True,
        valid_until=None,
    )
    if decide(terms, use, now).allowed:
        assert decide(wider, use, now).allowed


def test_every_cell_of_the_matrix_is_as_declared():
    terms = Terms(
        ("customer_service", "news"),
        ("phone",),
        ("en",),
        ("DE", "US"),
        "service",
        ("customers",),
        False,
        False,
        FROM,
        UNTIL,
    )
    cells = 0
    for purpose, channel, language, territory, content, recipient in product(
        PURPOSES, CHANNELS, LANGUAGES, TERRITORIES, CONTENT_CLASSES, RECIPIENTS
    ):
        use = Use(purpose, channel, language, territory, content, recipient)
        wanted = (
            purpose in ("customer_service", "news")
            and channel == "phone"
            and language in ("en", "en-GB")
            and territory in ("DE", "US")
            and content in ("scripted", "service")
            and recipient == "customers"
        )
        assert decide(terms, use, FROM).allowed == wanted, use
        cells += 1
    assert cells == len(PURPOSES) * len(CHANNELS) * 5 * 3 * 4 * len(RECIPIENTS)


def test_a_language_that_only_begins_alike_is_another_language():
    terms = Terms(("news",), ("web",), ("en",), ("*",), "general", ("public",), False, False, FROM, UNTIL)
    use = Use("news", "web", "eng", "US", "general", "public")
    assert decide(terms, use, FROM) == Decision("language")


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"purpose": ""}, "undeclared"),
        ({"purpose": "advertising"}, "purpose"),
        ({"channel": "web"}, "channel"),
        ({"territory": "CN"}, "territory"),
        ({"content_class": "general"}, "content_class"),
        ({"recipient": "public"}, "recipient"),
    ],
)
def test_the_first_reason_is_named(change, reason):
    terms = Terms(("news",), ("phone",), ("*",), ("DE",), "service", ("customers",), False, False, FROM, UNTIL)
    use = Use("news", "phone", "en", "DE", "service", "customers")
    assert decide(terms, use, FROM).allowed
    assert decide(terms, replace(use, **change), FROM) == Decision(reason)
    assert decide(terms, use, UNTIL) == Decision("expired")
    assert decide(terms, use, FROM - timedelta(microseconds=1)) == Decision("not_yet_valid")
    assert decide(terms, replace(use, act="export"), FROM) == Decision("act")


@pytest.mark.parametrize("wrong", [{"purpose": "fun"}, {"language": "EN"}, {"territory": "XX"}, {"act": "sell"}])
def test_a_use_that_no_terms_could_allow_is_not_a_use(wrong):
    with pytest.raises(UseInvalid):
        Use(**wrong)
