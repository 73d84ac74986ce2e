"""Terms: what a speaker allows, as a value with one spelling.

Closed vocabularies, so that two readers cannot mean different things by a word; free text has no
place here. This module knows the terms themselves; whether a use lies inside them is ``rules.py``.

Format, version 1: a JSON object with exactly the members of `Terms` and ``"format"``. Rule of
evolution: a member is never added to, or given another meaning in, a version that somebody has
consented to. A change is a new format, and `parse` keeps reading the old ones for as long as
consents to them exist. Words may be added to a vocabulary, never taken away.

Pure.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

from consent.errors import TermsInvalid
from consent.territories import TERRITORIES

FORMAT = "consonant.terms/1"
ANY = "*"  # every language, every territory; purposes and channels are always named one by one

PURPOSES = (
    "accessibility",
    "advertising",
    "announcements",
    "audiobooks",
    "customer_service",
    "education",
    "entertainment",
    "news",
    "outbound_calls",
    "personal_aac",
    "research",
)
CHANNELS = ("app", "broadcast", "device", "phone", "public_address", "social", "web")
RECIPIENTS = ("customers", "organisation", "partners", "public", "speaker")
# Each class allows what stands before it: words the speaker has seen; facts about a service; anything
# in keeping with the purpose; anything at all (a person's own words).
CONTENT_CLASSES = ("scripted", "service", "general", "unrestricted")

# BCP 47 as far as terms need it: language, script, region. Well-formed, not looked up in the registry.
_LANGUAGE = re.compile(r"([a-z]{2,3})(?:-([a-z]{4}))?(?:-([a-z]{2}|[0-9]{3}))?", re.IGNORECASE)


def language_tag(text: str) -> str | None:
    """`text` as a BCP 47 tag in its usual spelling (``zh-Hans-CN``), None when it is none."""
    found = _LANGUAGE.fullmatch(text)
    if found is None:
        return None
    language, script, region = found.groups()
    parts = [language.lower(), script.title() if script else None, region.upper() if region else None]
    return "-".join(part for part in parts if part)


@dataclass(frozen=True)
class Terms:
    """What is allowed. Made by `parse`, which has checked it.

    Attributes:
        purposes, channels, recipients: words of the vocabularies above, sorted, at least one each.
        languages: BCP 47 tags, or ANY alone; ``en`` covers ``en-GB``, not the other way round.
        territories: ISO 3166-1 alpha-2, or ANY alone; where the sound may be heard.
        content_class: the widest class allowed.
        may_finetune: an adapted voice may be trained; otherwise a preview voice at most.
        may_export: the voice may leave the platform.
        valid_from, valid_until: UTC. None means until withdrawn, which is only for the speaker's own use.
    """

    purposes: tuple[str, ...]
    channels: tuple[str, ...]
    languages: tuple[str, ...]
    territories: tuple[str, ...]
    content_class: str
    recipients: tuple[str, ...]
    may_finetune: bool
    may_export: bool
    valid_from: datetime
    valid_until: datetime | None

    def document(self) -> dict[str, Any]:
        """The terms as plain JSON values."""
        plain: dict[str, Any] = {"format": FORMAT}
        for field in fields(self):
            value = getattr(self, field.name)
            if isinstance(value, tuple):
                value = list(value)
            elif isinstance(value, datetime):
                value = moment_text(value)
            plain[field.name] = value
        return plain

    def canonical(self) -> bytes:
        """The one spelling that is hashed and signed."""
        return canonical_json(self.document())

    def sha256(self) -> str:
        """64 hex digits over the canonical spelling."""
        return sha256(self.canonical()).hexdigest()


def parse(document: Mapping[str, Any]) -> Terms:
    """Terms out of plain JSON values, checked and put into their one spelling.

    Raises:
        TermsInvalid: a member is missing, unknown or wrong; the fact ``member`` names it.
    """
    names = {field.name for field in fields(Terms)}
    if document.get("format", FORMAT) != FORMAT:
        raise _wrong("format", f"known: {FORMAT}")
    _exactly(document, names)
    terms = Terms(
        purposes=_words(document, "purposes", PURPOSES),
        channels=_words(document, "channels", CHANNELS),
        languages=_languages(document),
        territories=_territories(document),
        content_class=_word(document, "content_class", CONTENT_CLASSES),
        recipients=_words(document, "recipients", RECIPIENTS),
        may_finetune=_flag(document, "may_finetune"),
        may_export=_flag(document, "may_export"),
        valid_from=_moment(document, "valid_from"),
        valid_until=None if document["valid_until"] is None else _moment(document, "valid_until"),
    )
    _in_time(terms)
    return terms


def moment_text(moment: datetime) -> str:
    """`moment` (aware) in RFC 3339, UTC, to the second: the spelling of every time that is signed."""
    return moment.astimezone(UTC).replace(microsecond=0, tzinfo=None).isoformat() + "Z"


def canonical_json(value: Mapping[str, Any]) -> bytes:
    """JSON with one spelling: sorted keys, no white space, UTF-8; for strings, whole numbers and flags."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return text.encode("utf-8")


def _wrong(member: str, why: str) -> TermsInvalid:
    return TermsInvalid(f"{member}: {why}", member=member)


def _exactly(document: Mapping[str, Any], names: set[str]) -> None:
    given = set(document) - {"format"}
    for unknown in sorted(given - names):
        raise _wrong(unknown, "not a member of terms")
    for missing in sorted(names - given):
        raise _wrong(missing, "missing")


def _strings(document: Mapping[str, Any], member: str) -> list[str]:
    value = document[member]
    if not isinstance(value, (list, tuple)) or not value or not all(isinstance(item, str) for item in value):
        raise _wrong(member, "a list of at least one word")
    return list(value)


def _words(document: Mapping[str, Any], member: str, known: tuple[str, ...]) -> tuple[str, ...]:
    words = set(_strings(document, member))
    for word in sorted(words - set(known)):
        raise _wrong(member, f"{word!r} is not one of {', '.join(known)}")
    return tuple(sorted(words))


def _word(document: Mapping[str, Any], member: str, known: tuple[str, ...]) -> str:
    value = document[member]
    if not isinstance(value, str) or value not in known:
        raise _wrong(member, f"one of {', '.join(known)}")
    return value


def _languages(document: Mapping[str, Any]) -> tuple[str, ...]:
    given = _strings(document, "languages")
    if given == [ANY]:
        return (ANY,)
    tags = {language_tag(text) for text in given}
    if None in tags:
        raise _wrong("languages", f"BCP 47 tags such as en or de-CH, or {ANY} alone")
    return tuple(sorted(tag for tag in tags if tag))


def _territories(document: Mapping[str, Any]) -> tuple[str, ...]:
    given = _strings(document, "territories")
    if given != [ANY] and not set(given) <= TERRITORIES:
        raise _wrong("territories", f"ISO 3166-1 codes such as DE or US, or {ANY} alone")
    return tuple(sorted(set(given)))


def _flag(document: Mapping[str, Any], member: str) -> bool:
    value = document[member]
    if not isinstance(value, bool):
        raise _wrong(member, "true or false")
    return value


def _moment(document: Mapping[str, Any], member: str) -> datetime:
    value = document[member]
    try:
        moment = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
    except ValueError as error:
        raise _wrong(member, "a time such as 2027-01-31T00:00:00Z") from error
    if moment.tzinfo is None or not 2000 <= moment.year <= 9000:
        raise _wrong(member, "a time with its offset from UTC")
    return moment.astimezone(UTC).replace(microsecond=0)


def _in_time(terms: Terms) -> None:
    if terms.valid_until is None:
        if terms.purposes != ("personal_aac",):
            raise _wrong("valid_until", "only a person's own use (personal_aac alone) may have no end")
    elif terms.valid_until <= terms.valid_from:
        raise _wrong("valid_until", "later than valid_from")
