"""``manage.py tenant SLUG --owner EMAIL``: make an organisation and its owner (the password is asked for)."""

from __future__ import annotations

from getpass import getpass

from django.core.management.base import BaseCommand, CommandError, CommandParser

from tenants.actor import Role, system
from tenants.errors import PasswordWeak
from tenants.membership import password_check
from tenants.models import Member
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
        people = [(owner, name, Role.OWNER)] + ([(officer, "Consent officer", Role.CONSENT_OFFICER)] if officer else [])
        passwords = [_password(email, called) for email, called, _ in people]
        tenant = tenant_create(slug=slug)
        for (email, called, role), password in zip(people, passwords, strict=True):
            member_create(actor=system(tenant.pk), email=email, name=called, role=role, password=password)
        self.stdout.write(f"organisation {slug} stands (id {tenant.pk})")


def _password(email: str, name: str) -> str:
    password = getpass(f"Password for {email}: ")
    try:
        password_check(password, Member(email=email, name=name))
    except PasswordWeak as error:
        raise CommandError(error.detail) from error
    return password
