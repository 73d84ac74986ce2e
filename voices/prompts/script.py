"""The prompt scripts that ship: one file of sentences per language, already in reading order.

The sentences of `english.tsv` were written for this project (Apache-2.0 like the rest of it). Their phones are the
first pronunciations of the CMU dictionary (BSD), British spellings by hand; they are kept so that the order can be
checked without the dictionary. An id never changes its sentence: recordings refer to it for years.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.resources import files

FILES = {"en": "english.tsv"}
USABLE_AFTER = (10, 30, 60)  # how many prompts make a rough, a fair and a good start


@dataclass(frozen=True, slots=True)
class Prompt:
    """One sentence to read: a stable id, its text, its phones without stress."""

    id: str
    text: str
    phones: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Script:
    """All sentences of a language in reading order."""

    language: str
    prompts: tuple[Prompt, ...]

    def find(self, prompt_id: str) -> Prompt | None:
        """The prompt of that id, None when the script has none."""
        return next((prompt for prompt in self.prompts if prompt.id == prompt_id), None)


def languages() -> tuple[str, ...]:
    """The languages that have a script, as BCP 47 primary subtags."""
    return tuple(sorted(FILES))


@cache
def script(language: str) -> Script | None:
    """The script for a language tag (``en-GB`` finds ``en``), None when there is none.

    A person without a script reads a text of their own and sends it as the transcript.
    """
    primary = language.partition("-")[0].lower()
    if primary not in FILES:
        return None
    lines = (files(__package__) / FILES[primary]).read_text("utf-8").splitlines()
    rows = [line.split("\t") for line in lines]
    return Script(primary, tuple(Prompt(name, text, tuple(phones.split())) for name, text, phones in rows))
