"""Queue doors: take an id, call a job. The jobs bring torch, so they are imported when a worker works."""

from __future__ import annotations

from uuid import UUID

from celery import shared_task


@shared_task(name="synthesis.render")
def render(tenant_id: str, object_id: str) -> None:
    """Speak one synthesis."""
    from synthesis.jobs import synthesis_render

    synthesis_render(tenant_id=UUID(tenant_id), job_id=UUID(object_id))


@shared_task(name="synthesis.finetune")
def finetune(tenant_id: str, object_id: str) -> None:
    """Make one version of a voice."""
    from synthesis.jobs import finetune_train

    finetune_train(tenant_id=UUID(tenant_id), job_id=UUID(object_id))
