"""The relay: hands due wake-ups to Celery.

It may die at any line: a wake-up that was sent but not noted is sent again, and a message that Celery
lost is sent again when `due_at` comes round. Jobs are safe to wake twice (they claim a lease).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import Case, DurationField, ExpressionWrapper, F, Value, When
from django.db.models.functions import Least, Power

from work.leases import CLOCK
from work.models import Outbox

# Doubled with each time that nobody came, four times at most: where many wait, few are sent again. What was begun is
# not among the many, and went first: when nobody came for that, its message died with another worker.
RESEND_S = 10


def relay_once(send: Callable[[str, UUID, UUID, bool], None], *, limit: int = 100) -> int:
    """Send up to `limit` due wake-ups and put each into the future, in case the message is lost.

    Args:
        send: ``send(task, tenant_id, object_id, begun)``; may raise, then nothing of this batch is noted. What was
            begun before is to go first: it has waited longest, and its worker has died or given it back.

    Returns:
        How many were sent.
    """
    with transaction.atomic():
        due = Outbox.objects.select_for_update(skip_locked=True).filter(due_at__lte=CLOCK)
        rows = list(due.order_by("due_at")[:limit])
        doubled = Value(timedelta(seconds=RESEND_S)) * Power(2, Least(F("sent"), 2))
        pause = Case(
            When(begun=True, then=Value(timedelta(seconds=RESEND_S))),
            default=ExpressionWrapper(doubled, DurationField()),
        )
        Outbox.objects.filter(pk__in=[row.pk for row in rows]).update(sent=F("sent") + 1, due_at=CLOCK + pause)
        for row in rows:
            send(row.task, row.tenant_id, row.object_id, row.begun)
    return len(rows)
