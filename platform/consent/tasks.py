"""Queue doors of consent."""

from __future__ import annotations

from uuid import UUID

from celery import shared_task


@shared_task(name="consent.check_evidence")
def check_evidence(tenant_id: str, object_id: str) -> None:
    """Check one piece of spoken evidence."""
    from consent.jobs import evidence_check  # the recogniser stays behind this door

    evidence_check(tenant_id=UUID(tenant_id), job_id=UUID(object_id))
