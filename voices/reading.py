"""What was read in a recording."""

from __future__ import annotations

from dataclasses import dataclass

from voices.errors import PromptUnknown, TranscriptMissing
from voices.prompts.script import script


@dataclass(frozen=True)
class Reading:
    """What was read: a prompt of the language's script, or words of the person's own."""

    language: str
    prompt: str = ""
    transcript: str = ""

    def words(self) -> str:
        """The words that are spoken.

        Raises:
            PromptUnknown: the script has no such prompt. TranscriptMissing: neither is given.
        """
        if not self.prompt:
            if not self.transcript.strip():
                raise TranscriptMissing()
            return self.transcript
        read = script(self.language)
        prompt = read.find(self.prompt) if read else None
        if prompt is None:
            raise PromptUnknown(prompt=self.prompt, language=self.language)
        return prompt.text
