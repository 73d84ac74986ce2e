"""How much of a recording is taken: for the door that receives it and the worker that decodes it."""

from __future__ import annotations

from audio.headers import Limits

SOURCE_LIMITS = Limits(file_bytes=16 * 1024 * 1024, length_s=60.0)
