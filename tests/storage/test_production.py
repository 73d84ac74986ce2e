"""The production shape of the stores, as settings make it: S3 and KMS, here moto's, through the same doors."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest
from pytest_django import Settings

from storage import keys, objects, sealing
from storage.errors import KeyShredded, StoreUnavailable
from storage.keys import key_store
from storage.objects import intake_store, ledger_store, object_store
from storage.s3 import S3Store

BUCKETS = {"s3_bucket": "prod-objects", "s3_intake_bucket": "prod-intake", "kms_bucket": "prod-keys"}


@pytest.fixture
def production(moto_url: str, s3: Any, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Settings as a deployment has them; the instance's role and AWS's own endpoints come from the environment."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", moto_url)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "role")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "role")
    for bucket in BUCKETS.values():
        s3.create_bucket(Bucket=bucket)
    key_id = keys_of(moto_url)
    settings.ENV = replace(
        settings.ENV, s3_endpoint=moto_url, s3_access_key="k", s3_secret_key="s", kms_key_id=key_id, **BUCKETS
    )
    settings.OBJECT_STORE, settings.KEY_STORE = "s3", "kms"
    made = (objects.object_store, objects.intake_store, objects.ledger_store, keys.key_store)
    for one in made:
        one.cache_clear()
    yield
    for one in made:
        one.cache_clear()


def keys_of(moto_url: str) -> str:
    import boto3

    client = boto3.client("kms", region_name="us-east-1")
    try:
        key_id: str = client.create_key()["KeyMetadata"]["KeyId"]
    finally:
        client.close()
    return key_id


def test_what_apps_seal_and_store_works_on_s3_and_kms(production: None) -> None:
    tenant_id, handle = uuid4(), f"speaker-{uuid4().hex}"
    key_store().create(handle)
    place = {"tenant_id": tenant_id, "handle": handle, "purpose": "recording", "object_id": "take-1"}
    object_store().put(f"{tenant_id}/recordings/1", sealing.seal_bytes(**place, data=b"a voice"))
    sealed = object_store().get(f"{tenant_id}/recordings/1")
    assert sealing.open_bytes(**place, data=sealed) == b"a voice"
    assert b"a voice" not in sealed
    key_store().shred(handle)
    with pytest.raises(KeyShredded):
        sealing.open_bytes(**place, data=sealed)


def test_each_place_is_a_bucket_of_its_own(production: None) -> None:
    for store, bucket in (
        (object_store(), "prod-objects"),
        (intake_store(), "prod-intake"),
        (ledger_store(), "prod-keys"),
    ):
        assert isinstance(store, S3Store)
        store.ready()
        assert store._bucket == bucket
    key_store().ready()


def test_a_store_that_does_not_answer_says_so(production: None, settings: Settings) -> None:
    settings.ENV = replace(settings.ENV, s3_bucket="never-made")
    objects.object_store.cache_clear()
    for act in (
        object_store().ready,
        lambda: object_store().put("t/k/1", b""),
        lambda: list(object_store().find("t/")),
    ):
        with pytest.raises(StoreUnavailable):
            act()
