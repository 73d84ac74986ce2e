"""``manage.py demo``: make the demonstration's organisation and tell the story against the running server."""

from __future__ import annotations

import secrets
import sys
from pathlib import Path

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser

from audio.decode import decode
from config.demo.client import Answered, Client
from config.demo.console import Console
from config.demo.people import Cast, Person, StoryBroken, read_takes
from config.demo.story import Story
from consent.services import phrase_list_set
from isolation.scope import tenant_scope
from tenants.actor import PERSON_ONLY, Role, Scope, system
from tenants.models import Member, Tenant
from tenants.selectors import tenant_by_slug
from tenants.services import key_issue, member_create, tenant_create
from watermark.codec.detect import detect
from watermark.picture import draw
from watermark.ring import live_keys

SPEECH = Path(__file__).resolve().parents[2] / "demo" / "speech"
SLUG = "demo"
MEMBERS = {
    Role.OWNER: "owner@demo.example",
    Role.PRODUCER: "producer@demo.example",
    Role.CONSENT_OFFICER: "officer@demo.example",
    Role.COMPLIANCE: "compliance@demo.example",
}


class Command(BaseCommand):
    """The demonstration."""

    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        """Its arguments."""
        parser.add_argument("--speech", type=Path, default=SPEECH / "ljspeech", help="metadata.csv and audio/")
        parser.add_argument("--takes", type=int, default=12, help="how many recordings to enrol, 0 for all")

    def handle(self, *args: object, speech: Path, takes: int, **options: object) -> None:
        """Tell the story.

        Raises:
            CommandError: a step did not end as it has to; also in production, where there is no demonstration.
        """
        if settings.MODE == "production":
            raise CommandError("the demonstration does not run in production")
        console = Console(sys.stdout)
        try:
            story = self._story(console, speech, takes)
            story.tell()
        except (StoryBroken, Answered) as error:
            raise CommandError(f"the story broke: {error}") from error
        with console.step("The log once more, read as it is served and derived anew"):
            call_command("fsck_log", stdout=self.stdout)
        console.fact(f"the files are in {story.cast.out}")

    def _story(self, console: Console, speech: Path, count: int) -> Story:
        mine, second = read_takes(speech)[: count or None], read_takes(SPEECH / "kathleen")
        foreign = second.pop()
        tenant = tenant_by_slug(SLUG) or tenant_create(slug=SLUG, is_demo=True)
        password = _members(tenant)
        with tenant_scope(tenant.pk):
            _, key = key_issue(actor=system(tenant.pk), label="demo", scopes=frozenset(Scope) - PERSON_ONLY, live=False)
        cast = self._cast(console, key, password)
        console.fact(f"organisation {SLUG}, members sign in at {settings.PUBLIC_URL}/signin")
        console.fact(f"  {', '.join(MEMBERS.values())}, password {password}")
        console.fact(f"API key (this run's): {key}")

        def draw_from(sentences: list[str]) -> None:
            with tenant_scope(tenant.pk):
                phrase_list_set(tenant_id=tenant.pk, sentences=sentences)

        first, other = Person(_called(speech), mine), Person("Kathleen (CC0 recordings)", second[:5])
        return Story(cast, first, other, foreign, draw_from, _picture)

    def _cast(self, console: Console, key: str, password: str) -> Cast:
        base = settings.PUBLIC_URL
        out = settings.DATA_DIR / "demo"
        out.mkdir(exist_ok=True)
        officer, compliance = Client(base), Client(base)
        officer.sign_in(SLUG, MEMBERS[Role.CONSENT_OFFICER], password)
        compliance.sign_in(SLUG, MEMBERS[Role.COMPLIANCE], password)
        return Cast(console, Client(base, key), officer, Client(base), compliance, out)


def _picture(path: Path, sound: bytes) -> None:
    clip = decode(sound).mono()
    draw(path, clip.samples, clip.rate_hz, detect(clip.samples, clip.rate_hz, live_keys(), search="none"))


def _members(tenant: Tenant) -> str:
    """Make the members at the first run; every run gives them a fresh password."""
    password = secrets.token_urlsafe(9)
    with tenant_scope(tenant.pk):
        for role, email in MEMBERS.items():
            member = Member.objects.filter(email=email).first()
            if member is None:
                member_create(actor=system(tenant.pk), email=email, name=role.value, role=role, password=password)
                continue
            member.set_password(password)
            member.failures, member.locked_until = 0, None
            member.save(update_fields=["password", "failures", "locked_until"])
    return password


def _called(speech: Path) -> str:
    if speech == SPEECH / "ljspeech":
        return "LJ (a public-domain reading, used to show the machine)"
    return speech.name
