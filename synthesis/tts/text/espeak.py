"""An optional way from text to phonemes for languages we do not read ourselves: the espeak-ng program.

espeak-ng is free software under the GPL 3. It is neither shipped nor imported here: where an operator has
installed the program, one process of it is kept running and spoken to over pipes. Without it, German,
Dutch and Mandarin are refused with `LanguageNotSpoken`, and English works as ever.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import threading
import weakref
from contextlib import suppress
from functools import cache

from synthesis.tts import symbols
from synthesis.tts.text.errors import LanguageNotSpoken

VOICES = {"en": "en-us", "de": "de", "nl": "nl", "cmn": "cmn"}
_CLAUSE = re.compile(r"([,.;:!?。，！？；：]+)(?=\s|$|(?<=[。，！？；：]))")
_PUNCTUATION = str.maketrans("。，！？；：", ".,!?;:")
_END_WORD = "consonant"  # asked after each clause: its answer says that the clause's answer is complete
_SWITCH = re.compile(r"\([a-z-]+\)")  # espeak notes a change of language as "(en)"


class Espeak:
    """One running espeak-ng for one language; calls from several threads take turns.

    Args:
        language: a key of `VOICES`.

    Raises:
        LanguageNotSpoken: no program, or it has no such voice.
    """

    def __init__(self, language: str) -> None:
        program = shutil.which("espeak-ng")
        if program is None or language not in VOICES:
            raise LanguageNotSpoken(language=language)
        command = [program, "-q", "--ipa", "-v", VOICES[language]]
        self._lock = threading.Lock()
        self._running = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            encoding="utf-8",
        )
        self.close = weakref.finalize(self, _ended, self._running)  # who forgets it leaves no process behind
        self._end = ""
        self._end = self._first_answer(language)

    def phonemize(self, text: str, language: str = "") -> str:
        """Phonemes with punctuation of text in this process's language; symbols no voice has are left out."""
        with self._lock:
            pieces = _CLAUSE.split(" ".join(text.split()))
            clauses, marks = pieces[::2], [*pieces[1::2], ""]
            said = [self._clause(clause) for clause in clauses]
        marked = (s + m[:1].translate(_PUNCTUATION) for s, m in zip(said, marks, strict=True) if s)
        return "".join(symbol for symbol in " ".join(marked) if symbol in symbols.ID_OF and symbol not in "_^$")

    def _first_answer(self, language: str) -> str:
        self._write(_END_WORD)
        line = self._read()
        if not line:
            self.close()
            raise LanguageNotSpoken(language=language)
        return line

    def _clause(self, clause: str) -> str:
        if not re.search(r"\w", clause):
            return ""
        self._write(clause)
        self._write(_END_WORD)
        lines: list[str] = []
        while (line := self._read()) != self._end:
            if not line:
                raise LanguageNotSpoken("espeak-ng has ended unexpectedly")
            lines.append(line)
        return _SWITCH.sub("", " ".join(lines)).strip()

    def _write(self, line: str) -> None:
        assert self._running.stdin is not None  # noqa: S101 - PIPE was asked for
        with suppress(BrokenPipeError):  # it has ended; reading its answer tells so
            self._running.stdin.write(line + "\n")
            self._running.stdin.flush()

    def _read(self) -> str:
        assert self._running.stdout is not None  # noqa: S101 - PIPE was asked for
        while (line := self._running.stdout.readline()) == "\n":
            continue
        return line.strip()


def _ended(running: subprocess.Popen[str]) -> None:
    """End the process."""
    running.terminate()
    running.wait()
    for pipe in (running.stdin, running.stdout):
        if pipe is not None:
            with suppress(BrokenPipeError):  # what it never read is written once more here
                pipe.close()


@cache
def running(language: str) -> Espeak:
    """The process's one espeak-ng for a language, started at first use."""
    return Espeak(language)
