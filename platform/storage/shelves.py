"""The two seams of the key store: what wraps keys, and what holds the records they lie in.

And the record itself. `keyfiles.py` and `keykms.py` fill the seams; the rules are in `keys.py`.
"""

import base64
import json
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

from storage.errors import SealBroken

COMMITMENT = "commitment"


class Wrapper(Protocol):
    """Encrypts keys under something that never leaves its own place."""

    def wrap(self, key: bytes, context: dict[str, str]) -> bytes:
        """`key` wrapped; `context` is bound to it and has to be given again."""

    def unwrap(self, wrapped: bytes, context: dict[str, str]) -> bytes:
        """The key again.

        Raises:
            SealBroken: altered, or wrapped in another context.
        """


class Shelf(Protocol):
    """Holds one record and one tombstone per handle; writes are durable when they return."""

    def read(self, handle: str) -> bytes | None:
        """The record, None when there is none."""

    def write(self, handle: str, record: bytes, *, fresh: bool) -> None:
        """Store the record whole; `fresh` raises ObjectExists when there is one."""

    def destroy(self, handle: str) -> None:
        """Make the record unreadable and remove it, with every version; no error when there is none."""

    def bury(self, handle: str) -> None:
        """Set the tombstone; safe to repeat."""

    def buried(self, handle: str) -> bool:
        """Whether the tombstone stands."""

    def handles(self) -> Iterator[str]:
        """Every handle that has a record."""

    def writing(self) -> AbstractContextManager[None]:
        """Keeps other writers out where the place can do that."""

    def ready(self) -> None:
        """Raises StoreUnavailable when the place does not answer."""


@dataclass(frozen=True)
class KeyRecord:
    """A handle's wrapped keys by name: "1", "2", ... and "commitment"."""

    handle: str
    wrapped: dict[str, bytes]

    @property
    def version(self) -> int:
        """The newest data key's."""
        return max(int(name) for name in self.wrapped if name != COMMITMENT)

    def encode(self) -> bytes:
        """Version 1 of the format: JSON. Another layout is another version, and `decode` keeps the old."""
        keys = {name: base64.b64encode(data).decode() for name, data in self.wrapped.items()}
        return json.dumps({"v": 1, "handle": self.handle, "keys": keys}, sort_keys=True).encode()

    @classmethod
    def decode(cls, data: bytes) -> "KeyRecord":
        """The record in `data`.

        Raises:
            SealBroken: of an unknown version.
        """
        fields = json.loads(data)
        if fields["v"] != 1:
            raise SealBroken("a key record of an unknown version")
        return cls(fields["handle"], {name: base64.b64decode(text) for name, text in fields["keys"].items()})
