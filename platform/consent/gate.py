"""The gate: whether a consent allows a use now. Every use asks here, and it answers by raising or not.

Admission and the worker's start ask without the lock, to be early; the release asks with it, and only
that answer is relied upon. The database asks the same question for itself (``consent_is_live``), in the
triggers of the tables whose rows may not be released without a live consent.
"""

from __future__ import annotations

from uuid import UUID

from django.db import connection

from consent.errors import ConsentExpired, ConsentNotActive, ConsentScope, ConsentSuperseded, ConsentWithdrawn
from consent.models import Consent
from consent.rules import Use, decide
from consent.selectors import terms_of
from consent.states import State
from problems.errors import NotFound
from speakers.errors import SpeakerErased
from speakers.models import SpeakerState
from work.leases import CLOCK


def consent_require(*, tenant_id: UUID, consent_id: UUID, use: Use, lock: bool) -> Consent:
    """The consent, when it allows `use` now; every gate asks here.

    Args:
        lock: hold the consent's and the speaker's row FOR SHARE until the transaction ends. The
            releasing transaction has to, before it changes rows of its own; the others need not.

    Raises:
        NotFound: no such consent of this tenant. SpeakerErased.
        ConsentNotActive, ConsentWithdrawn, ConsentExpired, ConsentSuperseded: by its state or dates.
        ConsentScope: the use lies outside the terms; the fact ``reason`` says where.
    """
    if lock:
        _hold(tenant_id, consent_id)
    # The clock is read with the row, and so after any wait for the lock.
    rows = Consent.objects.select_related("speaker").annotate(read_at=CLOCK)
    consent = rows.filter(tenant_id=tenant_id, pk=consent_id).first()
    if consent is None:
        raise NotFound
    if consent.speaker.state != SpeakerState.ACTIVE:
        raise SpeakerErased(speaker=str(consent.speaker_id))
    _require_active(consent)
    decision = decide(terms_of(consent), use, consent.read_at)
    if decision.reason in ("not_yet_valid", "expired"):
        raise ConsentExpired(consent=str(consent.pk), reason=decision.reason)
    if not decision.allowed:
        raise ConsentScope(consent=str(consent.pk), reason=decision.reason)
    return consent


def _hold(tenant_id: UUID, consent_id: UUID) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT consent_is_live(%s, %s)", [tenant_id, consent_id])


def _require_active(consent: Consent) -> None:
    match State(consent.state):
        case State.ACTIVE:
            return
        case State.WITHDRAWN:
            raise ConsentWithdrawn(consent=str(consent.pk))
        case State.EXPIRED:
            raise ConsentExpired(consent=str(consent.pk), reason="expired")
        case State.SUPERSEDED:
            raise ConsentSuperseded(consent=str(consent.pk))
        case State.DRAFT | State.PENDING | State.REFUSED:
            raise ConsentNotActive(consent=str(consent.pk), state=consent.state)
