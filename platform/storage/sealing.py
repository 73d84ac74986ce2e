"""Seal and open what rows and objects hold about somebody, under that somebody's own key.

The one door that the apps use: it finds the key, names the place, and leaves the format to
`seal.py` and the keys to `keys.py`. An empty handle means the tenant's own key, for what is nobody's
in particular. After an erasure everything here raises KeyShredded, which answers 410.
"""

from uuid import UUID

from storage import seal
from storage.errors import KeyShredded, SealBroken
from storage.keys import key_store, tenant_handle


def seal_bytes(*, tenant_id: UUID, handle: str, purpose: str, object_id: UUID | str, data: bytes) -> bytes:
    """Seal `data` for one place.

    Args:
        handle: whose key; the speaker's `key_handle`, or empty for the tenant's own.
        purpose: which part of the object this is, as `recording` or `speaker-name`.
        object_id: the row or object that the bytes belong to; they open nowhere else.

    Raises:
        KeyShredded: the owner was erased. KeyMissing: the key store does not know the handle.
    """
    owner = _owner(tenant_id, handle)
    key = key_store().current(owner)
    place = seal.Place(str(tenant_id), owner, str(object_id), purpose, key.version)
    return seal.seal_whole(key.key, place, data)


def open_bytes(*, tenant_id: UUID, handle: str, purpose: str, object_id: UUID | str, data: bytes | memoryview) -> bytes:
    """Open what `seal_bytes` has sealed for the same place.

    Raises:
        KeyShredded: the owner was erased. SealBroken: altered, or sealed for another place.
    """
    owner = _owner(tenant_id, handle)
    data = bytes(data)  # the database hands out memoryviews
    try:
        version = seal.sealed_version(data)
    except SealBroken:
        if key_store().shredded(owner):  # an erasure empties columns too: gone is the truer answer
            raise KeyShredded(handle=owner) from None
        raise
    key = key_store().of_version(owner, version)
    place = seal.Place(str(tenant_id), owner, str(object_id), purpose, version)
    return seal.open_whole(key.key, place, data)


def seal_text(*, tenant_id: UUID, handle: str, purpose: str, object_id: UUID | str, text: str) -> bytes:
    """`seal_bytes` for text."""
    return seal_bytes(
        tenant_id=tenant_id, handle=handle, purpose=purpose, object_id=object_id, data=text.encode("utf-8")
    )


def open_text(*, tenant_id: UUID, handle: str, purpose: str, object_id: UUID | str, data: bytes | memoryview) -> str:
    """`open_bytes` for text."""
    opened = open_bytes(tenant_id=tenant_id, handle=handle, purpose=purpose, object_id=object_id, data=data)
    try:
        return opened.decode("utf-8")
    except UnicodeDecodeError as error:
        raise SealBroken("what was sealed is not text") from error


def _owner(tenant_id: UUID, handle: str) -> str:
    if handle:
        return handle
    owner = tenant_handle(tenant_id)
    key_store().ensure(owner)
    return owner
