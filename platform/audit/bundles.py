"""The proof bundle: everything an outsider needs to check one entry, in one file.

Form only; `audit.verify` says whether a bundle holds. The JSON form carries the entry itself; the
same proof can be written as a C2SP tlog-proof file for other people's tools, which then take the
entry from the JSON.

Format, version 1. Rule of evolution: a new field means a new version, and readers refuse
versions and fields they do not know, because a field that is skipped was never checked.
"""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from audit.checkpoints import NoteRefused, decode_base64

VERSION = 1
PROOF_LIMIT = 63  # no tree is higher than its 63-bit size
_Read = TypeVar("_Read")


class BundleRefused(ValueError):
    """Not a proof bundle."""


@dataclass(frozen=True)
class Consistency:
    """The proof that the bundle's tree begins with an older one of `size` entries."""

    size: int
    proof: list[bytes]


@dataclass(frozen=True)
class Disclosure:
    """The facts behind the commitment, with the 32 bytes that open it. Given to whom it concerns."""

    opening: bytes
    facts: Mapping[str, Any]


@dataclass(frozen=True)
class Bundle:
    """An entry, where it stands, the way to the root, and the checkpoint that signs the root."""

    entry: bytes
    index: int
    proof: list[bytes]
    checkpoint: str
    consistency: Consistency | None = None
    disclosure: Disclosure | None = None

    def to_json(self) -> dict[str, Any]:
        """The bundle as a JSON object; hashes and entry in base64."""
        fields: dict[str, Any] = {
            "version": VERSION,
            "entry": _encode(self.entry),
            "index": self.index,
            "proof": [_encode(one) for one in self.proof],
            "checkpoint": self.checkpoint,
        }
        if self.consistency:
            older = self.consistency
            fields["consistency"] = {"size": older.size, "proof": [_encode(one) for one in older.proof]}
        if self.disclosure:
            opened = self.disclosure
            fields["disclosure"] = {"opening": _encode(opened.opening), "facts": dict(opened.facts)}
        return fields

    def to_tlog_proof(self) -> str:
        """The same proof as c2sp.org/tlog-proof, for tools that know nothing of us."""
        lines = ["c2sp.org/tlog-proof@v1", f"index {self.index}", *(_encode(one) for one in self.proof)]
        return "\n".join(lines) + "\n\n" + self.checkpoint


def parse(text: str | bytes) -> Bundle:
    """The bundle in a JSON text.

    Raises:
        BundleRefused: not JSON, another version, fields missing, unknown or of another type.
    """
    try:
        fields = json.loads(text, object_pairs_hook=_without_twins)
        return _bundle(_object(fields))
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise BundleRefused(f"not a proof bundle: {error}") from error


def _bundle(fields: dict[str, Any]) -> Bundle:
    if _whole(fields.pop("version")) != VERSION:
        raise BundleRefused("unknown version")
    consistency, disclosure = fields.pop("consistency", None), fields.pop("disclosure", None)
    bundle = Bundle(
        entry=_decode(fields.pop("entry")),
        index=_whole(fields.pop("index")),
        proof=_hashes(fields.pop("proof")),
        checkpoint=_text(fields.pop("checkpoint")),
        consistency=None if consistency is None else _consistency(_object(consistency)),
        disclosure=None if disclosure is None else _disclosure(_object(disclosure)),
    )
    return _nothing_left(fields, bundle)


def _consistency(fields: dict[str, Any]) -> Consistency:
    return _nothing_left(fields, Consistency(_whole(fields.pop("size")), _hashes(fields.pop("proof"))))


def _disclosure(fields: dict[str, Any]) -> Disclosure:
    return _nothing_left(fields, Disclosure(_decode(fields.pop("opening")), _object(fields.pop("facts"))))


def _nothing_left(fields: dict[str, Any], value: _Read) -> _Read:
    if fields:
        raise BundleRefused("unknown fields")
    return value


def _without_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    # Two fields of one name are read differently by different parsers: what one checks, another shows.
    if len({name for name, _ in pairs}) != len(pairs):
        raise BundleRefused("a field stands twice")
    return dict(pairs)


def _encode(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _decode(text: object) -> bytes:
    try:
        return decode_base64(_text(text))
    except NoteRefused as error:
        raise BundleRefused(str(error)) from error


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise BundleRefused("a text is missing")
    return value


def _object(value: object) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise BundleRefused("a JSON object is missing")
    return dict(value)


def _whole(value: object) -> int:
    if type(value) is not int or not 0 <= value < 1 << 63:
        raise BundleRefused("a number is out of range")
    return value


def _hashes(values: object) -> list[bytes]:
    if not isinstance(values, list) or len(values) > PROOF_LIMIT:
        raise BundleRefused("a proof is a list of at most 63 hashes")
    return [_decode(one) for one in values]
