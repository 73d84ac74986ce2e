"""Say a recording in a voice and write it, marked."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from audio import wav
from audio.clip import Clip
from problems.errors import Refused
from synthesis.desk.adapting import read_sound
from synthesis.desk.marks import Marker
from synthesis.engine import Engine, VoiceState
from synthesis.tts.text.script import Utterances
from watermark.codec.detect import detect


class SourceOurs(Refused):
    """The recording carries this computer's mark."""

    code = "desk-source-marked"
    title = "The recording was made here"
    meaning = "What carries our own mark is not said again in another voice; a second mark would cover the first."


def convert(
    engine: Engine, voice: VoiceState, marker: Marker, recording: Path, said: Utterances, to: Path, seed: int
) -> float:
    """Convert one recording that says `said`; returns the seconds written.

    The file appears whole or not at all: it is written beside its place and moved there.

    Raises:
        SourceOurs: it is ours. FolderRefused: no sound. WordsTooMany: it is too short for these words.
    """
    clip = read_sound(recording)
    if detect(clip.samples, clip.rate_hz, marker.keys(), search="full").verdict == "ours":
        raise SourceOurs()
    record, gain = marker.new()
    sound = np.concatenate(list(engine.convert(said, voice, clip.samples, clip.rate_hz, gain=gain, seed=seed)))
    part = to.with_name(f".{to.name}.part")
    part.write_bytes(wav.write(Clip(sound, engine.rate_hz)))
    marker.note(record, to, said.text)
    part.replace(to)
    return len(sound) / engine.rate_hz
