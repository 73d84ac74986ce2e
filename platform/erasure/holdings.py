"""The protocol that every package with data about a person answers at an erasure.

Settings list who answers, in the order of destruction: what is used first, what it was made from
after it, the person's own row last; the keys follow when all have answered. Pure: no Django here.

An answerer runs inside a transaction with the tenant set. It is asked again after a crash, and
again at the end when everything has to be gone, so both questions must be safe to repeat:

- objects in a store are deleted before the rows that name them, or a crash would orphan them; keep
  everything of a person under one folder and `clear` it, so that leavings of killed writers go too;
- a row that has to stay, so that its address can answer 410, stays empty of the person.
"""

from dataclasses import dataclass
from typing import Protocol
from uuid import UUID


@dataclass(frozen=True)
class Subject:
    """The person to be forgotten, by random ids alone.

    Attributes:
        handle: of the person's keys; what is sealed under it is unreadable once they are shredded.
    """

    tenant_id: UUID
    speaker_id: UUID
    handle: str


class Holding(Protocol):
    """What one package keeps about people."""

    name: str
    """How the certificate calls it, in plain words: `recordings and voices`."""

    def destroy(self, subject: Subject) -> int:
        """Destroy everything kept about the person, and stop whatever still runs with it.

        Returns:
            How many things were destroyed by this call; 0 when nothing was left.
        """

    def left(self, subject: Subject) -> list[str]:
        """Name what is still there; empty when nothing is. Looks at the stores, not at its own notes.

        Asked before the destruction as well: how many it names is what the certificate counts.
        """
