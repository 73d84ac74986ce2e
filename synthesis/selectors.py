"""The only ways to hold fine-tunes and syntheses, and what other packages may ask about them."""

from __future__ import annotations

from typing import Any, TypeVar
from uuid import UUID

from django.db.models import QuerySet

from consent.models import Consent
from consent.rules import Use
from consent.services import consent_require
from consent.states import State
from isolation.scope import tenant_scope
from problems.errors import NotFound
from synthesis.errors import ConsentOfAnother, SynthesisErased
from synthesis.exports.selectors import behind, exports_of_speaker
from synthesis.models import FineTune, FineTuneKind, Synthesis
from tenants.actor import Actor

J = TypeVar("J", Synthesis, FineTune)
_USE = ("purpose", "channel", "language", "territory", "content_class", "recipient")


def synthesis_list(actor: Actor) -> QuerySet[Synthesis]:
    """The tenant's syntheses; those of erased people are not shown."""
    return Synthesis.objects.filter(tenant_id=actor.tenant_id, erased_at=None)


def synthesis_get(actor: Actor, synthesis_id: UUID) -> Synthesis:
    """One synthesis.

    Raises:
        NotFound: no such synthesis of this tenant.
        SynthesisErased: there was one, and its speaker has been erased.
    """
    found = Synthesis.objects.filter(tenant_id=actor.tenant_id, pk=synthesis_id).first()
    return _there(found)


def finetune_list(actor: Actor) -> QuerySet[FineTune]:
    """The tenant's fine-tunes; those of erased people are not shown."""
    return FineTune.objects.filter(tenant_id=actor.tenant_id, erased_at=None)


def finetune_get(actor: Actor, finetune_id: UUID) -> FineTune:
    """One fine-tune.

    Raises:
        NotFound: no such fine-tune of this tenant.
        SynthesisErased: there was one, and its speaker has been erased.
    """
    found = FineTune.objects.filter(tenant_id=actor.tenant_id, pk=finetune_id).first()
    return _there(found)


def _there(found: J | None) -> J:
    if found is None:
        raise NotFound()
    if found.erased_at is not None:
        raise SynthesisErased()
    return found


def use_of(synthesis: Synthesis) -> Use:
    """The use that was declared for a synthesis."""
    return Use(**{name: getattr(synthesis, name) for name in _USE}, act="synthesise")


def training_use(kind: str) -> Use:
    """What making a version asks of a consent: a trained voice needs the right to fine-tune, a preview does not."""
    return Use(act="finetune" if kind == FineTuneKind.ADAPTED else "enrol")


def consent_asked(*, tenant_id: UUID, consent_id: UUID, speaker_id: UUID, use: Use, lock: bool) -> Consent:
    """The consent, when it allows `use` of this speaker's voice at this moment.

    Raises:
        Refused: see ``consent.services.consent_require``; also when it is another speaker's consent.
    """
    consent = consent_require(tenant_id=tenant_id, consent_id=consent_id, use=use, lock=lock)
    if consent.speaker_id != speaker_id:
        raise ConsentOfAnother()
    return consent


def record_behind(tenant_id: UUID, synthesis_id: UUID) -> dict[str, Any] | None:
    """What stands behind a mark: synthesis, voice version, consent then and now. Answers settings.MARK_RECORDS.

    Returns:
        The facts, or None when the record was erased with its person.
    """
    with tenant_scope(tenant_id):
        rows = Synthesis.objects.select_related("consent").filter(pk=synthesis_id, erased_at=None)
        synthesis = rows.first()
        if synthesis is None:
            return behind(synthesis_id)
        return {
            "synthesis": str(synthesis.pk),
            "voice_version": str(synthesis.version_id),
            "consent": str(synthesis.consent_id),
            "consent_version": synthesis.consent.version,
            # Nothing is released without a live consent, so that is what it was then.
            "consent_then": State.ACTIVE.value if synthesis.released_at else "none",
            "consent_now": synthesis.consent.state,
            "released_at": synthesis.released_at.isoformat() if synthesis.released_at else None,
        }


def uses_of_speaker(tenant_id: UUID, speaker_id: UUID) -> list[dict[str, Any]]:
    """Everything that was made, or is being made, with this person's voice. Answers settings.SPEAKER_USES.

    For the person's own page: newest first, without the texts and without the tenant's other business.
    """
    with tenant_scope(tenant_id):
        syntheses = Synthesis.objects.filter(consent__speaker_id=speaker_id).order_by("-created_at")[:500]
        tunes = FineTune.objects.filter(consent__speaker_id=speaker_id).order_by("-created_at")[:100]
        uses = [_synthesis_use(row) for row in syntheses] + [_finetune_use(row) for row in tunes]
        uses += exports_of_speaker(speaker_id)
    return sorted(uses, key=lambda use: str(use["requested_at"]), reverse=True)


def _synthesis_use(row: Synthesis) -> dict[str, Any]:
    return {
        "what": "synthesis",
        "id": str(row.pk),
        "state": "quarantined" if row.quarantined_at else row.state,
        "consent": str(row.consent_id),
        "use": {name: getattr(row, name) for name in _USE},
        "length_s": row.length_s,
        "requested_at": row.created_at.isoformat(),
        "released_at": row.released_at.isoformat() if row.released_at else None,
    }


def _finetune_use(row: FineTune) -> dict[str, Any]:
    return {
        "what": "finetune",
        "id": str(row.pk),
        "state": row.state,
        "consent": str(row.consent_id),
        "use": {"kind": row.kind},
        "length_s": None,
        "requested_at": row.created_at.isoformat(),
        "released_at": None,
    }
