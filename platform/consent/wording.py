"""The consent texts: what a speaker agrees to, in the speaker's language, version by version.

A text is a file of this package, ``texts/<locale>.<version>.txt``, and is named by its SHA-256. A version that
somebody may have agreed to never changes; a better text is a new version (a test holds the digests of
all published ones). Texts are code, not rows: nobody with access to a database can alter what was agreed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from pathlib import Path

from consent.errors import LocaleUnknown

_TEXTS = Path(__file__).with_name("texts")
_NAME = re.compile(r"([a-z]{2,3})\.([0-9]+)\.txt")


@dataclass(frozen=True)
class ConsentText:
    """One version of the text in one language."""

    locale: str
    version: int
    body: str

    @property
    def sha256(self) -> str:
        """64 hex digits over the body in UTF-8."""
        return sha256(self.body.encode("utf-8")).hexdigest()


@cache
def texts() -> tuple[ConsentText, ...]:
    """Every version of every language, the newest of each language first."""
    found = []
    for path in _TEXTS.iterdir():
        name = _NAME.fullmatch(path.name)
        if name:
            found.append(ConsentText(name[1], int(name[2]), path.read_text(encoding="utf-8")))
    return tuple(sorted(found, key=lambda text: (text.locale, -text.version)))


def text_for(locale: str, version: int | None = None) -> ConsentText:
    """The text of a language, its newest version when none is named.

    Raises:
        LocaleUnknown: there is no such text.
    """
    fitting = [text for text in texts() if text.locale == locale and version in (None, text.version)]
    if not fitting:
        raise LocaleUnknown(known=sorted({text.locale for text in texts()}))
    return fitting[0]
