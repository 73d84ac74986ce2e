"""From written text to the phonemes that the voice model speaks.

    text -> lexicon and SSML -> normalise -> sentences -> phonemes in espeak's IPA symbols

English is read in this process with permissive parts only: rules of our own, CMUdict (BSD) in espeak's
symbols, and a small network of ours for words outside it. German, Dutch and Mandarin go through the
espeak-ng program where an operator has installed it (GPL 3, see `espeak`), and are refused where not.
"""

from __future__ import annotations

from typing import Protocol

from synthesis.tts.text.reading import phonemes, prepare
from synthesis.tts.text.script import Manner, Utterance, Utterances

__all__ = ["Manner", "Phonemizer", "Utterance", "Utterances", "phonemes", "prepare"]


class Phonemizer(Protocol):
    """Another way to phonemes, such as `espeak.Espeak`."""

    def phonemize(self, text: str, language: str) -> str:
        """Phonemes in the voice's inventory, punctuation kept."""
