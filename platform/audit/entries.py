"""What a line of the log says, and what it must never say.

An entry is public for ever, so it holds no fact about a person: the name of what happened, the
hour, a pseudonym of the tenant and a commitment. The facts behind the commitment are kept
elsewhere, sealed; whoever is given them together with the entry's opening can check that they
are the ones that were logged. The opening is derived from the person's key, so when that key is
destroyed the commitment can no longer be opened or guessed at, and the entry stays provable.

Format, version 1: canonical JSON (sorted keys, no white space, ASCII) with exactly the fields of
`Entry`, each of a fixed shape, so that no free text can enter. `public` is left out when empty
and is an allow-list per event of digests of documents that are public themselves.

Rule of evolution: a field is never added to, or given another meaning in, a version that was
ever signed. A change is a new `v`; `parse` keeps every old one, and refuses unknown ones.
"""

import hmac
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import Any

VERSION = 1
_EVENT = re.compile(r"[a-z]+(_[a-z]+)*(\.[a-z]+(_[a-z]+)*){1,2}")
_ID = re.compile(r"[0-9a-f]{32}")
_DIGEST = re.compile(r"[0-9a-f]{64}")
_HOUR = re.compile(r"20[0-9]{2}-[01][0-9]-[0-3][0-9]T[0-2][0-9]Z")
EVENT_LIMIT = 60

# Which event may carry which public digest: SHA-256 of a document that is handed to outsiders.
PUBLIC_DIGESTS: Mapping[str, frozenset[str]] = {
    "erasure.certified": frozenset({"certificate"}),
}


class EntryRefused(ValueError):
    """Not an entry of the log: an unknown version, a field too many, or a value of another shape."""


def canonical(value: Mapping[str, Any]) -> bytes:
    """`value` as canonical JSON; the same value always gives the same bytes.

    Raises:
        EntryRefused: it holds something JSON has no single spelling for.
    """
    try:
        return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False).encode("ascii")
    except (TypeError, ValueError) as error:
        raise EntryRefused("not plain JSON") from error


def coarse_hour(moment: datetime) -> str:
    """`moment` (aware, UTC) cut to its hour: finer times in public would show who works when."""
    return f"{moment:%Y-%m-%dT%HZ}"


@dataclass(frozen=True)
class Entry:
    """One public line of the log.

    Attributes:
        id: 32 hex digits, random; names the entry and keeps two equal acts apart.
        event: what happened, as `consent.withdrawn`; two or three plain words.
        hour: when, UTC, cut to the hour; the exact time is among the committed facts.
        tenant: 32 hex digits that stand for the tenant; none for an act of the platform itself.
        commitment: 64 hex digits, HMAC-SHA256 over the sealed facts under the entry's opening.
        public: digests allowed for this event, by name.
    """

    id: str
    event: str
    hour: str
    tenant: str | None
    commitment: str
    public: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        shapes = [(_ID, self.id), (_EVENT, self.event), (_HOUR, self.hour), (_DIGEST, self.commitment)]
        if self.tenant is not None:
            shapes.append((_ID, self.tenant))
        shapes += [(_DIGEST, value) for value in self.public.values()]
        if not all(isinstance(value, str) and shape.fullmatch(value) for shape, value in shapes):
            raise EntryRefused("a field of the entry has not the shape it must have")
        if len(self.event) > EVENT_LIMIT or not set(self.public) <= PUBLIC_DIGESTS.get(self.event, frozenset()):
            raise EntryRefused("the event is too long or carries what it may not carry")

    def encode(self) -> bytes:
        """The bytes that are hashed into the tree and served for ever."""
        fields: dict[str, Any] = {
            "v": VERSION,
            "id": self.id,
            "event": self.event,
            "hour": self.hour,
            "tenant": self.tenant,
            "commitment": self.commitment,
        }
        return canonical(fields | ({"public": dict(self.public)} if self.public else {}))


def parse(data: bytes) -> Entry:
    """The entry that `data` encodes.

    Raises:
        EntryRefused: not JSON, an unknown version, other fields, or not the canonical spelling.
    """
    try:
        fields = json.loads(data)
        version = fields.pop("v")
        entry = Entry(**fields)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise EntryRefused("not an entry of the log") from error
    if type(version) is not int or version != VERSION or entry.encode() != data:
        raise EntryRefused("not an entry of the log in its one spelling")
    return entry


def opening(commitment_key: bytes, entry_id: str) -> bytes:
    """The 32 bytes that open one entry: handing them out opens no other entry of the same person."""
    return hmac.digest(commitment_key, b"consonant log opening v1\x00" + entry_id.encode(), "sha256")


def commit(entry_opening: bytes, facts: Mapping[str, Any]) -> str:
    """The commitment (64 hex digits) to `facts` under an entry's opening."""
    return hmac.new(entry_opening, canonical(facts), sha256).hexdigest()


def opens(entry: Entry, entry_opening: bytes, facts: Mapping[str, Any]) -> bool:
    """Whether `facts` are the ones that `entry` was committed to."""
    return hmac.compare_digest(commit(entry_opening, facts), entry.commitment)
