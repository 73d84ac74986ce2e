"""The optional phoneme program, played by a stand-in that keeps its habits."""

import stat
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from synthesis.tts.text import espeak, prepare
from synthesis.tts.text.errors import LanguageNotSpoken

# Answers line by line as espeak-ng does: a leading space, one line per clause, "(en)" on a change of language.
STAND_IN = f"""#!{sys.executable}
import sys
assert sys.argv[1:3] == ["-q", "--ipa"]
for line in iter(sys.stdin.readline, ""):
    word = line.strip()
    if word == "crash":
        sys.exit(1)
    if word == "zwei zeilen":
        print(" tsvˈaɪ", flush=True)
        print(" tsˈaɪlən", flush=True)
    else:
        print(" " + word.replace("hallo", "halˈoː").replace("team", "(en)tˈiːm(de)♥"), flush=True)
"""


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    path = tmp_path / "espeak-ng"
    path.write_text(STAND_IN, encoding="utf-8")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", str(tmp_path))
    espeak.running.cache_clear()
    yield path
    if espeak.running.cache_info().currsize:
        espeak.running("de").close()
    espeak.running.cache_clear()


def test_punctuation_is_put_back(program: Path) -> None:
    said = espeak.Espeak("de")
    try:
        assert said.phonemize("hallo, hallo. hallo?") == "halˈoː, halˈoː. halˈoː?"
    finally:
        said.close()


def test_an_answer_of_two_lines_is_one_clause(program: Path) -> None:
    said = espeak.Espeak("de")
    try:
        assert said.phonemize("zwei zeilen, hallo") == "tsvˈaɪ tsˈaɪlən, halˈoː"
    finally:
        said.close()


def test_language_notes_and_unknown_symbols_are_left_out(program: Path) -> None:
    said = espeak.Espeak("de")
    try:
        assert said.phonemize("team") == "tˈiːm"
    finally:
        said.close()


def test_a_program_that_ends_is_reported(program: Path) -> None:
    said = espeak.Espeak("de")
    try:
        with pytest.raises(LanguageNotSpoken):
            said.phonemize("crash")
    finally:
        said.close()


def test_a_program_that_has_ended_before_it_is_asked_is_reported(program: Path) -> None:
    """Its pipe is broken then, which is another error than an answer that does not come."""
    said = espeak.Espeak("de")
    said._running.kill()
    said._running.wait()
    with pytest.raises(LanguageNotSpoken):
        said.phonemize("hallo, hallo")
    said.close()


def test_a_program_that_is_forgotten_ends(program: Path) -> None:
    running = (said := espeak.Espeak("de"))._running
    del said
    assert running.returncode is not None


def test_german_is_read_by_the_program(program: Path) -> None:
    parts = prepare("hallo. hallo!", language="de-AT").parts
    assert [part.phonemes for part in parts] == ["halˈoː.", "halˈoː!"]


def test_without_the_program_other_languages_are_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    espeak.running.cache_clear()
    with pytest.raises(LanguageNotSpoken) as refused:
        prepare("hallo", language="de")
    assert refused.value.facts["language"] == "de"


def test_our_english_needs_no_program(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert prepare("hello").parts[0].phonemes == "həlˈoʊ."
