"""From written text to the phonemes that the voice model speaks.

    text -> lexicon and SSML -> normalise -> sentences -> phonemes in espeak's IPA symbols

English is read in this process with permissive parts only: rules of our own, CMUdict (BSD) in espeak's
symbols, and a small network of ours for words outside it. German, Dutch and Mandarin go through the
espeak-ng program where an operator has installed it (GPL 3, see `espeak`), and are refused where not.

Of 337 hard sentences written for the purpose WeTextProcessing 1.2.0 reads 146 in the same words; most of the other 191
were compared by eye, and the rules mended where it was right. 384 such stand in `tests/synthesis/text/hard.tsv`.
Not read: units and dates of other locales than English, sums beyond one line, measures in quotation marks (3/8").

German, Dutch and Mandarin: reading figures, dates and abbreviations there is espeak-ng's own. How well the base voice
is understood in them has not been measured: no recogniser for them is at hand. Only kathleen's English has been.

What a voice should be trained on: these phonemes and espeak's, mixed. Against espeak-ng 1.52 (en-us) on the
same words, 97.7 % of symbols agree with stress marks and 98.5 % without, over 1,000 sentences of the training
corpora, where the weak forms were tuned; over 400 sentences of technical prose never looked at it is 96.5 %
and 97.7 %; over 1,000 rare words and names of the dictionary 84.7 % and 87.4 %. A voice trained on espeak's
phonemes alone hears these; one that has heard both also speaks well in the runtimes that bring espeak.
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
