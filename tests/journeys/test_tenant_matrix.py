"""Another tenant's id in every place where an id can stand, on every route.

The routes come from the URL configuration, the ids from every row that the populated tenant has. A
stranger with every scope asks; each answer has to be the very one that an id that never existed gets,
nothing may be written, and the same has to hold with the ORM's own tenant filter taken out.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from uuid import UUID, uuid4

import psycopg
import pytest
from django.apps import apps
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db.models import QuerySet
from django.urls import URLPattern, URLResolver, get_resolver

from isolation.models import TenantRow
from isolation.scope import tenant_scope
from tenants.actor import Role, Scope
from tests.factories import Organisation, make_organisation
from tests.populate import USE, populate

pytestmark = pytest.mark.django_db(transaction=True)

UUID_ARGUMENT = re.compile(r"<uuid:(\w+)>")

SPOKEN: dict[str, object] = {"voice_version": "{id}", "use": USE, "text": "Nobody hears this."}
EXPORTED: dict[str, object] = {
    "voice_version": "{id}",
    "use": {name: USE[name] for name in ("purpose", "territory", "recipient")},
}
CONVERTED: dict[str, object] = {
    "voice_version": "{id}",
    "use": json.dumps(USE),
    "transcript": "Nobody hears this.",
    "clip": "{clip}",
}

# Bodies in which an id stands, by route. "{id}" is replaced by each id of the populated tenant.
BODIES: dict[str, list[dict[str, object]]] = {
    "v1/consents": [{"speaker": "{id}"}],
    "v1/uploads": [{"speaker": "{id}", "size": 1000, "content_type": "audio/flac"}],
    "v1/recordings": [{"upload": "{id}", "consent": "{id}", "transcript": "x", "language": "en"}],
    "v1/voices": [{"speaker": "{id}", "name": "x", "language": "en"}],
    "v1/finetunes": [{"voice": "{id}", "consent": "{id}", "kind": "preview"}],
    "v1/syntheses": [SPOKEN, {**SPOKEN, "consent": "{id}"}],
    "v1/streams": [SPOKEN, {**SPOKEN, "consent": "{id}"}],
    "v1/exports": [EXPORTED, {**EXPORTED, "consent": "{id}"}],
    "v1/conversions": [CONVERTED, {**CONVERTED, "consent": "{id}"}],
}
FORMS = {"v1/conversions"}  # what is sent as a form, with a clip
# Routes without an id in their path or body: nothing of another tenant can be named there.
WITHOUT_ID = {
    "v1/me",
    "v1/api-keys",
    "v1/members",
    "v1/invitations",
    "v1/speakers",
    "v1/consent-texts",
    "v1/prompts",
    "v1/do-not-clone",
}


def routes() -> Iterator[tuple[str, type]]:
    """Every route that leads to an API view, with the view."""

    def walk(patterns: list[URLPattern | URLResolver], prefix: str) -> Iterator[tuple[str, type]]:
        for pattern in patterns:
            route = prefix + str(pattern.pattern)
            if isinstance(pattern, URLResolver):
                yield from walk(pattern.url_patterns, route)
            elif hasattr(pattern.callback, "view_class") or hasattr(pattern.callback, "cls"):
                yield route, getattr(pattern.callback, "cls", None) or pattern.callback.view_class

    yield from walk(get_resolver().url_patterns, "")


def scoped_routes() -> list[tuple[str, type]]:
    """The routes whose views belong to a tenant."""
    return [(route, view) for route, view in routes() if getattr(view, "scopes", None)]


@pytest.fixture
def populated(transactional_db) -> Organisation:
    organisation = make_organisation()
    populate(organisation)
    return organisation


@pytest.fixture
def stranger(transactional_db) -> Organisation:
    return make_organisation()


def ids_of(organisation: Organisation) -> dict[str, UUID]:
    """One id of every kind of row the tenant has."""
    found: dict[str, UUID] = {}
    with tenant_scope(organisation.id):
        for model in apps.get_models():
            if issubclass(model, TenantRow) and (row := model._default_manager.first()):
                found[model._meta.label] = row.pk
    return found


def fingerprint(servers, organisation: Organisation) -> str:
    """A digest of every row of the tenant, as the superuser sees them."""
    digest = hashlib.sha256()
    with servers.superuser() as connection:
        for model in sorted(apps.get_models(), key=lambda model: model._meta.label):
            if issubclass(model, TenantRow):
                table = psycopg.sql.Identifier(model._meta.db_table)
                query = psycopg.sql.SQL("SELECT t::text FROM {} t WHERE tenant_id = %s ORDER BY id").format(table)
                for row in connection.execute(query, [organisation.id]):
                    digest.update(row[0].encode())
    return digest.hexdigest()


def told(answer) -> tuple[int, dict[str, object]]:
    """Status and body without what differs from request to request."""
    body = answer.json() if answer.headers.get("Content-Type", "").startswith("application/") else {}
    body.pop("request_id", None)
    return answer.status_code, body


def filled(value: object, text: str) -> object:
    """The body with "{id}" replaced."""
    if isinstance(value, dict):
        return {key: filled(item, text) for key, item in value.items()}
    if value == "{clip}":
        return SimpleUploadedFile("clip.wav", b"RIFF")
    return text if value == "{id}" else value


def probe(client, ids: dict[str, UUID]) -> tuple[int, list[str]]:
    """Try every id on every route and place; returns the number of tries and what was wrong."""
    wrong: list[str] = []
    tries = 0
    for route, view in scoped_routes():
        for method in view.scopes:
            call = getattr(client, method.lower())
            for kind, pk in ids.items():
                attempts = []
                if UUID_ARGUMENT.search(route):
                    attempts.append((lambda key, r=route: "/" + UUID_ARGUMENT.sub(str(key), r), {}))
                if method == "POST":
                    attempts += [(lambda key, r=route: "/" + r, body) for body in BODIES.get(route, [])]
                for path, body in attempts:
                    tries += 1
                    nobody = uuid4()
                    form = "multipart" if route in FORMS else "json"
                    theirs = told(call(path(pk), filled(body, str(pk)), format=form))
                    absent = told(call(path(nobody), filled(body, str(nobody)), format=form))
                    if theirs != absent or theirs[0] < 400:
                        wrong.append(f"{method} {route} with {kind}: {theirs} instead of {absent}")
    return tries, wrong


def test_every_scoped_route_has_its_row():
    for route, _ in scoped_routes():
        assert UUID_ARGUMENT.search(route) or route in BODIES or route in WITHOUT_ID or LISTS.fullmatch(route), route


LISTS = re.compile(r"v1/(verifications|erasures|log/entries|log/proofs/.*)")


@pytest.mark.parametrize("who", ["key", "member"])
def test_a_stranger_finds_nothing_anywhere(servers, populated, stranger, who):
    client = stranger.client() if who == "key" else stranger.member_client(Role.OWNER)
    before = fingerprint(servers, populated)
    tries, wrong = probe(client, ids_of(populated))
    assert not wrong, "\n".join(wrong)
    assert tries > 100
    assert fingerprint(servers, populated) == before
    print(f"0 of {tries} answered (3/N {3 / tries:.4f})")


def test_nor_without_the_orms_own_filter(servers, populated, stranger, monkeypatch):
    original = QuerySet._filter_or_exclude

    def unfiltered(self, negate, args, kwargs):
        kwargs = {key: value for key, value in kwargs.items() if key != "tenant_id"}
        return original(self, negate, args, kwargs)

    monkeypatch.setattr(QuerySet, "_filter_or_exclude", unfiltered)
    before = fingerprint(servers, populated)
    _, wrong = probe(stranger.client(), ids_of(populated))
    assert not wrong, "\n".join(wrong)
    assert fingerprint(servers, populated) == before


def test_lists_show_nothing_of_others(populated, stranger):
    client = stranger.client(*(scope for scope in Scope if scope.endswith(":read")))
    ids = {str(pk) for pk in ids_of(populated).values()}
    for route, view in scoped_routes():
        if "GET" in view.scopes and "<" not in route:
            text = client.get("/" + route).content.decode()
            assert not [pk for pk in ids if pk in text], route


def test_tasks_with_anothers_tenant_do_nothing(servers, populated, stranger):
    from config.celery import app

    before = fingerprint(servers, populated)
    names = [
        name for name in app.tasks if name.split(".")[0] in {"voices", "synthesis", "watermark", "consent", "erasure"}
    ]
    assert names
    for name in names:
        for pk in ids_of(populated).values():
            app.tasks[name](str(stranger.id), str(pk))
    assert fingerprint(servers, populated) == before
