"""A subset of SSML 1.1, read strictly: what is not spoken here is refused, with its line and column.

Elements: speak, p, s, break, say-as, phoneme (ipa), prosody (rate, pitch, volume), sub, emphasis.
Document types and entities beyond XML's own five are refused by the parser, so nothing can expand.

Source: W3C Speech Synthesis Markup Language 1.1.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from xml.sax import SAXParseException, handler, xmlreader

import defusedxml.sax
from defusedxml.common import DefusedXmlException

from synthesis.tts.text import say_as
from synthesis.tts.text.errors import MarkupRefused, UnknownSound
from synthesis.tts.text.fixed import Fixed, without
from synthesis.tts.text.lexicon import checked_phonemes
from synthesis.tts.text.script import PLAIN, Manner

MAX_DEPTH = 12
MAX_ELEMENTS = 2_000
MAX_BREAK_S = 10.0
_ALLOWED: dict[str, frozenset[str]] = {
    "speak": frozenset({"version", "xml:lang", "xmlns"}), "p": frozenset(), "s": frozenset(),
    "break": frozenset({"time", "strength"}), "say-as": frozenset({"interpret-as", "format"}),
    "phoneme": frozenset({"alphabet", "ph"}), "prosody": frozenset({"rate", "pitch", "volume"}),
    "sub": frozenset({"alias"}), "emphasis": frozenset({"level"}),
}  # fmt: skip
_TAKES_TEXT_ONLY = frozenset({"say-as", "phoneme", "sub"})
_RATES = {"x-slow": 0.5, "slow": 0.75, "medium": 1.0, "default": 1.0, "fast": 1.25, "x-fast": 1.6}
_PITCHES = {"x-low": 0.75, "low": 0.88, "medium": 1.0, "default": 1.0, "high": 1.13, "x-high": 1.3}
_VOLUMES = {"silent": -40.0, "x-soft": -12.0, "soft": -6.0, "medium": 0.0, "default": 0.0, "loud": 4.0, "x-loud": 8.0}
_BREAKS = {"none": 0.0, "x-weak": 0.1, "weak": 0.2, "medium": 0.4, "strong": 0.7, "x-strong": 1.2}
_EMPHASIS = {"strong": Manner(0.85, 1.1, 3.0), "moderate": Manner(0.92, 1.06, 1.5), "none": PLAIN,
             "reduced": Manner(1.1, 0.96, -2.0)}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Run:
    """Text in one manner, then silence.

    Args:
        text: as written, stand-ins in place (see `fixed`).
        manner: the product of everything around it.
        pause_s: silence asked for after it.
        ends: a sentence or paragraph ends here.
    """

    text: str
    manner: Manner
    pause_s: float = 0.0
    ends: bool = False


def runs(source: str, fixed: Fixed) -> list[Run]:
    """Read a document into runs of text, in order.

    Raises:
        MarkupRefused: not well formed, or beyond the subset; with `line` and `column` from 1.
        UnknownSound: a `<phoneme>` that no voice can say.
    """
    reader = _Reader(fixed)
    try:
        defusedxml.sax.parseString(without(source).encode(), reader, forbid_dtd=True)
    except SAXParseException as fault:
        place = {"line": fault.getLineNumber() or 1, "column": (fault.getColumnNumber() or 0) + 1}
        raise MarkupRefused(fault.getMessage(), **place) from fault
    except DefusedXmlException as fault:
        raise MarkupRefused("document types and entities are not read", line=1, column=1) from fault
    return reader.found


class _Reader(handler.ContentHandler):
    """Collects runs while the parser walks through the document."""

    def __init__(self, fixed: Fixed) -> None:
        super().__init__()
        self.found: list[Run] = []
        self._fixed = fixed
        self._open: list[tuple[str, dict[str, str]]] = []
        self._manners = [PLAIN]
        self._text = ""
        self._count = 0
        self._where: xmlreader.Locator = xmlreader.Locator()

    def setDocumentLocator(self, locator: xmlreader.Locator) -> None:
        """Called by the parser first."""
        self._where = locator

    def characters(self, content: str) -> None:
        """Text between tags."""
        self._text += content

    def startElement(self, name: str, attrs: xmlreader.AttributesImpl) -> None:
        """A tag opens."""
        values = {key: str(attrs.getValue(key)) for key in attrs.getNames()}
        self._check(name, values)
        if name not in ("sub", "phoneme", "say-as"):
            self._flush(ends=name in ("p", "s"))
        elif self._text:
            self._flush()
        self._open.append((name, values))
        self._manners.append(self._manner(name, values).over(self._manners[-1]))
        if name == "break":
            self._pause(self._break_s(values))

    def endElement(self, name: str) -> None:
        """A tag closes."""
        _, values = self._open.pop()
        if name in _TAKES_TEXT_ONLY:
            self._text = self._replacement(name, values, self._text)
            self._flush(manner=self._manners.pop())
            return
        self._flush(ends=name in ("p", "s"))
        self._manners.pop()
        if name == "p":
            self._pause(0.45)

    def _check(self, name: str, values: dict[str, str]) -> None:
        self._count += 1
        if name not in _ALLOWED:
            raise self._refused(f"<{name}> is not spoken here", element=name)
        if unknown := sorted(set(values) - _ALLOWED[name]):
            raise self._refused(f"<{name}> takes no {unknown[0]}", element=name, attribute=unknown[0])
        if (name == "speak") != (not self._open):
            raise self._refused("<speak> is the outermost element and stands nowhere else", element=name)
        if len(self._open) >= MAX_DEPTH or self._count > MAX_ELEMENTS:
            raise self._refused(f"at most {MAX_DEPTH} levels and {MAX_ELEMENTS} elements", element=name)
        if self._open and self._open[-1][0] in (*_TAKES_TEXT_ONLY, "break"):
            raise self._refused(f"<{self._open[-1][0]}> holds no elements", element=name)

    def _refused(self, detail: str, **facts: object) -> MarkupRefused:
        line, column = self._where.getLineNumber() or 1, (self._where.getColumnNumber() or 0) + 1
        return MarkupRefused(f"{detail} (line {line}, column {column})", line=line, column=column, **facts)

    def _flush(self, *, ends: bool = False, manner: Manner | None = None) -> None:
        text, self._text = self._text, ""
        if text.strip():
            self.found.append(Run(text, manner or self._manners[-1], ends=ends))
        elif ends and self.found:
            last = self.found[-1]
            self.found[-1] = Run(last.text, last.manner, last.pause_s, ends=True)

    def _pause(self, seconds: float) -> None:
        if not self.found:
            self.found.append(Run("", PLAIN, seconds))
            return
        last = self.found[-1]
        self.found[-1] = Run(last.text, last.manner, min(MAX_BREAK_S, last.pause_s + seconds), last.ends)

    def _break_s(self, values: dict[str, str]) -> float:
        if "time" not in values:
            return self._named(_BREAKS, values.get("strength", "medium"), "strength")
        match = re.fullmatch(r"\+?(\d+(?:\.\d+)?|\.\d+)(ms|s)", values["time"].strip())
        seconds = float(match[1]) / (1000 if match[2] == "ms" else 1) if match else -1.0
        if not 0 <= seconds <= MAX_BREAK_S:
            raise self._refused("a break lasts 0s to 10s", attribute="time")
        return seconds

    def _manner(self, name: str, values: dict[str, str]) -> Manner:
        if name == "emphasis":
            level = values.get("level", "moderate")
            if level not in _EMPHASIS:
                raise self._refused(f"no emphasis {level!r}", attribute="level")
            return _EMPHASIS[level]
        if name != "prosody":
            return PLAIN
        return Manner(
            rate=self._factor(_RATES, values.get("rate", "medium"), "rate", 0.25, 4.0),
            pitch=self._factor(_PITCHES, values.get("pitch", "medium"), "pitch", 0.5, 2.0),
            volume_db=self._volume(values.get("volume", "medium")),
        )

    def _factor(self, names: dict[str, float], value: str, what: str, low: float, high: float) -> float:
        """A name, "80%" (of the habit), "+10%", "-10%", "+2st" or a plain factor."""
        match = re.fullmatch(r"([+-]?)(\d+(?:\.\d+)?)(%|st)?", value.strip())
        if match is None:
            return self._named(names, value.strip(), what)
        sign, amount, unit = match[1], float(match[2]), match[3]
        signed = -amount if sign == "-" else amount
        if unit == "st":
            factor = float(2.0 ** (signed / 12))
        elif unit == "%":
            factor = 1 + signed / 100 if sign else amount / 100
        else:
            factor = amount if not sign else -1.0
        if not low <= factor <= high:
            raise self._refused(f"{what} lies between {low} and {high} of the habit", attribute=what)
        return factor

    def _volume(self, value: str) -> float:
        match = re.fullmatch(r"([+-]\d+(?:\.\d+)?)dB", value.strip())
        if match is None:
            return self._named(_VOLUMES, value.strip(), "volume")
        if not -40 <= float(match[1]) <= 12:
            raise self._refused("volume lies between -40dB and +12dB", attribute="volume")
        return float(match[1])

    def _named(self, names: dict[str, float], value: str, what: str) -> float:
        if value not in names:
            raise self._refused(f"no {what} {value!r}; one of {', '.join(names)}", attribute=what)
        return names[value]

    def _replacement(self, name: str, values: dict[str, str], text: str) -> str:
        if name == "sub":
            return without(self._needed(values, "alias"))
        if name == "phoneme":
            return self._fixed.mark(text.strip(), self._phonemes(values))
        kind = self._needed(values, "interpret-as")
        try:
            return say_as.read(text, kind, values.get("format", ""), self._fixed)
        except ValueError as fault:
            raise self._refused(str(fault), attribute="interpret-as") from fault

    def _phonemes(self, values: dict[str, str]) -> str:
        if values.get("alphabet", "ipa") != "ipa":
            raise self._refused("phonemes are written in ipa", attribute="alphabet")
        try:
            return checked_phonemes(self._needed(values, "ph"))
        except UnknownSound as fault:
            place = {"line": self._where.getLineNumber(), "column": (self._where.getColumnNumber() or 0) + 1}
            raise UnknownSound(fault.detail, **{**fault.facts, **place}) from fault

    def _needed(self, values: dict[str, str], attribute: str) -> str:
        if not values.get(attribute, "").strip():
            raise self._refused(f"{attribute} is missing", attribute=attribute)
        return values[attribute]
