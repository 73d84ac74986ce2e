"""What an entry may say: only the shapes it must have, and commitments that open to one truth."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from audit import entries
from audit.entries import Entry, EntryRefused

ENTRY = Entry("0" * 31 + "1", "consent.withdrawn", "2026-11-21T02Z", "a" * 32, "b" * 64)
ENCODED = (
    b'{"commitment":"' + b"b" * 64 + b'","event":"consent.withdrawn","hour":"2026-11-21T02Z",'
    b'"id":"00000000000000000000000000000001","tenant":"' + b"a" * 32 + b'","v":1}'
)


def test_version_one_is_written_as_it_always_was() -> None:
    """A signed entry outlives the code: these bytes may never change."""
    assert ENTRY.encode() == ENCODED
    assert entries.parse(ENCODED) == ENTRY


def test_an_act_of_the_platform_has_no_tenant_and_a_certificate_its_digest() -> None:
    entry = replace(ENTRY, event="erasure.certified", tenant=None, public={"certificate": "c" * 64})
    assert entries.parse(entry.encode()) == entry


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("id", "Ada Lovelace"),
        ("id", "0" * 33),
        ("event", "consent.withdrawn by ada"),
        ("event", "consent"),
        ("event", "Consent.withdrawn"),
        ("event", "a." + "b" * 70),
        ("hour", "2026-11-21T02:31Z"),  # minutes would show who works when
        ("tenant", "acme bank"),
        ("commitment", "ada@example.com"),
        ("commitment", "b" * 64 + "\n"),
        ("public", {"speaker": "c" * 64}),
        ("public", {"certificate": "c" * 64}),  # allowed, but for another event
        ("id", 7),
    ],
)
def test_nothing_else_fits_into_a_field(name: str, value: object) -> None:
    with pytest.raises(EntryRefused):
        replace(ENTRY, **{name: value})


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[]",
        b"null",
        b"7",
        ENCODED + b" ",
        ENCODED.replace(b'"v":1', b'"v":2'),
        ENCODED.replace(b'"v":1', b'"v":true'),
        ENCODED.replace(b'"v":1', b'"v":1.0'),
        ENCODED.replace(b'"v":1', b'"speaker":"ada","v":1'),
        ENCODED.replace(b',"v":1', b""),
        ENCODED.replace(b'"a', b'"\\u0061', 1),
        ENCODED.replace(b":", b": ", 1),
        b"[" * 100_000,
        b"\xff",
    ],
)
def test_other_spellings_and_versions_are_refused(data: bytes) -> None:
    with pytest.raises(EntryRefused):
        entries.parse(data)


def test_a_commitment_opens_to_its_facts_alone() -> None:
    facts = {"actor": "member:1", "at": "2026-11-21T02:31:05Z", "detail": {"reason": "asked"}}
    opened = entries.opening(b"\x01" * 32, ENTRY.id)
    entry = replace(ENTRY, commitment=entries.commit(opened, facts))
    assert entries.opens(entry, opened, facts)
    assert not entries.opens(entry, opened, facts | {"actor": "member:2"})
    assert not entries.opens(entry, entries.opening(b"\x02" * 32, ENTRY.id), facts)
    assert not entries.opens(entry, entries.opening(b"\x01" * 32, "f" * 32), facts)


def test_the_same_act_of_the_same_person_is_not_recognisable_in_another_entry() -> None:
    facts = {"actor": "member:1"}
    key = b"\x01" * 32
    assert entries.commit(entries.opening(key, "0" * 32), facts) != entries.commit(
        entries.opening(key, "1" * 32), facts
    )


def test_what_has_no_single_spelling_is_not_committed_to() -> None:
    for value in (float("nan"), object(), b"bytes"):
        with pytest.raises(EntryRefused):
            entries.canonical({"value": value})


def test_hours_are_cut() -> None:
    assert entries.coarse_hour(datetime(2026, 11, 21, 2, 59, 59, tzinfo=UTC)) == "2026-11-21T02Z"
