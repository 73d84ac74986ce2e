"""The relay: hands due wake-ups to Celery.

It may die at any line: a wake-up that was sent but not noted is sent again, and a message that Celery
lost is sent again when `due_at` comes round. Jobs are safe to wake twice (they claim a lease).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import F

from work.leases import CLOCK
from work.models import Outbox

RESEND_S = 10


def relay_once(send: Callable[[str, UUID, UUID], None], *, limit: int = 100) -> int:
    """Send up to `limit` due wake-ups and put each RESEND_S into the future.

    Args:
        send: ``send(task, tenant_id, object_id)``; may raise, then nothing of this batch is noted.

    Returns:
        How many were sent.
    """
    with transaction.atomic():
        due = Outbox.objects.select_for_update(skip_locked=True).filter(due_at__lte=CLOCK)
        rows = list(due.order_by("due_at")[:limit])
        Outbox.objects.filter(pk__in=[row.pk for row in rows]).update(
            sent=F("sent") + 1, due_at=CLOCK + timedelta(seconds=RESEND_S)
        )
        for row in rows:
            send(row.task, row.tenant_id, row.object_id)
    return len(rows)
