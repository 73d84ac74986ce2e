"""``manage.py rotate_mark_key``: begin a new epoch of the mark key; makes the first key where there is none."""

from __future__ import annotations

from django.core.management.base import BaseCommand

from watermark import ring


class Command(BaseCommand):
    """New outputs carry the new epoch at once; older marks stay readable."""

    help = __doc__

    def handle(self, *args: object, **options: object) -> None:
        """Rotate and say which epoch is in force."""
        self.stdout.write(f"epoch {ring.rotate()} is in force")
