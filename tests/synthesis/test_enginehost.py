"""One engine, few voices, none for long."""

from __future__ import annotations

import threading

import numpy as np
import pytest

from audio import wav
from audio.clip import Clip
from synthesis.engine import BINS, Take, VoiceFileDamaged
from synthesis.enginehost import EngineHost
from synthesis.humming import HummingEngine
from synthesis.speakercheck import compare


def hum(pitch: float = 1.0, text: str = "The quick brown fox jumps over the lazy dog.") -> Clip:
    engine = HummingEngine()
    flat = lambda first, frames: np.ones((frames, BINS), np.float32)  # noqa: E731  # a stand-in for a gain field
    return Clip(engine.render(engine.prepare(text), engine.base_voice(), gain=flat, pitch=pitch), engine.rate_hz)


@pytest.fixture(scope="module")
def adapter() -> bytes:
    clip = hum()
    return HummingEngine().adapt([Take(clip.samples, clip.rate_hz)])


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_the_engine_is_loaded_once_and_late():
    loads: list[int] = []
    host = EngineHost(lambda: loads.append(1) or HummingEngine())
    assert loads == []
    threads = [threading.Thread(target=lambda: host.engine) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert loads == [1]


def test_a_voice_is_opened_once_a_minute(adapter):
    clock, opened = Clock(), []
    host = EngineHost(HummingEngine, keep_s=60, clock=clock)

    def open_adapter() -> bytes:
        opened.append(1)
        return adapter

    for clock.now in (0, 30, 59):
        host.voice("a", open_adapter)
    assert len(opened) == 1
    clock.now = 60
    host.voice("a", open_adapter)
    assert len(opened) == 2


def test_the_cache_is_bounded_and_forgets_the_longest_unused(adapter):
    host = EngineHost(HummingEngine, keep_bytes=5 * len(adapter))
    for name in ("a", "b", "a", "c"):
        host.voice(name, lambda: adapter)
    assert host.held() == {"a", "c"}


def test_an_erased_voice_is_dropped_at_once(adapter):
    host = EngineHost(HummingEngine)
    host.voice("a", lambda: adapter)
    host.voice("b", lambda: adapter)
    host.forget(["a", "never seen"])
    assert host.held() == {"b"}


def test_an_idle_process_forgets_by_itself(adapter):
    host = EngineHost(HummingEngine, keep_s=0.05)
    host.voice("a", lambda: adapter)
    gone = threading.Event()
    for _ in range(100):
        if not host._voices:
            gone.set()
            break
        gone.wait(0.02)
    assert gone.is_set()


def test_a_damaged_adapter_is_not_kept():
    host = EngineHost(HummingEngine)
    with pytest.raises(VoiceFileDamaged):
        host.voice("a", lambda: b"nothing of ours")
    assert host.held() == set()


def test_a_preview_listens_to_speech(adapter):
    host = EngineHost(HummingEngine)
    voice = host.voice("p", lambda: wav.write(hum(1.4)))
    assert voice.kind == "preview"
    assert host.voice("a", lambda: adapter).kind == "adapted"


def test_one_person_is_told_from_another_and_from_nobody():
    same = compare(hum(), hum(text="Please hold the line, somebody will be with you soon."))
    assert same.same is True
    assert same.score >= same.threshold
    assert compare(hum(), Clip(np.zeros(24_000, np.float32), 24_000)).same is None
