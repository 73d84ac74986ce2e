"""Stand-ins for words whose sound is decided before the text is read.

A lexicon entry, `<phoneme>` or `<say-as interpret-as="characters">` puts one character of the private
use area into the text; normalisation lets it pass, and its phonemes take its place at the end.
"""

from __future__ import annotations

from synthesis.tts.text.errors import ScriptTooLong
from synthesis.tts.text.normalise import FIRST_FIXED, LAST_FIXED


class Fixed:
    """The stand-ins of one script."""

    def __init__(self) -> None:
        self.phonemes: dict[str, str] = {}
        self.written: dict[str, str] = {}

    def mark(self, written: str, phonemes: str) -> str:
        """A character for `written` said as `phonemes`, with spaces around it.

        Raises:
            ScriptTooLong: more stand-ins than one script may have (6,400).
        """
        character = chr(FIRST_FIXED + len(self.phonemes))
        if ord(character) > LAST_FIXED:
            raise ScriptTooLong("too many fixed pronunciations", limit=LAST_FIXED - FIRST_FIXED + 1)
        self.phonemes[character] = phonemes
        self.written[character] = written
        return f" {character} "

    def readable(self, text: str) -> str:
        """The text with the written forms back in place."""
        return " ".join("".join(self.written.get(letter, letter) for letter in text).split())


def without(text: str) -> str:
    """The text without characters that could be taken for stand-ins."""
    return "".join(letter for letter in text if not FIRST_FIXED <= ord(letter) <= LAST_FIXED)
