"""The one engine of this process, and a small cache of the voices it has opened.

Which voice speaks is an argument of every call, never state here. The cache holds opened adapters by
the hash of their bytes and for a minute at most: an erasure in another process ends its use at once
(every job asks the database first) and its presence in memory within `KEEP_S`. Dropped means dropped
from our hands; that the allocator overwrites freed memory is not promised.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Collection
from typing import NamedTuple

from django.conf import settings

from audio import wav
from synthesis.engine import Engine, VoiceState, load_engine

KEEP_S = 60.0
KEEP_BYTES = 256 * 1024 * 1024  # some four hundred adapters


class _Kept(NamedTuple):
    """A voice in the cache: until when, and what it weighs in bytes."""

    until: float
    voice: VoiceState
    size: int


class EngineHost:
    """Loads the engine at its first use; safe to share between threads.

    Args:
        load: makes the engine.
        keep_s, keep_bytes: bounds of the cache. A voice counts twice its file, which is in half precision.
        clock: seconds that only grow.
    """

    def __init__(
        self,
        load: Callable[[], Engine],
        *,
        keep_s: float = KEEP_S,
        keep_bytes: int = KEEP_BYTES,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._load, self._keep_s, self._keep_bytes, self._clock = load, keep_s, keep_bytes, clock
        self._lock = threading.Lock()
        self._engine: Engine | None = None
        self._voices: OrderedDict[str, _Kept] = OrderedDict()
        self._timer: threading.Timer | None = None

    @property
    def engine(self) -> Engine:
        """The engine of this process.

        Raises:
            WeightsMissing: there are no usable weights where the settings say.
        """
        with self._lock:
            if self._engine is None:
                self._engine = self._load()
            return self._engine

    def voice(self, adapter_sha256: str, open_adapter: Callable[[], bytes]) -> VoiceState:
        """The voice of an adapter that the caller may use; `open_adapter` is called when it is not cached.

        Raises:
            VoiceFileDamaged, VoiceOfAnotherBase, TooLittleSpeech: from the engine.
        """
        self.drop_stale()
        with self._lock:
            found = self._voices.get(adapter_sha256)
            if found is not None:
                self._voices.move_to_end(adapter_sha256)
                return found.voice
        stored = open_adapter()
        voice = _opened(self.engine, stored)
        with self._lock:
            self._voices[adapter_sha256] = _Kept(self._clock() + self._keep_s, voice, 2 * len(stored))
            while len(self._voices) > 1 and sum(kept.size for kept in self._voices.values()) > self._keep_bytes:
                self._voices.popitem(last=False)
        self._wind()
        return voice

    def forget(self, adapters: Collection[str]) -> None:
        """Drop these adapters now: their person is being erased."""
        with self._lock:
            for sha256 in adapters:
                self._voices.pop(sha256, None)

    def held(self) -> set[str]:
        """Hashes of the adapters in memory."""
        self.drop_stale()
        with self._lock:
            return set(self._voices)

    def drop_stale(self) -> None:
        """Drop what has been held for its time; a timer calls this too, so that an idle process forgets."""
        with self._lock:
            now = self._clock()
            for sha256 in [key for key, kept in self._voices.items() if kept.until <= now]:
                del self._voices[sha256]

    def _wind(self) -> None:
        """Have somebody look again when the oldest entry's time is over; one timer at a time."""
        with self._lock:
            if self._timer is not None or not self._voices:
                return
            soonest = min(kept.until for kept in self._voices.values())
            self._timer = threading.Timer(max(0.0, soonest - self._clock()), self._ring)
            self._timer.daemon = True
            self._timer.start()

    def _ring(self) -> None:
        with self._lock:
            self._timer = None
        self.drop_stale()
        self._wind()


def _opened(engine: Engine, stored: bytes) -> VoiceState:
    """A voice of the bytes of a version: what `adapt` trained, or the speech a preview listens to."""
    if stored.startswith(b"RIFF"):
        clip = wav.read(stored).mono()
        return engine.voice_vector(clip.samples, clip.rate_hz)
    return engine.load_voice(stored)


HOST = EngineHost(lambda: load_engine(settings.ENGINE, settings.WEIGHTS_DIR, settings.DEVICE))
