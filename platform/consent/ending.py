"""How a consent is written down when it begins to hold and when it ends: state, log, receipt, reactions.

Every function here works inside its caller's transaction, on a row that the caller has locked. What
other packages have to do when a consent ends - cancel jobs, quarantine outputs - they do in that
same transaction, by the functions that settings.CONSENT_REACTIONS lists.
"""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.utils.module_loading import import_string

from audit.services import record
from consent import receipts
from consent.models import Consent, Receipt, ReceiptKind
from consent.selectors import receipt_key
from consent.states import State
from consent.terms import canonical_json, moment_text
from isolation.scope import database_now
from tenants.models import Tenant


def consent_end(consent: Consent, state: State, *, ended_by: str) -> None:
    """Move an active consent to a final state and tell everybody who works under it.

    A release that already holds the row FOR SHARE commits first; every later one finds the row ended.
    """
    consent.state = state.value
    consent.ended_at, consent.ended_by = database_now(), ended_by
    consent.save(update_fields=["state", "ended_at", "ended_by"])
    entry = note(consent, f"consent.{state}", actor=ended_by)
    receipt_write(consent, ReceiptKind.ENDED, event=f"consent.{state}", entry=entry)
    for name in settings.CONSENT_REACTIONS:
        import_string(name)(tenant_id=consent.tenant_id, consent_id=consent.pk, reason=str(state))


def note(consent: Consent, event: str, *, actor: str, **detail: Any) -> int:
    """Write the act into the log, sealed under the speaker's key; answers with the entry's number."""
    return record(
        event=event,
        tenant_id=consent.tenant_id,
        actor=actor,
        object_id=consent.pk,
        subject_handle=consent.speaker.key_handle,
        detail={"version": consent.version, "terms_sha256": consent.terms_sha256, **detail},
    )


def receipt_write(consent: Consent, kind: ReceiptKind, *, event: str, entry: int) -> Receipt:
    """Sign what has just happened and keep it with the consent."""
    document = _document(consent, event, entry)
    return Receipt.objects.create(
        tenant_id=consent.tenant_id,
        consent=consent,
        kind=kind,
        document=canonical_json(document).decode("utf-8"),
        signature=receipts.sign(document, receipt_key()),
    )


def _document(consent: Consent, event: str, entry: int) -> dict[str, Any]:
    at = consent.ended_at or consent.approved_at
    return {
        "format": receipts.FORMAT,
        "event": event,
        "at": moment_text(at) if at else None,
        "organisation": Tenant.objects.values_list("slug", flat=True).get(pk=consent.tenant_id),
        "platform": settings.PUBLIC_URL,
        "speaker": str(consent.speaker_id),
        "consent": str(consent.pk),
        "version": consent.version,
        "terms": consent.terms,
        "terms_sha256": consent.terms_sha256,
        "text": {"locale": consent.text_locale, "version": consent.text_version, "sha256": consent.text_sha256},
        "approved_by": f"member:{consent.approved_by_id}" if consent.approved_by_id else None,
        "approved_at": moment_text(consent.approved_at) if consent.approved_at else None,
        "ended_by": consent.ended_by or None,
        "log_entry": entry,
        "withdrawal": "by your own link, at any time, without giving a reason",
    }
