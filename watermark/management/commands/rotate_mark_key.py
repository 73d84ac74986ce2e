"""``manage.py rotate_mark_key [--first]``: begin a new epoch of the mark key, or only make the first key."""

from __future__ import annotations

from django.core.management.base import BaseCommand, CommandParser

from watermark import ring


class Command(BaseCommand):
    """New outputs carry the new epoch at once; older marks stay readable."""

    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        """Its argument."""
        parser.add_argument("--first", action="store_true", help="make the first key, and change nothing if one stands")

    def handle(self, *args: object, first: bool, **options: object) -> None:
        """Rotate, unless only a first key is wanted, and say which epoch is in force."""
        epoch = ring.live_keys()[0].epoch if first and ring.stands() else ring.rotate()
        self.stdout.write(f"epoch {epoch} is in force")
