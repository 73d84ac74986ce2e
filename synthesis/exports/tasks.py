"""Queue door of exports; the job brings torch, so it is imported when a worker works."""

from __future__ import annotations

from uuid import UUID

from celery import shared_task


@shared_task(name="synthesis.export")
def export(tenant_id: str, object_id: str) -> None:
    """Write one voice out."""
    from synthesis.exports.jobs import export_make

    export_make(tenant_id=UUID(tenant_id), job_id=UUID(object_id))
