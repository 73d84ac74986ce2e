"""``manage.py tenant SLUG --owner EMAIL``: make an organisation and its owner (the password is asked for)."""

from __future__ import annotations

from getpass import getpass

from django.core.management.base import BaseCommand, CommandParser

from tenants.actor import Role, system
from tenants.services import member_create, tenant_create


class Command(BaseCommand):
    """Operator's command; over HTTP there is no way to make an organisation."""

    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        """Its arguments."""
        parser.add_argument("slug")
        parser.add_argument("--owner", required=True, help="e-mail address of the owner")
        parser.add_argument("--name", default="Owner")
        parser.add_argument("--officer", help="e-mail address of a consent officer, so that somebody can approve")

    def handle(self, *args: object, slug: str, owner: str, name: str, officer: str | None, **options: object) -> None:
        """Make them."""
        tenant = tenant_create(slug=slug)
        actor = system(tenant.pk)
        member_create(actor=actor, email=owner, name=name, role=Role.OWNER, password=getpass(f"Password for {owner}: "))
        if officer:
            member_create(
                actor=actor,
                email=officer,
                name="Consent officer",
                role=Role.CONSENT_OFFICER,
                password=getpass(f"Password for {officer}: "),
            )
        self.stdout.write(f"organisation {slug} stands (id {tenant.pk})")
