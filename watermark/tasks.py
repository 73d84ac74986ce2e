"""Queue doors of watermark."""

from __future__ import annotations

from uuid import UUID

from celery import shared_task


@shared_task(name="watermark.search")
def search(tenant_id: str, object_id: str) -> None:
    """Search one clip in full."""
    from watermark.jobs import verification_search

    verification_search(tenant_id=UUID(tenant_id), job_id=UUID(object_id))
