"""Queue doors: take an id, call a job. The jobs bring torch, so they are imported when a worker works."""

from __future__ import annotations

import os
from typing import Any
from uuid import UUID

from celery import shared_task
from celery.signals import worker_init


@shared_task(name="synthesis.render")
def render(tenant_id: str, object_id: str) -> None:
    """Speak one synthesis."""
    from synthesis.jobs import synthesis_render

    synthesis_render(tenant_id=UUID(tenant_id), job_id=UUID(object_id))


@shared_task(name="synthesis.stream")
def stream(tenant_id: str, object_id: str) -> None:
    """Speak one synthesis to whoever listens."""
    from synthesis.streams.jobs import stream_render

    stream_render(tenant_id=UUID(tenant_id), job_id=UUID(object_id))


@shared_task(name="synthesis.convert")
def convert(tenant_id: str, object_id: str) -> None:
    """Say a recording in a voice."""
    from synthesis.conversions.jobs import conversion_render

    conversion_render(tenant_id=UUID(tenant_id), job_id=UUID(object_id))


@shared_task(name="synthesis.finetune")
def finetune(tenant_id: str, object_id: str) -> None:
    """Make one version of a voice."""
    from synthesis.jobs import finetune_train

    finetune_train(tenant_id=UUID(tenant_id), job_id=UUID(object_id))


@worker_init.connect
def warm_up(sender: Any, **_: object) -> None:
    """Load the voice model before anybody waits for it, in the worker that speaks streams.

    There the work is divided by streams. Were each product of matrices divided as well, the helpers of every thread
    would wait for work by turning in circles: on two busy cores that cost twenty times the CPU. The other workers
    divide their products, but wait asleep.
    """
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # read, as the next, when torch is loaded
    if "stream" in sender.app.amqp.queues.consume_from:
        os.environ.setdefault("OMP_NUM_THREADS", "1")
        from synthesis.enginehost import HOST

        HOST.engine.prepare("Everything that the first word needs is read now.")
