"""Whether a use lies inside the terms: the one rule that admission, worker and release all ask.

Pure: terms, use and time come in, a decision comes out. The consent's state and the row lock are the
services' and the database's part.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from consent.errors import UseInvalid
from consent.terms import ANY, CHANNELS, CONTENT_CLASSES, PURPOSES, RECIPIENTS, Terms, language_tag
from consent.territories import TERRITORIES

Act = Literal["enrol", "finetune", "synthesise", "export"]

# Which parts of a use each act has to declare. What is not declared is not allowed: forgetting is safe.
DECLARED: dict[Act, tuple[str, ...]] = {
    "enrol": (),
    "finetune": (),
    "synthesise": ("purpose", "channel", "language", "territory", "content_class", "recipient"),
    "export": ("purpose", "territory", "recipient"),
}


@dataclass(frozen=True)
class Use:
    """One use of a voice, as the caller declares it. An empty part is one that was not declared.

    Raises:
        UseInvalid: a part that no terms could allow.
    """

    purpose: str = ""
    channel: str = ""
    language: str = ""
    territory: str = ""
    content_class: str = ""
    recipient: str = ""
    act: Act = "synthesise"

    def __post_init__(self) -> None:
        known = {
            "purpose": self.purpose in ("", *PURPOSES),
            "channel": self.channel in ("", *CHANNELS),
            "language": not self.language or language_tag(self.language) == self.language,
            "territory": not self.territory or self.territory in TERRITORIES,
            "content_class": self.content_class in ("", *CONTENT_CLASSES),
            "recipient": self.recipient in ("", *RECIPIENTS),
            "act": self.act in DECLARED,
        }
        for member, good in known.items():
            if not good:
                raise UseInvalid(f"{member}: not a known value", member=member)


@dataclass(frozen=True)
class Decision:
    """Allowed, or the first reason why not: `reason` is empty exactly when it is allowed.

    Reasons, in the order in which they are looked for: not_yet_valid, expired, act (finetune or
    export was not granted), undeclared, then the name of the part that lies outside.
    """

    reason: str = ""

    @property
    def allowed(self) -> bool:
        """Whether the use may go ahead."""
        return not self.reason


def decide(terms: Terms, use: Use, now: datetime) -> Decision:
    """Whether `terms` allow `use` at `now`.

    Args:
        now: aware; the database's clock, read after the consent's row was locked where it matters.
            The end of the term does not belong to it.
    """
    if now < terms.valid_from:
        return Decision("not_yet_valid")
    if terms.valid_until is not None and now >= terms.valid_until:
        return Decision("expired")
    if (use.act == "finetune" and not terms.may_finetune) or (use.act == "export" and not terms.may_export):
        return Decision("act")
    for part in DECLARED[use.act]:
        value = getattr(use, part)
        if not value:
            return Decision("undeclared")
        if not _covers(terms, part, value):
            return Decision(part)
    return Decision()


def _covers(terms: Terms, part: str, value: str) -> bool:
    match part:
        case "purpose":
            return value in terms.purposes
        case "channel":
            return value in terms.channels
        case "language":
            return any(_covers_language(tag, value) for tag in terms.languages)
        case "territory":
            return terms.territories == (ANY,) or value in terms.territories
        case "content_class":
            return CONTENT_CLASSES.index(value) <= CONTENT_CLASSES.index(terms.content_class)
        case "recipient":
            return value in terms.recipients
    return False


def _covers_language(allowed: str, tag: str) -> bool:
    # RFC 4647, basic filtering: a range covers every tag that begins with it and a hyphen.
    return allowed == ANY or tag == allowed or tag.startswith(allowed + "-")
