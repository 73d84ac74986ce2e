"""The SSML subset: what it does, and that everything else is refused with its place."""

import pytest

from synthesis.tts.text import prepare
from synthesis.tts.text.errors import MarkupRefused, NothingToSay, UnknownSound
from synthesis.tts.text.script import Utterances


def speak(inner: str) -> Utterances:
    return prepare(f"<speak>{inner}</speak>", ssml=True)


def test_plain_text_inside_speak_sounds_as_plain_text() -> None:
    assert speak("Hello, world.").parts[0].phonemes == prepare("Hello, world.").parts[0].phonemes


def test_breaks_become_pauses() -> None:
    parts = speak('One<break time="500ms"/>two<break strength="strong"/>three').parts
    assert [part.pause_s for part in parts] == [0.5, 0.7, 0.0]


def test_a_break_before_any_word_is_kept() -> None:
    parts = speak('<break time="1s"/>Now.').parts
    assert (parts[0].phonemes, parts[0].pause_s) == ("", 1.0)


def test_breaks_in_a_row_add_up_to_the_limit() -> None:
    assert speak("One" + '<break time="6s"/>' * 3 + "two").parts[0].pause_s == 10.0


@pytest.mark.parametrize(
    ("attribute", "read"),
    [
        ('rate="slow"', (0.75, 1.0, 0.0)),
        ('rate="80%"', (0.8, 1.0, 0.0)),
        ('rate="1.5"', (1.5, 1.0, 0.0)),
        ('pitch="+12st"', (1.0, 2.0, 0.0)),
        ('pitch="-10%"', (1.0, 0.9, 0.0)),
        ('volume="-6dB"', (1.0, 1.0, -6.0)),
        ('volume="loud"', (1.0, 1.0, 4.0)),
    ],
)
def test_prosody(attribute: str, read: tuple[float, float, float]) -> None:
    manner = speak(f"<prosody {attribute}>Hello</prosody>").parts[0].manner
    assert (manner.rate, manner.pitch, manner.volume_db) == pytest.approx(read)


def test_prosody_multiplies_inwards_and_ends_with_its_element() -> None:
    parts = speak('<prosody rate="0.5">a slow <prosody rate="0.5">very slow</prosody> one</prosody> normal').parts
    assert [part.manner.rate for part in parts] == [0.5, 0.25, 0.5, 1.0]


def test_phoneme_is_said_as_written() -> None:
    assert "pəkˈɑːn" in speak('A <phoneme alphabet="ipa" ph="pəkˈɑːn">pecan</phoneme> pie.').parts[1].phonemes


def test_sub_says_the_alias() -> None:
    assert "world wide web" in speak('The <sub alias="world wide web">W3</sub>.').text


@pytest.mark.parametrize(
    ("kind", "text", "said"),
    [
        ("cardinal", "1999", "one thousand nine hundred ninety nine"),
        ("ordinal", "21", "twenty first"),
        ("digits", "1999", "one nine nine nine"),
        ("time", "3:05 pm", "three oh five P M"),
        ("telephone", "555-0199", "five five five, zero one nine nine"),
        ("currency", "$2.50", "two dollars and fifty cents"),
        ("currency", "7", "seven dollars"),
    ],
)
def test_say_as(kind: str, text: str, said: str) -> None:
    assert speak(f'<say-as interpret-as="{kind}">{text}</say-as>').text == said


@pytest.mark.parametrize(
    ("form", "said"),
    [("mdy", "march fourth, twenty twenty six"), ("dmy", "the third of april, twenty twenty six")],
)
def test_say_as_date_follows_its_format(form: str, said: str) -> None:
    assert speak(f'<say-as interpret-as="date" format="{form}">3/4/2026</say-as>').text == said


def test_characters_are_named_one_by_one() -> None:
    said = speak('<say-as interpret-as="characters">aB-1</say-as>').parts[0].phonemes
    assert said == "ˈeɪ bˈiː dˈæʃ wˈʌn"


def test_paragraphs_and_sentences_end() -> None:
    parts = speak("<p><s>One</s><s>Two</s></p><p>Three</p>").parts
    assert [part.phonemes[-1] for part in parts] == [".", ".", "."]
    assert parts[1].pause_s > parts[0].pause_s == 0


def test_a_clause_that_goes_on_after_emphasis_gets_no_full_stop() -> None:
    parts = speak("I <emphasis>really</emphasis> mean it.").parts
    assert [part.phonemes[-1] == "." for part in parts] == [False, False, True]


@pytest.mark.parametrize(
    ("document", "line", "column"),
    [
        ("<speak>\n  <audio src='x'/></speak>", 2, 3),
        ("<speak>\n\n<break time='11s'/></speak>", 3, 1),
        ("<speak><prosody rate='warp'>x</prosody></speak>", 1, 8),
        ("<speak><break size='2'/></speak>", 1, 8),
        ("<speak><p></speak>", 1, 13),
        ("<p>no speak</p>", 1, 1),
        ("<speak><speak>x</speak></speak>", 1, 8),
        ("<speak><sub alias='y'><s>x</s></sub></speak>", 1, 23),
        ("<speak><say-as interpret-as='shout'>x</say-as></speak>", 1, 38),
        ("<speak><say-as interpret-as='ordinal'>x</say-as></speak>", 1, 40),
        ("<speak><phoneme alphabet='x-sampa' ph='p'>x</phoneme></speak>", 1, 44),
    ],
)
def test_what_is_not_spoken_is_refused_with_its_place(document: str, line: int, column: int) -> None:
    with pytest.raises(MarkupRefused) as refused:
        prepare(document, ssml=True)
    assert (refused.value.facts["line"], refused.value.facts["column"]) == (line, column)


def test_a_sound_nobody_can_make_is_refused() -> None:
    with pytest.raises(UnknownSound) as refused:
        speak("<phoneme ph='p♥'>x</phoneme>")
    assert refused.value.facts["symbol"] == "♥"


BOMB = '<!DOCTYPE speak [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">]><speak>&b;</speak>'
OUTSIDE = '<!DOCTYPE speak [<!ENTITY f SYSTEM "file:///etc/passwd">]><speak>&f;</speak>'


@pytest.mark.parametrize("document", [BOMB, OUTSIDE, "<!DOCTYPE speak><speak>x</speak>"])
def test_entities_are_never_expanded(document: str) -> None:
    with pytest.raises(MarkupRefused):
        prepare(document, ssml=True)


def test_nesting_and_number_of_elements_are_bounded() -> None:
    with pytest.raises(MarkupRefused):
        speak("<emphasis>" * 12 + "x" + "</emphasis>" * 12)
    with pytest.raises(MarkupRefused):
        speak("x<break/>" * 2000)


def test_silence_alone_is_nothing_to_say() -> None:
    with pytest.raises(NothingToSay):
        speak('<break time="1s"/>')
