"""Queue doors: take an id, call a job. The job brings the decoder, so it is imported when a worker works."""

from __future__ import annotations

from uuid import UUID

from celery import shared_task


@shared_task(name="voices.ingest")
def ingest(tenant_id: str, object_id: str) -> None:
    """Judge one recording."""
    from voices.jobs import recording_ingest

    recording_ingest(tenant_id=UUID(tenant_id), job_id=UUID(object_id))
