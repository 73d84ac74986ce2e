"""``manage.py restore``: after the database (and the objects) were put back, before anything is opened.

1. Takes back the log's entries that were published after the backup was made.
2. Replays the ledger: whoever was erased after the backup is erased again, and so on.
3. Signs what this itself has put on the log, and re-derives the whole log.

Safe to run again. It ends with an error, and the platform must stay closed, when anything does not
add up.
"""

from __future__ import annotations

from django.core.management.base import BaseCommand, CommandError

from audit.adopt import log_adopt
from audit.jobs import log_integrate
from audit.whole import log_check
from erasure.replay import ledger_replay
from problems.errors import DomainError


class Command(BaseCommand):
    """What follows a restored backup."""

    help = __doc__

    def handle(self, *args: object, **options: object) -> None:
        """Adopt, replay, integrate, check."""
        try:
            taken = log_adopt()
            self.stdout.write(f"log: {taken} entries taken back from what was published")
            replayed = ledger_replay()
            self.stdout.write(f"ledger: {replayed.erasures} erasures and {replayed.others} other notes replayed")
            while log_check().waiting:
                log_integrate()
            self.stdout.write(f"log: {log_check().size} entries, whole; the platform may open")
        except DomainError as error:
            raise CommandError(f"stay closed: {error.detail} {error.facts or ''}") from error
