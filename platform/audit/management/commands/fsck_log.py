"""``manage.py fsck_log``: re-derive the whole log from what it serves; exit 1 unless everything adds up."""

from __future__ import annotations

import time

from django.core.management.base import BaseCommand, CommandError

from audit.errors import LogBroken
from audit.whole import log_check


class Command(BaseCommand):
    """The log's checker."""

    help = __doc__

    def handle(self, *args: object, **options: object) -> None:
        """Check every entry, tile, row and the signed head."""
        start = time.monotonic()
        try:
            found = log_check()
        except LogBroken as error:
            raise CommandError(f"the log does not add up: {error.detail} {error.facts or ''}") from error
        spent = time.monotonic() - start
        self.stdout.write(f"whole: {found.size} entries under the signed root {found.root.hex()}")
        self.stdout.write(f"{found.waiting} recorded and waiting; checked in {spent:.1f} s")
