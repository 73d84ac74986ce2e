"""One request, one effect. The guard is the unique key, inserted first (api_idempotency_once)."""

from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import pytest
from django.db import IntegrityError, connection, transaction

from api.models import IdempotentReply
from isolation.scope import tenant_scope
from speakers.models import Speaker
from storage.keys import key_store
from tests.factories import make_organisation

BODY = {"name": "Ada", "contact": "ada@speaker.example"}


def _post(client, key, body=BODY):
    return client.post("/v1/speakers", body, format="json", HTTP_IDEMPOTENCY_KEY=key)


@pytest.mark.django_db
def test_the_same_request_replays_byte_for_byte():
    client = make_organisation().client()
    first, second = _post(client, "k1"), _post(client, "k1")
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.content == second.content


@pytest.mark.django_db
def test_another_body_under_the_same_key_is_refused():
    client = make_organisation().client()
    _post(client, "k1")
    answer = _post(client, "k1", BODY | {"name": "Eve"})
    assert (answer.status_code, answer.json()["code"]) == (422, "idempotency-mismatch")


@pytest.mark.django_db
def test_a_refused_request_leaves_the_key_free():
    client = make_organisation().client()
    assert _post(client, "k1", {"name": ""}).status_code == 422
    assert _post(client, "k1").status_code == 201


@pytest.mark.django_db
@pytest.mark.parametrize("key", ["", "x" * 256, "schlüssel"])
def test_an_unusable_key_is_refused(key):
    answer = _post(make_organisation().client(), key)
    assert (answer.status_code, answer.json()["code"]) == (422, "idempotency-key-invalid")


@pytest.mark.django_db
def test_two_tenants_may_use_one_key():
    first, second = make_organisation(), make_organisation()
    assert _post(first.client(), "same").json()["id"] != _post(second.client(), "same").json()["id"]


@pytest.mark.django_db
def test_the_stored_reply_goes_with_its_person():
    organisation = make_organisation()
    client = organisation.client()
    _post(client, "k1")
    with tenant_scope(organisation.id):
        reply = IdempotentReply.objects.get()
        assert b"Ada" not in bytes(reply.sealed_body)
        assert reply.handle
        key_store().shred(reply.handle)
    assert _post(client, "k1").status_code == 410


@pytest.mark.django_db
def test_the_database_itself_allows_a_key_once():
    organisation = make_organisation()
    with pytest.raises(IntegrityError, match="api_idempotency_once"), tenant_scope(organisation.id):
        for _ in range(2):
            IdempotentReply.objects.create(tenant_id=organisation.id, key="k", fingerprint=b"")


@pytest.mark.soak
@pytest.mark.django_db(transaction=True)
def test_sixteen_twins_have_one_effect(scale):
    organisation = make_organisation()
    keys = scale(10)
    clients = [organisation.client() for _ in range(16)]

    def call(client, key):
        try:
            return _post(client, key)
        finally:
            connection.close()

    for _ in range(keys):
        key = uuid4().hex
        with ThreadPoolExecutor(16) as pool:
            answers = list(pool.map(lambda client: call(client, key), clients))  # noqa: B023  # used inside the loop
        bodies = {answer.content for answer in answers if answer.status_code == 201}
        assert len(bodies) == 1
        assert {answer.status_code for answer in answers} <= {201, 409}
    with transaction.atomic(), tenant_scope(organisation.id):
        assert Speaker.objects.count() == keys
    print(f"{keys} keys x 16: {keys} effects (3/N {3 / keys:.3f})")
