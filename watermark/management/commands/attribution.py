"""``manage.py attribution SLUG --grant REASON|--revoke``: may its compliance hear whose foreign marks are?"""

from __future__ import annotations

from django.core.management.base import BaseCommand, CommandError, CommandParser

from tenants.models import Tenant
from watermark.services import attribution_grant, attribution_revoke


class Command(BaseCommand):
    """Operator's command; over HTTP nobody can give or take this right."""

    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        """Its arguments."""
        parser.add_argument("slug")
        what = parser.add_mutually_exclusive_group(required=True)
        what.add_argument("--grant", metavar="REASON", help="why, as it will stand in the organisation's log")
        what.add_argument("--revoke", action="store_true")

    def handle(self, *args: object, slug: str, grant: str | None, revoke: bool, **options: object) -> None:
        """Give or take it."""
        tenant = Tenant.objects.filter(slug=slug).first()
        if tenant is None:
            raise CommandError(f"no organisation {slug}")
        if grant is not None:
            attribution_grant(tenant_id=tenant.pk, reason=grant)
        else:
            attribution_revoke(tenant_id=tenant.pk)
        self.stdout.write(f"{slug}: attribution {'revoked' if revoke else 'granted'}")
