"""``manage.py ready``: whether this process reaches what it needs; the health check of a container without a port."""

from __future__ import annotations

from django.core.management.base import BaseCommand, CommandError

from config.health import outcomes


class Command(BaseCommand):
    """The readiness question of /readyz, asked by hand."""

    help = __doc__

    def handle(self, *args: object, **options: object) -> None:
        """Print what answers; exit 1 when something does not."""
        found = outcomes()
        self.stdout.write(", ".join(f"{name}: {outcome}" for name, outcome in found.items()))
        if set(found.values()) != {"ok"}:
            raise CommandError("not ready")
