"""Phonemes that must not change unnoticed: trained weights and exported voices hang on them.

Origin: our own sentences. `golden.tsv` was written by `python tests/synthesis/text/test_golden.py` and read
through by a person; where it changes on purpose, write it anew and say in the commit what is heard differently.
"""

from pathlib import Path

import pytest

from synthesis.tts.text import phonemes

FILE = Path(__file__).with_name("golden.tsv")
ROWS = [line.split("\t") for line in FILE.read_text(encoding="utf-8").splitlines()]


@pytest.mark.parametrize(("text", "said"), ROWS)
def test_a_sentence_sounds_as_it_did(text: str, said: str) -> None:
    assert phonemes(text) == said


if __name__ == "__main__":
    FILE.write_text("".join(f"{text}\t{phonemes(text)}\n" for text, _ in ROWS), encoding="utf-8")
