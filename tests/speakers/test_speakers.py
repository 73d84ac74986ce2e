"""A person's row: sealed, reachable by the person's own link, gone when the key is gone."""

import pytest
from django.db import connection, transaction

from isolation.scope import tenant_scope
from speakers.models import Speaker, SpeakerLinkDigest
from speakers.selectors import actor_of_link
from tenants.actor import ActorKind, Scope
from tests.factories import make_organisation

pytestmark = pytest.mark.django_db
BODY = {"name": "Ada Canary", "contact": "ada@canary.example"}


def test_name_and_contact_are_nowhere_in_clear():
    organisation = make_organisation()
    made = organisation.client().post("/v1/speakers", BODY, format="json").json()
    assert made["name"] == "Ada Canary"
    with connection.cursor() as cursor:
        cursor.execute("SELECT string_agg(t::text, ' ') FROM speakers_speaker t")
        assert "Canary" not in cursor.fetchone()[0]
        cursor.execute("SELECT encode(string_agg(sealed_name, ''), 'escape') FROM speakers_speaker")
        assert "Canary" not in cursor.fetchone()[0]


def test_the_link_finds_the_person_and_is_stored_as_a_digest_alone():
    organisation = make_organisation()
    made = organisation.client().post("/v1/speakers", BODY, format="json").json()
    secret = made["link"].rsplit("/", 1)[1]
    with transaction.atomic():
        actor = actor_of_link(secret)
    assert (actor.kind, str(actor.id), actor.tenant_id) == (ActorKind.SPEAKER, made["id"], organisation.id)
    assert secret.encode() not in bytes(SpeakerLinkDigest.objects.get().digest)
    assert actor_of_link(secret[:-1] + "x") is None


def test_a_person_holds_five_links_at_most():
    organisation = make_organisation()
    client = organisation.client()
    made = client.post("/v1/speakers", BODY, format="json").json()
    answers = [client.post(f"/v1/speakers/{made['id']}/links") for _ in range(5)]
    assert [answer.status_code for answer in answers] == [201] * 4 + [409]
    assert answers[-1].json()["code"] == "speaker-links-exhausted"


def test_reading_needs_the_scope():
    organisation = make_organisation()
    answer = organisation.client(Scope.VOICES_READ).get("/v1/speakers")
    assert (answer.status_code, answer.json()["code"]) == (403, "scope-missing")


def test_an_erased_person_answers_410():
    organisation = make_organisation()
    client = organisation.client()
    made = client.post("/v1/speakers", BODY, format="json").json()
    with tenant_scope(organisation.id):
        Speaker.objects.update(state="erasing")
    answer = client.get(f"/v1/speakers/{made['id']}")
    assert (answer.status_code, answer.json()["code"]) == (410, "speaker-erased")
