"""Which recordings may be used, for what, and under which licence.

For the data pipeline and for the credits on the model card. It opens metadata files only and
decides nothing about sound quality.

Left out whole, with the reason: mandarin-words (share-alike would reach the weights),
mandarin-aishell1 (its licence is stated in two ways), english-misc (kept for small tests).
"""

import csv
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

UNSEEN = Path(__file__).with_name("unseen.csv")
HELD_OUT_SHARE = 10  # one prompt in this many is never trained on


@dataclass(frozen=True)
class Corpus:
    """One folder of recordings.

    `speaker` cuts the speaker out of an utterance id: a number of leading characters, or the
    name of the only speaker. `voice` is the espeak voice that phonemises its text; None keeps
    the set to the vocoder and the speaker encoder. `weight` scales how often it is drawn.
    """

    name: str
    speaker: int | str
    voice: str | None
    weight: float
    licence: str
    credit: str


CORPORA = (
    Corpus("kathleen", "kathleen", "en-us", 1.0, "CC0-1.0", "Kathleen, Rhasspy voice dataset"),
    Corpus("nathalie", "nathalie", "nl", 0.5, "CC0-1.0", "Nathalie, Rhasspy voice dataset"),
    Corpus("kerstin", "kerstin", "de", 0.5, "CC0-1.0", "Kerstin, Rhasspy voice dataset"),
    Corpus("flemishguy", "flemishguy", "nl", 0.0, "CC0-1.0", "Flemish Guy, Rhasspy voice dataset"),
    Corpus("speechocean762", 6, "en-us", 0.6, "free use, see its LICENSE",
           "speechocean762, Speechocean; Zhang et al., Interspeech 2021"),
    Corpus("librispeech-read", 0, "en-us", 1.5, "CC-BY-4.0", "LibriSpeech, V. Panayotov, 2014"),
    Corpus("librispeech-speakers", 0, None, 1.0, "CC-BY-4.0", "LibriSpeech, V. Panayotov, 2014"),
    Corpus("vctk-sample", 4, "en", 1.5, "CC-BY-4.0", "VCTK 0.92, CSTR, University of Edinburgh"),
    Corpus("ljspeech-sample", "lj", "en-us", 0.0, "public domain", "LJ Speech, Linda Johnson"),
    Corpus("mandarin-aishell3", 7, None, 1.0, "Apache-2.0", "AISHELL-3, Beijing Shell Shell Technology"),
)


@dataclass(frozen=True)
class Recording:
    """One utterance as the folders describe it; `split` is train, held_out or unseen."""

    corpus: str
    name: str
    speaker: str
    text: str
    voice: str | None
    split: str
    path: Path


def unseen() -> frozenset[str]:
    """Speakers that no training ever hears."""
    with UNSEEN.open(encoding="utf-8", newline="") as file:
        return frozenset(row["speaker"] for row in csv.DictReader(file))


def recordings(speech: Path) -> Iterator[Recording]:
    """Every usable utterance below `speech`, in a fixed order."""
    kept_out = unseen()
    for corpus in CORPORA:
        files = {path.stem: path for path in sorted((speech / corpus.name / "audio").iterdir())}
        lines = (speech / corpus.name / "metadata.csv").read_text(encoding="utf-8").splitlines()
        for line in lines:
            name, text, _ = line.split("|")
            speaker = _speaker(corpus, name)
            split = "unseen" if speaker in kept_out else _split(corpus, name, text)
            yield Recording(corpus.name, name, speaker, text, corpus.voice if text else None, split, files[name])


def _speaker(corpus: Corpus, name: str) -> str:
    if isinstance(corpus.speaker, str):
        return corpus.speaker
    return name[: corpus.speaker] if corpus.speaker else name.split("-")[0]


def _split(corpus: Corpus, name: str, text: str) -> str:
    """By what is said, so that a second take of a held-out prompt is held out as well."""
    if corpus.voice is None:
        return "train"
    spoken = "".join(letter for letter in text.lower() if letter.isalnum())
    number = int.from_bytes(hashlib.sha256(spoken.encode()).digest()[:4], "big")
    return "held_out" if number % HELD_OUT_SHARE == 0 else "train"
