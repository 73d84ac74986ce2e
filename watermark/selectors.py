"""The only ways to hold marks and verifications, and what may be told about a mark to whom."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db.models import QuerySet
from django.utils.module_loading import import_string

from audio.clip import Clip
from isolation.scope import tenant_scope
from problems.errors import NotFound
from storage.errors import KeyMissing, KeyShredded
from storage.sealing import open_bytes
from tenants.actor import Actor, Scope
from watermark.codec import fingerprint
from watermark.codec.keys import MarkKey
from watermark.codec.outputs import Output, Outputs
from watermark.findings import Finding, Found, look
from watermark.leaving import search_keys
from watermark.models import FINGERPRINT, AttributionGrant, Mark, MarkPlace, MarkRecord, Verification


def verification_list(actor: Actor) -> QuerySet[Verification]:
    """The tenant's verifications."""
    return Verification.objects.filter(tenant_id=actor.tenant_id)


def verification_get(actor: Actor, verification_id: UUID) -> Verification:
    """One verification.

    Raises:
        NotFound: no such verification of this tenant.
    """
    found = verification_list(actor).filter(pk=verification_id).first()
    if found is None:
        raise NotFound()
    return found


def carries_our_mark(clip: Clip) -> bool:
    """Whether the clip, or part of it, was made here, at whatever tempo and pitch it is played.

    Answers settings.CONSENT_MARK_CHECK: what we made is nobody's live voice. A worker's work: half the length of
    the clip in processor time.
    """
    keys = search_keys()
    return look(clip, keys, "full", known_outputs(keys)).verdict == "ours"


def known_outputs(keys: Sequence[MarkKey]) -> list[Outputs]:
    """Every output that was ever released, of all tenants, as one list for each of the platform's own keys."""
    return [Outputs.of(key, _outputs(key.epoch)) for key in keys if key.record is None]


def _outputs(epoch: int) -> Iterator[Output]:
    rows = MarkPlace.objects.filter(epoch=epoch).values_list("record", "place", "tens_of_s")
    return (Output(record, place, 10.0 * tens) for record, place, tens in rows.iterator(chunk_size=10_000))


def with_content(finding: Finding, clip: Clip) -> Finding:
    """The finding, each mark told apart from a mark that was copied onto other speech."""
    return replace(finding, marks=tuple(replace(mark, content=_content(mark, clip)) for mark in finding.marks))


def _content(found: Found, clip: Clip) -> str:
    entry = MarkRecord.objects.filter(pk=found.record).first() if found.record is not None else None
    if entry is None:
        return "unknown"
    stored = _fingerprint(entry)
    if stored is None:
        return "unknown"
    part = found.part_of(clip).mono()
    return fingerprint.match(stored, part.samples, part.rate_hz).content


def _fingerprint(entry: MarkRecord) -> bytes | None:
    """What the output sounded like; None once its person was erased. Never leaves the process."""
    with tenant_scope(entry.tenant_id):
        mark = Mark.objects.filter(record=entry.record).first()
    if mark is None or mark.sealed_fingerprint is None:
        return None
    try:
        return open_bytes(
            tenant_id=mark.tenant_id,
            handle=mark.subject_handle,
            purpose=FINGERPRINT,
            object_id=mark.pk,
            data=bytes(mark.sealed_fingerprint),
        )
    except (KeyShredded, KeyMissing):
        return None


def may_attribute(actor: Actor) -> bool:
    """Whether this actor hears whose the marks of other tenants are: by role or scope, and by the operator's grant."""
    granted = AttributionGrant.objects.filter(tenant_id=actor.tenant_id)
    return actor.may(Scope.VERIFICATIONS_ATTRIBUTE) and granted.exists()


def attribution(actor: Actor, verification: Verification) -> list[dict[str, Any]]:
    """What stands behind each mark that was found, as far as `actor` may know it; asked afresh every time.

    Told to the tenant that made the sound, and to whoever `may_attribute`. For anybody else the list is empty, as
    it is for a mark whose record could not be read.
    """
    records = [int(mark["record"], 16) for mark in verification.marks if mark["record"] is not None]
    entries = MarkRecord.objects.filter(pk__in=records)
    all_of_them = may_attribute(actor)
    told = [entry for entry in entries if all_of_them or entry.tenant_id == actor.tenant_id]
    return [{"record": f"{entry.record:012x}", **_behind(entry)} for entry in told]


def foreign_owners(actor: Actor, verification: Verification) -> set[UUID]:
    """Other tenants whose marks `attribution` tells this actor about; they get a line in their log."""
    records = [int(mark["record"], 16) for mark in verification.marks if mark["record"] is not None]
    owners = MarkRecord.objects.filter(pk__in=records).values_list("tenant_id", flat=True)
    return set(owners) - {actor.tenant_id} if may_attribute(actor) else set()


def _behind(entry: MarkRecord) -> dict[str, Any]:
    record_behind: Callable[[UUID, UUID], dict[str, Any] | None] = import_string(settings.MARK_RECORDS)
    facts = record_behind(entry.tenant_id, entry.synthesis_id)
    return {"standing": "erased"} if facts is None else {"standing": "held", **facts}
