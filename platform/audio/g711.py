"""G.711: the eight bits of a telephone call, mu-law and A-law, by table.

Shape letters: T samples. Encoding is a table over all 65,536 values of 16 bit PCM, decoding one over the
256 code words, so that both are exact and fast. It does not resample: a call runs at 8,000 Hz.

Source: ITU-T G.711 (1988), tables 1a to 2b: segment bounds and the bit inversions of each law.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

Pcm = NDArray[np.int16]
Codes = NDArray[np.uint8]

RATE_HZ = 8000
_MU_BIAS = 33  # added in 14 bit units, so that every segment starts at a power of two
_MU_CLIP = 8158


def mulaw_encode(pcm: Pcm) -> Codes:
    """16 bit PCM (T,) to mu-law code words (T,)."""
    return _mulaw_codes()[pcm.view(np.uint16)]


def mulaw_decode(codes: Codes) -> Pcm:
    """mu-law code words (T,) to 16 bit PCM (T,)."""
    return _mulaw_values()[codes]


def alaw_encode(pcm: Pcm) -> Codes:
    """16 bit PCM (T,) to A-law code words (T,)."""
    return _alaw_codes()[pcm.view(np.uint16)]


def alaw_decode(codes: Codes) -> Pcm:
    """A-law code words (T,) to 16 bit PCM (T,)."""
    return _alaw_values()[codes]


@cache
def _every_pcm() -> NDArray[np.int32]:
    """Every 16 bit value in the order of its unsigned view: 0 to 32767, then -32768 to -1."""
    return np.arange(65536, dtype=np.uint16).view(np.int16).astype(np.int32)


@cache
def _mulaw_codes() -> Codes:
    # 14 bit magnitude; rounding towards zero keeps the law symmetric.
    value = _every_pcm()
    magnitude = np.minimum(np.abs(value) >> 2, _MU_CLIP) + _MU_BIAS
    segment = np.floor(np.log2(magnitude)).astype(np.int32) - 5
    step = (magnitude >> (segment + 1)) & 0x0F
    code = ((value < 0) * 0x80) | (segment << 4) | step
    codes: Codes = (~code & 0xFF).astype(np.uint8)
    return codes


@cache
def _mulaw_values() -> Pcm:
    code = ~np.arange(256) & 0xFF
    segment, step = (code >> 4) & 7, code & 0x0F
    magnitude = (((step << 1) + _MU_BIAS) << segment) - _MU_BIAS
    return (np.where(code & 0x80, -magnitude, magnitude) << 2).astype(np.int16)


@cache
def _alaw_codes() -> Codes:
    # 13 bit magnitude; negative values count from -1, as the standard's decision values do.
    value = _every_pcm() >> 3
    magnitude = np.where(value < 0, -value - 1, value)
    segment = np.maximum(np.floor(np.log2(np.maximum(magnitude, 1))).astype(np.int32) - 4, 0)
    step = np.where(segment == 0, magnitude >> 1, magnitude >> segment) & 0x0F
    code = ((value >= 0) * 0x80) | (segment << 4) | step
    return (code ^ 0x55).astype(np.uint8)


@cache
def _alaw_values() -> Pcm:
    code = np.arange(256) ^ 0x55
    segment, step = (code >> 4) & 7, code & 0x0F
    magnitude = np.where(segment == 0, (step << 1) + 1, ((step << 1) + 33) << np.maximum(segment - 1, 0))
    return (np.where(code & 0x80, magnitude, -magnitude) << 3).astype(np.int16)
