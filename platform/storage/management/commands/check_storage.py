"""``manage.py check_storage``: try out the object store, the intake and the key store, and say what holds."""

from __future__ import annotations

from collections.abc import Iterable

from django.core.management.base import BaseCommand, CommandError

from storage.keys import key_store
from storage.objects import intake_store, object_store
from storage.probe import Finding, KeyProbe, ObjectProbe


class Command(BaseCommand):
    """The storage probe."""

    help = __doc__

    def handle(self, *args: object, **options: object) -> None:
        """Print one line per check; exit 1 when one that the product needs has failed."""
        failed = 0
        failed += self._report("objects", ObjectProbe(object_store()).run())
        failed += self._report("intake", ObjectProbe(intake_store()).run())
        failed += self._report("keys", KeyProbe(key_store()).run())
        if failed:
            raise CommandError(f"{failed} needed checks failed: do not run the platform on this storage")

    def _report(self, place: str, findings: Iterable[Finding]) -> int:
        failed = 0
        for one in findings:
            word = "ok" if one.held else "FAILED" if one.needed else "no"
            self.stdout.write(f"{place:8} {word:7} {one.name}{f' ({one.note})' if one.note else ''}")
            failed += one.needed and not one.held
        return failed
