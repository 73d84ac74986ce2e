"""The door that the apps use: right key, right place, and 410 after an erasure."""

from collections.abc import Iterator
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from problems.errors import Gone
from storage import sealing
from storage.errors import KeyMissing, KeyShredded, SealBroken
from storage.keyfiles import directory_key_store
from storage.keys import KeyStore, tenant_handle

TENANT, OTHER_TENANT, ROW = uuid4(), uuid4(), uuid4()
PERSON = "a1b2c3d4e5f60718"


@pytest.fixture
def keys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[KeyStore]:
    store = directory_key_store(tmp_path)
    monkeypatch.setattr(sealing, "key_store", lambda: store)
    store.create(PERSON)
    return store


def seal(text: str = "Ada Lovelace", handle: str = PERSON, tenant: UUID = TENANT) -> bytes:
    return sealing.seal_text(tenant_id=tenant, handle=handle, purpose="speaker-name", object_id=ROW, text=text)


def unseal(
    data: bytes | memoryview, *, handle: str = PERSON, tenant: UUID = TENANT, purpose: str = "speaker-name"
) -> str:
    return sealing.open_text(tenant_id=tenant, handle=handle, purpose=purpose, object_id=ROW, data=data)


def test_text_in_any_script_comes_back(keys: KeyStore) -> None:
    for text in ("Ada Lovelace", "王小明", "", "Zoë — Ünal"):
        assert unseal(seal(text)) == text
    assert b"Lovelace" not in seal()


def test_a_memoryview_as_the_database_gives_it_opens(keys: KeyStore) -> None:
    assert unseal(memoryview(seal())) == "Ada Lovelace"


def test_it_opens_nowhere_else(keys: KeyStore) -> None:
    sealed = seal()
    keys.create("somebody-else")
    for place in ({"tenant": OTHER_TENANT}, {"handle": "somebody-else"}, {"purpose": "speaker-contact"}):
        with pytest.raises(SealBroken):
            unseal(sealed, **place)  # type: ignore[arg-type]  # one argument of each kind


def test_old_seals_open_after_a_rotation(keys: KeyStore) -> None:
    before = seal()
    keys.rotate(PERSON)
    assert unseal(before) == unseal(seal()) == "Ada Lovelace"


def test_after_the_erasure_it_is_gone(keys: KeyStore) -> None:
    sealed = seal()
    keys.shred(PERSON)
    with pytest.raises(KeyShredded):
        unseal(sealed)
    with pytest.raises(Gone):
        seal()
    with pytest.raises(KeyShredded):
        unseal(b"")  # what an erasure leaves of a column


def test_a_tenants_own_key_is_made_when_first_needed_and_never_a_persons(keys: KeyStore) -> None:
    sealed = seal(handle="")
    assert unseal(sealed, handle="") == "Ada Lovelace"
    assert keys.exists(tenant_handle(TENANT))
    with pytest.raises(KeyMissing):
        seal(handle="never-enrolled")


def test_what_is_not_text_is_not_read_as_text(keys: KeyStore) -> None:
    sealed = sealing.seal_bytes(tenant_id=TENANT, handle=PERSON, purpose="speaker-name", object_id=ROW, data=b"\xff")
    with pytest.raises(SealBroken):
        unseal(sealed)
