"""``manage.py sweep``: call what has to happen with time - expiry, orphans - for every tenant, until told to stop.

Nothing relies on it for a promise: an expired consent is refused by its own dates at the gates. The
sweep makes the state visible and gives room back.
"""

from __future__ import annotations

import logging
import signal
import threading
from types import FrameType

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser
from django.db import OperationalError, close_old_connections
from django.utils.module_loading import import_string

from isolation.scope import tenant_scope
from tenants.models import Tenant

log = logging.getLogger(__name__)


class Command(BaseCommand):
    """The sweeper process."""

    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        """Its arguments."""
        parser.add_argument("--every", type=float, default=10.0, help="seconds between rounds")
        parser.add_argument("--once", action="store_true", help="one round, then end")

    def handle(self, *args: object, every: float, once: bool, **options: object) -> None:
        """Loop until SIGTERM or SIGINT; a database that is away is waited for."""
        stop = threading.Event()

        def end(signum: int, frame: FrameType | None) -> None:
            stop.set()

        signal.signal(signal.SIGTERM, end)
        signal.signal(signal.SIGINT, end)
        while not stop.is_set():
            try:
                sweep()
            except OperationalError as error:
                log.warning("sweep waits", extra={"error": type(error).__name__})
                close_old_connections()
            if once:
                break
            stop.wait(every)


def sweep() -> None:
    """One round: each of settings.SWEEPS as ``sweep(tenant_id=...)`` in a transaction of its own per tenant."""
    for tenant in Tenant.objects.all():
        for name in settings.SWEEPS:
            with tenant_scope(tenant.pk):
                import_string(name)(tenant_id=tenant.pk)
