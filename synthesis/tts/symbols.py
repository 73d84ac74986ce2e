"""The symbols of the voice model: espeak-style IPA code points and their numbers.

For turning a phoneme string into the ids that the model, its ONNX form and the Piper and
sherpa-onnx runtimes share, and for reading such ids back. It does not turn text into phonemes
(`synthesis.tts.text` does) and knows no language.

The numbers are part of every trained weight and every exported voice, so the table only ever
grows at its end. One entry is one code point: runtimes split strings by code point and stop at
longer entries. The linking sign U+02B2 has a number, as Piper's table gives it one, and is
dropped on input: espeak versions disagree on where they write it.

Source: the default id map of Piper's voices (`phoneme_id_map` in a voice's JSON file).
"""

from collections.abc import Sequence
from typing import NamedTuple

BLANK, START, END, SPACE = "_", "^", "$", " "

_TABLE = (
    "_^$ !'(),-.:;?"
    "abcdefhijklmnopqrstuvwxyz"
    "æçðøħŋœǀǁǂǃɐɑɒɓɔɕɖɗɘəɚɛɜɞɟɠɡɢɣɤɥɦɧɨɪɫɬɭɮɯɰɱɲɳɴɵɶɸɹɺɻɽɾ"
    "ʀʁʂʃʄʈʉʊʋʌʍʎʏʐʑʒʔʕʘʙʛʜʝʟʡʢʲˈˌːˑ˞βθχᵻⱱ0123456789"
    "\u0327\u0303\u032a\u032f\u0329ʰˤε↓#\"↑\u033a\u033b"
)
ID_OF: dict[str, int] = {symbol: number for number, symbol in enumerate(_TABLE)}
SYMBOL_OF: tuple[str, ...] = tuple(_TABLE)
COUNT = 256  # rows of the embedding; the rest is room to grow

DROPPED = frozenset("ʲ\u200d\u0361")  # linking sign, joiner, tie bar: they carry no sound of their own
LEADING_MARKS = frozenset("ˈˌ")  # belong to the symbol that follows
TRAILING_MARKS = frozenset("ːˑ˞\u0327\u0303\u032a\u032f\u0329ʰˤ\u033a\u033b0123456789")
PAUSES = frozenset("^$ !(),-.:;?#\"")

_LEADING_IDS = frozenset(ID_OF[mark] for mark in LEADING_MARKS)
_TRAILING_IDS = frozenset(ID_OF[mark] for mark in TRAILING_MARKS)
PAUSE_IDS = frozenset(ID_OF[mark] for mark in PAUSES)


class UnknownSymbol(ValueError):
    """A phoneme string holds a code point that has no number."""

    def __init__(self, symbol: str, position: int) -> None:
        super().__init__(f"no phoneme symbol {symbol!r} (U+{ord(symbol):04X}) at position {position}")
        self.symbol = symbol
        self.position = position


class Unit(NamedTuple):
    """One sound or pause with the marks written on it; 0 means no mark."""

    base: int
    before: int
    after: int


def ids(phonemes: str) -> list[int]:
    """Number a phoneme string the way the model and its runtimes expect it.

    Args:
        phonemes: espeak IPA with punctuation, such as "həlˈoʊ, wˈɜːld."; NFC or NFD alike
            where the marks are listed above.

    Returns:
        `^ _ s1 _ s2 _ ... sn _ $`: the symbols with a blank after each and both ends marked.

    Raises:
        UnknownSymbol: a code point outside the table; callers show its position.
    """
    numbers = [ID_OF[START], ID_OF[BLANK]]
    for position, symbol in enumerate(phonemes):
        if symbol in DROPPED:
            continue
        if symbol not in ID_OF or symbol in (BLANK, START, END):
            raise UnknownSymbol(symbol, position)
        numbers += [ID_OF[symbol], ID_OF[BLANK]]
    return [*numbers, ID_OF[END]]


def phonemes(numbers: Sequence[int]) -> str:
    """The phoneme string of `ids`, without blanks and ends."""
    hidden = {ID_OF[BLANK], ID_OF[START], ID_OF[END]}
    return "".join(SYMBOL_OF[number] for number in numbers if number not in hidden)


def units(numbers: Sequence[int]) -> list[Unit]:
    """Fold blanks and marks into sounds, so that everything left can take up time.

    A stress mark goes to the sound after it, length, tone and other diacritics to the sound
    before it (the last one wins). A mark with no sound to carry it is dropped.
    """
    folded: list[Unit] = []
    before = 0
    for number in numbers:
        if number == ID_OF[BLANK]:
            continue
        if number in _LEADING_IDS:
            before = number
        elif number in _TRAILING_IDS:
            if folded and folded[-1].base not in PAUSE_IDS:
                folded[-1] = folded[-1]._replace(after=number)
        else:
            folded.append(Unit(number, 0 if number in PAUSE_IDS else before, 0))
            before = before if number in PAUSE_IDS and number != ID_OF[END] else 0
    return folded
