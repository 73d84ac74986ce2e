"""Give marks to outputs; take questions about clips.

Decoding and searching take processor time, so they happen before or after a transaction, never inside one.
"""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass
from secrets import randbits
from uuid import UUID, uuid4

from django.db import IntegrityError, transaction

from audio.decode import decode
from audio.headers import Limits
from audit.services import record
from isolation.scope import tenant_scope
from storage.objects import object_store
from storage.sealing import seal_bytes
from tenants.actor import Actor
from watermark.codec.keys import MarkKey
from watermark.codec.pattern import place_of
from watermark.codec.payload import RECORD_BITS
from watermark.findings import Confirmation, Finding, Place, look
from watermark.jobs import CLIP_LIMITS, verification_note
from watermark.leaving import leaving_key, search_keys
from watermark.models import (
    FINGERPRINT,
    PENDING,
    PENDING_KIND,
    SEARCH_TASK,
    AttributionGrant,
    Mark,
    MarkPlace,
    MarkRecord,
    Verification,
)
from watermark.ring import live_keys
from watermark.selectors import attribution, foreign_owners, with_content
from work.leases import CLOCK, enqueue
from work.models import JobState

__all__ = ["live_keys"]  # the ring's door for the packages above

STRANGER_LIMITS = Limits(file_bytes=8 * 1024 * 1024, length_s=60.0, samples=60 * 48_000 * 2, cpu_s=5, wall_s=15)
QUICK_S = 60.0  # of sound; about a second of work
DRAWS = 8


# --- Marks ------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Issue:
    """A record id that is one attempt's alone, and the key of the epoch in force."""

    record: int
    key: MarkKey


def mark_issue(*, tenant_id: UUID, synthesis_id: UUID) -> Issue:
    """A new record id for one attempt to speak a synthesis. Opens its own transaction.

    The id is known to be ours from here on, whatever becomes of the attempt; an id whose sound was never
    released is heard by nobody.
    """
    with tenant_scope(tenant_id):
        return Issue(_new_record(tenant_id, synthesis_id), live_keys()[0])


def leaving_issue(*, tenant_id: UUID, export_id: UUID) -> Issue:
    """A record for one attempt to write a voice out, and the key that marks it alone. Opens its own transaction."""
    epoch = live_keys()[0].epoch
    with tenant_scope(tenant_id):
        drawn = _new_record(tenant_id, export_id, leaving_epoch=epoch)
    return Issue(drawn, leaving_key(drawn, epoch))


def _new_record(tenant_id: UUID, synthesis_id: UUID, leaving_epoch: int | None = None) -> int:
    for _ in range(DRAWS):
        drawn = randbits(RECORD_BITS)
        try:
            with transaction.atomic():
                MarkRecord.objects.create(
                    record=drawn, tenant_id=tenant_id, synthesis_id=synthesis_id, leaving_epoch=leaving_epoch
                )
        except IntegrityError:
            continue  # the id is taken: after a hundred million outputs this happens once in three million
        return drawn
    raise RuntimeError(f"{DRAWS} draws of {RECORD_BITS} bits were all taken: the random source is broken")


def mark_confirm(
    *, tenant_id: UUID, synthesis_id: UUID, subject_handle: str, issue: Issue, place: Place, seen: Confirmation
) -> Mark:
    """Keep the mark of an output that is being released, in that transaction; the release trigger asks for it.

    Of an output that is still being made (`rolling`) the fingerprint is empty and follows in `mark_complete`.
    """
    mark = Mark(
        tenant_id=tenant_id,
        record=issue.record,
        synthesis_id=synthesis_id,
        subject_handle=subject_handle,
        epoch=issue.key.epoch,
        salt=place[0],
        start=place[1],
        read_back_p=seen.read_back_p,
        markable_s=seen.markable_s,
        blind=seen.blind,
    )
    mark.sealed_fingerprint = _sealed(mark, seen.fingerprint)
    mark.save(force_insert=True)
    MarkPlace.objects.create(
        record=issue.record, epoch=issue.key.epoch, place=place_of(*place), tens_of_s=math.ceil(seen.at_most_s / 10)
    )
    return mark


def mark_complete(*, tenant_id: UUID, synthesis_id: UUID, seen: Confirmation) -> None:
    """What only the whole output shows of a mark that was confirmed at its beginning."""
    mark = Mark.objects.get(tenant_id=tenant_id, synthesis_id=synthesis_id)
    mark.read_back_p, mark.markable_s = max(mark.read_back_p, seen.read_back_p), seen.markable_s
    mark.sealed_fingerprint = _sealed(mark, seen.fingerprint)
    mark.save(update_fields=["read_back_p", "markable_s", "sealed_fingerprint"])


def _sealed(mark: Mark, data: bytes) -> bytes | None:
    if not data:
        return None
    return seal_bytes(
        tenant_id=mark.tenant_id, handle=mark.subject_handle, purpose=FINGERPRINT, object_id=mark.pk, data=data
    )


# --- Verifications -----------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Examined:
    """A clip after the quick look: what is needed to answer, or to hand it on to the full search.

    `finding` is None for a clip that is too long to be looked at while somebody waits.
    """

    data: bytes
    sha256: str
    length_s: float
    finding: Finding | None


def clip_examine(data: bytes, limits: Limits = CLIP_LIMITS) -> Examined:
    """Decode foreign bytes in the sandbox and take the quick look. No transaction may be open.

    Raises:
        what `audio.decode.decode` raises; MarkKeyMissing.
    """
    clip = decode(data, limits)
    finding = with_content(look(clip, search_keys(), "quick"), clip) if clip.length_s <= QUICK_S else None
    return Examined(data, hashlib.sha256(data).hexdigest(), clip.length_s, finding)


def clip_judge(data: bytes) -> str:
    """The verdict of the quick look alone, for strangers; nothing is kept. No transaction may be open.

    Raises:
        as `clip_examine`; the limits are narrower.
    """
    return look(decode(data, STRANGER_LIMITS), search_keys(), "quick").verdict


@transaction.atomic
def verification_request(*, actor: Actor, examined: Examined) -> Verification:
    """Answer at once where the quick look decides; otherwise keep the clip, sealed, for the full search."""
    verification = Verification(
        tenant_id=actor.tenant_id, clip_sha256=examined.sha256, length_s=round(examined.length_s, 3)
    )
    if examined.finding is not None and examined.finding.decides:
        for name, value in examined.finding.columns.items():
            setattr(verification, name, value)
        verification.state, verification.progress, verification.finished_at = JobState.DONE, 100, CLOCK
        verification.save(force_insert=True)
        verification.refresh_from_db()
        verification_note(verification, actor.label)
        return verification
    verification.pending_key = _put_aside(actor.tenant_id, verification.pk, examined.data)
    verification.save(force_insert=True)
    enqueue(tenant_id=actor.tenant_id, task=SEARCH_TASK, object_id=verification.pk)
    record(
        event="verification.requested",
        tenant_id=actor.tenant_id,
        actor=actor.label,
        object_id=verification.pk,
        detail={"clip_sha256": examined.sha256},
    )
    return verification


def _put_aside(tenant_id: UUID, verification_id: UUID, data: bytes) -> str:
    """Keep the clip until its search has ended. A crash from here on leaves a sealed orphan for the sweep."""
    key = f"{tenant_id}/{PENDING_KIND}/{uuid4()}"
    sealed = seal_bytes(tenant_id=tenant_id, handle="", purpose=PENDING, object_id=verification_id, data=data)
    object_store().put(key, sealed)
    return key


@transaction.atomic
def attribution_tell(*, actor: Actor, verification: Verification) -> list[dict[str, object]]:
    """What stands behind the marks, as far as `actor` may know; another tenant learns that its record was read."""
    for owner in foreign_owners(actor, verification):
        with tenant_scope(owner):
            record(
                event="mark.attributed",
                tenant_id=owner,
                actor=actor.label,
                object_id=verification.pk,
                detail={"to_tenant": str(actor.tenant_id)},
            )
    return attribution(actor, verification)


def attribution_grant(*, tenant_id: UUID, reason: str) -> None:
    """Let a tenant's compliance members hear whose the marks of other tenants are. The operator's act."""
    with tenant_scope(tenant_id):
        _, made = AttributionGrant.objects.get_or_create(tenant_id=tenant_id, defaults={"reason": reason})
        if made:
            record(event="attribution.granted", tenant_id=tenant_id, actor="operator", detail={"reason": reason})


def attribution_revoke(*, tenant_id: UUID) -> None:
    """Take it back; in force with the next question."""
    with tenant_scope(tenant_id):
        if AttributionGrant.objects.filter(tenant_id=tenant_id).delete()[0]:
            record(event="attribution.revoked", tenant_id=tenant_id, actor="operator")
