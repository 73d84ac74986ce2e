"""A person: sealed, reachable by a link of their own, and gone when erased."""

from __future__ import annotations

import hashlib

import pytest
from django.db import Error, connection
from rest_framework.test import APIClient

from erasure.holdings import Subject
from isolation.scope import tenant_scope
from problems.errors import NotFound
from speakers import services
from speakers.errors import SpeakerErased
from speakers.holdings import SpeakerHolding
from speakers.models import Speaker, SpeakerLinkDigest
from speakers.sealing import CONTACT, NAME, ReplySealer, part_open
from speakers.selectors import speaker_by_link, speaker_get
from storage.errors import KeyShredded, SealBroken
from storage.keys import key_store
from tenants.actor import Scope
from tests.factories import Organisation, make_organisation

pytestmark = pytest.mark.django_db
NAME_OF = "Grace Needle-in-a-Haystack"


@pytest.fixture
def organisation() -> Organisation:
    return make_organisation()


def add(organisation: Organisation, **more: str) -> tuple[Speaker, str]:
    with tenant_scope(organisation.id):
        return services.speaker_add(actor=organisation.actor(), name=NAME_OF, **more)


def test_name_and_contact_open_only_with_the_persons_key(organisation):
    speaker, _ = add(organisation, contact="grace@example.org")
    assert part_open(speaker, NAME) == NAME_OF
    assert part_open(speaker, CONTACT) == "grace@example.org"
    with connection.cursor() as cursor, tenant_scope(organisation.id):
        cursor.execute("SELECT string_agg(s::text, ' ') FROM speakers_speaker s")
        stored = cursor.fetchone()[0]
    assert "Needle" not in stored
    assert NAME_OF.encode().hex() not in stored


def test_a_seal_cannot_be_moved_to_another_column_or_person(organisation):
    one, _ = add(organisation, contact="a")
    other, _ = add(organisation)
    other.sealed_name = one.sealed_name
    with pytest.raises(SealBroken):
        part_open(other, NAME)
    one.sealed_contact = one.sealed_name
    with pytest.raises(SealBroken):
        part_open(one, CONTACT)


def test_only_a_digest_of_the_link_is_stored(organisation):
    speaker, token = add(organisation)
    row = SpeakerLinkDigest.objects.get(speaker_id=speaker.pk)
    assert bytes(row.digest) == hashlib.sha256(token.encode()).digest()
    assert len(token) >= 43  # 256 bits
    found, actor = speaker_by_link(token)
    assert (found.pk, actor.id, actor.scopes) == (speaker.pk, speaker.pk, frozenset())


def test_the_tenant_can_give_links_and_take_none(organisation):
    speaker, token = add(organisation)
    client = organisation.client()
    for _ in range(services.LINKS_MAX - 1):
        assert client.post(f"/v1/speakers/{speaker.pk}/links").status_code == 201
    answer = client.post(f"/v1/speakers/{speaker.pk}/links")
    assert (answer.status_code, answer.json()["code"]) == (409, "speaker-links-exhausted")
    assert client.delete(f"/v1/speakers/{speaker.pk}/links").status_code in (403, 405)
    assert speaker_by_link(token)[0].pk == speaker.pk


def test_over_http_a_person_is_added_listed_and_read(organisation):
    client = organisation.client(Scope.SPEAKERS_READ, Scope.SPEAKERS_WRITE)
    made = client.post("/v1/speakers", {"name": NAME_OF}, format="json", HTTP_IDEMPOTENCY_KEY="a")
    assert made.status_code == 201
    again = client.post("/v1/speakers", {"name": NAME_OF}, format="json", HTTP_IDEMPOTENCY_KEY="a")
    assert again.content == made.content
    assert client.get(made.headers["Location"]).json()["name"] == NAME_OF
    assert [row["id"] for row in client.get("/v1/speakers").json()["results"]] == [made.json()["id"]]
    with tenant_scope(organisation.id):
        assert Speaker.objects.count() == 1


def test_strangers_and_other_tenants_find_nothing(organisation):
    speaker, _ = add(organisation)
    stranger = make_organisation().client()
    assert stranger.get(f"/v1/speakers/{speaker.pk}").json()["code"] == "not-found"
    assert stranger.post(f"/v1/speakers/{speaker.pk}/links").json()["code"] == "not-found"
    assert stranger.get("/v1/speakers").json()["results"] == []
    assert APIClient().get(f"/v1/speakers/{speaker.pk}").status_code == 401
    with pytest.raises(NotFound), tenant_scope(organisation.id):
        speaker_get(make_organisation().actor(), speaker.pk)


def test_an_erased_person_answers_410_and_leaves_an_empty_row(organisation):
    speaker, token = add(organisation, contact="x")
    client = organisation.client()
    made = client.post("/v1/speakers", {"name": "Second"}, format="json", HTTP_IDEMPOTENCY_KEY="b").json()
    subject = Subject(organisation.id, speaker.pk, speaker.key_handle)
    with tenant_scope(organisation.id):
        Speaker.objects.filter(pk=speaker.pk).update(state="erasing")
        assert SpeakerHolding().left(subject) == [f"speaker {speaker.pk}"]
        assert (SpeakerHolding().destroy(subject), SpeakerHolding().destroy(subject)) == (1, 0)
        assert SpeakerHolding().left(subject) == []
        Speaker.objects.filter(pk=speaker.pk).update(state="erased")
    answer = client.get(f"/v1/speakers/{speaker.pk}")
    assert (answer.status_code, answer.json()["code"]) == (410, "speaker-erased")
    assert client.get(f"/v1/speakers/{made['id']}").status_code == 200
    assert speaker_by_link(token)[0].state == "erased"
    with pytest.raises(SpeakerErased), tenant_scope(organisation.id):
        services.speaker_link_issue(actor=organisation.actor(), speaker_id=speaker.pk)


def test_a_stored_reply_dies_with_the_persons_key(organisation):
    client = organisation.client()
    made = client.post("/v1/speakers", {"name": NAME_OF}, format="json", HTTP_IDEMPOTENCY_KEY="c").json()
    with tenant_scope(organisation.id):
        handle = Speaker.objects.get(pk=made["id"]).key_handle
    key_store().shred(handle)
    answer = client.post("/v1/speakers", {"name": NAME_OF}, format="json", HTTP_IDEMPOTENCY_KEY="c")
    assert answer.status_code == 410


def test_replies_of_nobody_are_sealed_under_the_tenants_key(organisation):
    speaker, _ = add(organisation)
    sealer, place = ReplySealer(), {"tenant_id": organisation.id, "object_id": speaker.pk}
    for handle in ("", speaker.key_handle):
        sealed = sealer.seal(handle=handle, body=b"reply", **place)
        assert b"reply" not in sealed
        assert sealer.open(handle=handle, sealed=sealed, **place) == b"reply"
    key_store().shred(speaker.key_handle)
    with pytest.raises(KeyShredded):
        sealer.open(handle=speaker.key_handle, sealed=sealed, **place)


def test_sql_cannot_bring_a_person_back_or_delete_the_row(organisation):
    speaker, _ = add(organisation)
    with tenant_scope(organisation.id):
        Speaker.objects.filter(pk=speaker.pk).update(state="erasing")
    for statement in (
        "UPDATE speakers_speaker SET state = 'active' WHERE id = %s",
        "UPDATE speakers_speaker SET state = 'erased' WHERE id = %s",
        "UPDATE speakers_speaker SET key_handle = 'speaker-somebody-else' WHERE id = %s",
        "DELETE FROM speakers_speaker WHERE id = %s",
    ):
        with pytest.raises(Error), tenant_scope(organisation.id), connection.cursor() as cursor:
            cursor.execute(statement, [speaker.pk])
