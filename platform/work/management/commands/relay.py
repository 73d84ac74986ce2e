"""``manage.py relay``: hand due outbox rows to Celery until told to stop."""

from __future__ import annotations

import logging
import signal
import threading
from types import FrameType
from uuid import UUID

from celery import current_app
from django.core.management.base import BaseCommand
from django.db import OperationalError, close_old_connections
from kombu.exceptions import OperationalError as BrokerAway
from redis.exceptions import RedisError

from work.relay import relay_once

log = logging.getLogger(__name__)
IDLE_S = 0.1
FIRST, LATER = 0, 3  # kombu keeps a list in Redis for each; workers empty the first one first


class Command(BaseCommand):
    """The relay process."""

    help = __doc__

    def handle(self, *args: object, **options: object) -> None:
        """Loop until SIGTERM or SIGINT; a database or broker that is away is waited for."""
        stop = threading.Event()

        def end(signum: int, frame: FrameType | None) -> None:
            stop.set()

        signal.signal(signal.SIGTERM, end)
        signal.signal(signal.SIGINT, end)
        while not stop.is_set():
            try:
                sent = relay_once(_send)
            except (OperationalError, BrokerAway, RedisError, OSError) as error:
                log.warning("relay waits", extra={"error": type(error).__name__})
                close_old_connections()
                stop.wait(1)
                continue
            if not sent:
                stop.wait(IDLE_S)


def _send(task: str, tenant_id: UUID, object_id: UUID, begun: bool) -> None:
    priority = FIRST if begun else LATER
    current_app.send_task(task, args=[str(tenant_id), str(object_id)], retry=False, priority=priority)
