"""The states of a consent and the moves between them.

Pure. The database keeps the same moves by a trigger (migration 0002), so that raw SQL has no others;
a test compares the two.
"""

from __future__ import annotations

from enum import StrEnum
from types import MappingProxyType


class State(StrEnum):
    """Where a consent stands."""

    DRAFT = "draft"  # terms are written down; the speaker has not spoken, or not yet so that it passed
    PENDING = "pending"  # spoken evidence has passed the automatic checks; a named officer has to decide
    ACTIVE = "active"  # approved by a named officer; usable within its terms and dates
    REFUSED = "refused"  # an officer, or the speaker, said no before it became active
    WITHDRAWN = "withdrawn"  # taken back
    EXPIRED = "expired"  # ran out
    SUPERSEDED = "superseded"  # a later version took its place


MOVES: MappingProxyType[State, frozenset[State]] = MappingProxyType(
    {
        State.DRAFT: frozenset({State.PENDING}),
        State.PENDING: frozenset({State.ACTIVE, State.REFUSED}),
        State.ACTIVE: frozenset({State.WITHDRAWN, State.EXPIRED, State.SUPERSEDED}),
        State.REFUSED: frozenset(),
        State.WITHDRAWN: frozenset(),
        State.EXPIRED: frozenset(),
        State.SUPERSEDED: frozenset(),
    }
)

ENDED = frozenset(state for state, onward in MOVES.items() if not onward)


def may_move(before: State, after: State) -> bool:
    """Whether `before` -> `after` is a move."""
    return after in MOVES[before]
