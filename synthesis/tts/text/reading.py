"""The reader: a script, plain or marked up, into utterances. See the package for the contract."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from synthesis.tts import symbols
from synthesis.tts.text import english, espeak, normalise, sentences
from synthesis.tts.text.errors import LanguageNotSpoken, NothingToSay, ScriptTooLong
from synthesis.tts.text.fixed import Fixed, without
from synthesis.tts.text.lexicon import Finder, Lexicon
from synthesis.tts.text.script import MAX_CHARACTERS, PLAIN, Manner, Utterance, Utterances
from synthesis.tts.text.ssml import Run, runs

_LANGUAGES = {"en": "en", "de": "de", "nl": "nl", "zh": "cmn", "cmn": "cmn"}
_OTHER_END = re.compile(r"(?<=[.!?。！？])\s*(?=\S)")


@dataclass(frozen=True, slots=True)
class _Reader:
    """How one script is read.

    Args:
        language: "en", "de", "nl" or "cmn".
        locale: the tag as the caller wrote it, for dates.
        finder: the caller's lexicon.
        fixed: words whose sound is decided.
    """

    language: str
    locale: str
    finder: Finder
    fixed: Fixed

    def utterances(self, text: str, manner: Manner, *, closed: bool) -> Iterator[Utterance]:
        """The sentences of a stretch of text; `closed` gives the last one a full stop where it has none."""
        marked = self.finder.replaced(text, self.fixed.mark)
        if self.language != "en":
            yield from self._foreign(marked, manner)
            return
        normal = normalise.english(marked, locale=self.locale, known=english.known)
        for sentence, pause_s in sentences.split(normal):
            whole = sentence if not closed or sentence[-1] in ",.;:!?" else sentence + "."
            said = english.said(whole, self.fixed.phonemes)
            if _sounds(said):
                yield Utterance(said, self.fixed.readable(sentence), manner, pause_s)

    def _foreign(self, text: str, manner: Manner) -> Iterator[Utterance]:
        """Other languages as espeak-ng reads them; it has its own rules for numbers and abbreviations."""
        if self.fixed.phonemes:
            raise LanguageNotSpoken("fixed pronunciations are read in English only", language=self.language)
        for sentence in _OTHER_END.split(" ".join(text.split())):
            said = espeak.running(self.language).phonemize(sentence)
            if _sounds(said):
                yield Utterance(said, sentence.strip(), manner)

    def run(self, run: Run) -> list[Utterance]:
        """One run of marked-up text, its pause after the last sentence."""
        said = list(self.utterances(run.text, run.manner, closed=run.ends))
        if not said:
            return [Utterance("", "", run.manner, run.pause_s)] if run.pause_s else []
        last = said[-1]
        return [*said[:-1], Utterance(last.phonemes, last.text, last.manner, last.pause_s + run.pause_s)]


def phonemes(text: str, *, language: str = "en", lexicon: Lexicon | None = None) -> str:
    """Phonemes of a text with its punctuation, sentences joined by spaces; for training and alignment.

    Raises:
        NothingToSay, ScriptTooLong, UnknownSound, LexiconRefused, LanguageNotSpoken.
    """
    reader = _reader(text, language, lexicon)
    said = " ".join(part.phonemes for part in reader.utterances(without(text), PLAIN, closed=False))
    if not said:
        raise NothingToSay
    return said


def prepare(script: str, *, language: str = "en", ssml: bool = False, lexicon: Lexicon | None = None) -> Utterances:
    """Read plain text or SSML into utterances.

    Args:
        script: at most 20,000 characters, markup counted.
        language: "en", "de", "nl", "cmn", or a tag such as "en-GB", which decides how dates are read.
        ssml: the script is a `<speak>` document; see `ssml` for the subset.
        lexicon: written form to phonemes, for this call only; the longest form wins.

    Raises:
        NothingToSay, ScriptTooLong, MarkupRefused, UnknownSound, LexiconRefused, LanguageNotSpoken.
    """
    reader = _reader(script, language, lexicon)
    if ssml:
        parts = [part for run in runs(script, reader.fixed) for part in reader.run(run)]
    else:
        parts = list(reader.utterances(without(script), PLAIN, closed=True))
    if not any(part.phonemes for part in parts):
        raise NothingToSay
    return Utterances(reader.language, tuple(parts))


def _reader(script: str, language: str, lexicon: Lexicon | None) -> _Reader:
    if len(script) > MAX_CHARACTERS:
        raise ScriptTooLong(limit=MAX_CHARACTERS, characters=len(script))
    primary = _LANGUAGES.get(language.replace("_", "-").split("-")[0].lower())
    if primary is None:
        raise LanguageNotSpoken(language=language)
    locale = "en-US" if language in ("en", "en-US") else language
    return _Reader(primary, locale, Finder(lexicon or {}), Fixed())


def _sounds(said: str) -> bool:
    return any(unit.base not in symbols.PAUSE_IDS for unit in symbols.units(symbols.ids(said)))
