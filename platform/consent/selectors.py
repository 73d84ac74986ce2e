"""The only ways to hold a consent and what belongs to it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.db.models import QuerySet
from django.utils.module_loading import import_string

from audio.clip import Clip
from audio.decode import decode
from consent import receipts
from consent.errors import ConsentNotActive, EvidenceMissing, ReceiptMissing
from consent.models import Challenge, Consent, Evidence, Outcome, PhraseList, Receipt, ReceiptKind
from consent.states import State
from consent.terms import Terms, parse
from problems.errors import NotFound
from speakers.models import Speaker
from storage import sealing
from storage.keys import key_store
from storage.objects import object_store
from tenants.actor import Actor, ActorKind

EVIDENCE_PURPOSE = "consent-evidence"
RECEIPT_HANDLE = "platform-receipts"


def consent_list(actor: Actor) -> QuerySet[Consent]:
    """The consents this actor may see: the tenant's, or the speaker's own. Newest first."""
    rows = Consent.objects.filter(tenant_id=actor.tenant_id)
    if actor.kind is ActorKind.SPEAKER:
        rows = rows.filter(speaker_id=actor.id) if actor.id is not None else rows.none()
    return rows.select_related("speaker").order_by("-created_at", "-id")


def consent_get(actor: Actor, consent_id: UUID) -> Consent:
    """One consent.

    Raises:
        NotFound: no such consent for this actor.
    """
    consent = consent_list(actor).filter(pk=consent_id).first()
    if consent is None:
        raise NotFound
    return consent


def terms_of(consent: Consent) -> Terms:
    """The terms as a value."""
    return parse(consent.terms)


def challenge_open(consent: Consent) -> Challenge | None:
    """The challenge that was issued last and not used, None when there is none; it may have run out."""
    return consent.challenges.filter(consumed_at=None).order_by("-created_at").first()


def phrase_list(tenant_id: UUID) -> PhraseList | None:
    """The sentences of a demonstration, None everywhere else."""
    return PhraseList.objects.filter(tenant_id=tenant_id).first()


def evidence_prefix(tenant_id: UUID, speaker_id: UUID) -> str:
    """Where everything that one speaker ever said as evidence lies in the object store."""
    return f"{tenant_id}/evidence/{speaker_id.hex}/"


def evidence_latest(consent: Consent) -> Evidence:
    """What was spoken last.

    Raises:
        EvidenceMissing: nothing was.
    """
    evidence = consent.evidence.select_related("challenge").order_by("-created_at").first()
    if evidence is None:
        raise EvidenceMissing(consent=str(consent.pk))
    return evidence


def evidence_open(evidence: Evidence, speaker: Speaker) -> bytes:
    """The file as it was sent.

    Raises:
        EvidenceMissing: erased. KeyShredded: the person's keys are.
    """
    if not evidence.object_key:
        raise EvidenceMissing(consent=str(evidence.consent_id))
    return sealing.open_bytes(
        tenant_id=evidence.tenant_id,
        handle=speaker.key_handle,
        purpose=EVIDENCE_PURPOSE,
        object_id=evidence.pk,
        data=object_store().get(evidence.object_key),
    )


def evidence_clip(*, tenant_id: UUID, consent_id: UUID) -> Clip:
    """How the speaker sounded when consenting: what a recording is compared with.

    Raises:
        EvidenceMissing: nothing that passed is there.
    """
    rows = Evidence.objects.filter(tenant_id=tenant_id, consent_id=consent_id, outcome=Outcome.PASSED)
    evidence = rows.select_related("consent__speaker").order_by("-created_at").first()
    if evidence is None:
        raise EvidenceMissing(consent=str(consent_id))
    return decode(evidence_open(evidence, evidence.consent.speaker))


def evidence_approved_before(consent: Consent) -> Evidence | None:
    """Evidence of the same speaker that an officer has approved, for another consent; None when there is none."""
    rows = Evidence.objects.filter(
        tenant_id=consent.tenant_id,
        consent__speaker_id=consent.speaker_id,
        consent__approved_at__isnull=False,
        outcome=Outcome.PASSED,
    )
    return rows.exclude(object_key="").exclude(consent=consent).order_by("-created_at").first()


def receipt_get(consent: Consent, kind: str | None = None) -> dict[str, Any]:
    """The newest receipt of a consent, or the one of `kind`, as it is handed out.

    Raises:
        ReceiptMissing: the consent was never approved, or has not ended.
    """
    rows = consent.receipts.order_by("-created_at")
    receipt = rows.filter(kind=kind).first() if kind else rows.first()
    if receipt is None:
        raise ReceiptMissing(consent=str(consent.pk))
    return receipt_bundle(receipt)


def receipt_bundle(receipt: Receipt) -> dict[str, Any]:
    """A stored receipt as it is handed out."""
    return receipts.bundle(receipts.read(receipt.document), receipt.signature, receipt_public_key())


def receipts_of(consent: Consent) -> list[dict[str, Any]]:
    """Both receipts, as far as there are any, the first one first."""
    order = [ReceiptKind.GIVEN.value, ReceiptKind.ENDED.value]
    return [receipt_bundle(row) for row in sorted(consent.receipts.all(), key=lambda row: order.index(row.kind))]


def receipt_key() -> Ed25519PrivateKey:
    """The key that receipts are signed with: derived from a key of the key store, so every host has the same.

    It is never in the database. Losing the key store's record of it makes new receipts another key's;
    old ones keep verifying under the key that was published with them.
    """
    key_store().ensure(RECEIPT_HANDLE)
    secret = key_store().commitment_key(RECEIPT_HANDLE)
    seed = HKDF(SHA256(), 32, salt=None, info=b"consonant consent receipt key v1").derive(secret)
    return Ed25519PrivateKey.from_private_bytes(seed)


def receipt_public_key() -> bytes:
    """Its public half, 32 bytes."""
    return receipt_key().public_key().public_bytes_raw()


def uses_of(speaker: Speaker) -> list[dict[str, Any]]:
    """What was made with the speaker's voice, newest first, as settings.SPEAKER_USES tells it."""
    found: list[dict[str, Any]] = import_string(settings.SPEAKER_USES)(speaker.tenant_id, speaker.pk)
    return found


def consent_newest_active(*, tenant_id: UUID, speaker_id: UUID) -> Consent | None:
    """The speaker's newest consent in state active, None when there is none. Its dates are the gate's business."""
    rows = Consent.objects.filter(tenant_id=tenant_id, speaker_id=speaker_id, state=State.ACTIVE)
    return rows.order_by("-version").first()


def consent_to_use(*, tenant_id: UUID, speaker_id: UUID) -> UUID:
    """The consent that a caller means who names none: the newest in force, else the newest there ever was.

    The gate is asked about it in either case, so a withdrawn one answers that it was withdrawn.

    Raises:
        ConsentNotActive: the speaker has never been asked.
    """
    found = consent_newest_active(tenant_id=tenant_id, speaker_id=speaker_id)
    if found is None:
        found = Consent.objects.filter(tenant_id=tenant_id, speaker_id=speaker_id).order_by("-version").first()
    if found is None:
        raise ConsentNotActive(speaker=str(speaker_id))
    return found.pk
