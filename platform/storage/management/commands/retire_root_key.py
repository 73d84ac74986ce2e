"""``manage.py retire_root_key``: wrap every key anew under a new root key file and destroy the old one.

For the directory key store; with KMS the rotation of the KMS key is the cloud's. Run it after
erasures when the disk may keep old blocks: copies of destroyed records then open with nothing.
"""

from __future__ import annotations

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from storage.keyfiles import retire_root


class Command(BaseCommand):
    """Retires the root key."""

    help = __doc__

    def handle(self, *args: object, **options: object) -> None:
        """Retire the root; safe to run again after a crash."""
        if settings.KEY_STORE != "directory":
            raise CommandError("the keys are not in files here")
        count = retire_root(settings.DATA_DIR / "keys")
        self.stdout.write(f"{count} handles are wrapped under a new root key; the old one is destroyed")
