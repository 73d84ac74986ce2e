"""Queue door of erasure."""

from __future__ import annotations

from uuid import UUID

from celery import shared_task


@shared_task(name="erasure.run")
def run(tenant_id: str, object_id: str) -> None:
    """Carry one erasure as far as it goes."""
    from erasure.jobs import erasure_run  # as every queue door: the work is imported by who works

    erasure_run(tenant_id=UUID(tenant_id), job_id=UUID(object_id))
