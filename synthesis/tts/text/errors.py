"""What the text front end refuses, and why."""

from __future__ import annotations

from problems.errors import Invalid


class NothingToSay(Invalid):
    """The text holds no sound: empty, spaces or punctuation only."""

    code = "nothing-to-say"
    title = "The text holds nothing to say"
    meaning = "After normalisation no word, number or sound is left. Send text that a person could read aloud."


class ScriptTooLong(Invalid):
    """More text than one request may hold."""

    code = "script-too-long"
    title = "The text is too long for one request"
    meaning = "One request holds a bounded amount of text; the limit is a member of the answer. Split the text."


class MarkupRefused(Invalid):
    """SSML that is not well formed or goes beyond the subset that is spoken here."""

    code = "markup-refused"
    title = "The markup cannot be spoken"
    meaning = (
        "The text was sent as SSML and holds an element, attribute or value that is not part of the subset "
        "this service speaks, or is not well-formed XML. Line and column say where. Nothing is skipped silently."
    )


class UnknownSound(Invalid):
    """Phonemes outside the inventory of the voice."""

    code = "unknown-sound"
    title = "A phoneme is not in the voice's inventory"
    meaning = (
        "A pronunciation holds a symbol that no voice here can say. "
        "Pronunciations are written in the International Phonetic Alphabet as espeak uses it; the symbol and its "
        "place are members of the answer."
    )


class LexiconRefused(Invalid):
    """A pronunciation lexicon with an entry that cannot be used."""

    code = "lexicon-refused"
    title = "An entry of the lexicon cannot be used"
    meaning = "Each entry maps a written word or phrase to phonemes or to other words; the entry is in the answer."


class LanguageNotSpoken(Invalid):
    """No way from this language's letters to sounds is installed here."""

    code = "language-not-spoken"
    title = "This language cannot be spoken here"
    meaning = (
        "English is read by the product itself. Other languages need the optional phoneme program (espeak-ng) on the "
        "worker; it is not installed, or it does not know the language."
    )
