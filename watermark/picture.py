"""The picture of a detection: the spectrogram, and under it the evidence for the mark over time.

A PNG written with the standard library, because a picture is not worth a plotting package. No Django here.

Shapes: L frames, H height, W width.
"""

import struct
import zlib
from pathlib import Path

import numpy as np
import numpy.typing as npt

from watermark.codec.detect import Detection
from watermark.codec.frames import FRAMES_HZ, power
from watermark.codec.pattern import SYMBOL_S
from watermark.codec.spans import evidence_over_time

Picture = npt.NDArray[np.uint8]

WIDTH = 1200
SPECTRUM_HEIGHT = 320
STRIP_HEIGHT = 140
SMOOTH = 25  # symbol times: half a second
FULL_SCALE = 6.0  # standard deviations at the top of the strip
GREEN, RED, GREY = (40, 150, 60), (200, 60, 50), (225, 225, 225)


def _spectrogram(samples: npt.NDArray[np.float32], rate_hz: int) -> Picture:
    level = 10 * np.log10(power(samples, rate_hz) + 1e-9)
    top = float(np.quantile(level, 0.999))
    shade = np.clip((level - top + 70.0) / 70.0, 0.0, 1.0)
    columns = np.minimum(np.arange(WIDTH) * len(shade) // WIDTH, len(shade) - 1)
    rows = np.minimum(np.arange(SPECTRUM_HEIGHT) * shade.shape[1] // SPECTRUM_HEIGHT, shade.shape[1] - 1)
    grey = (255 * (1.0 - shade[columns][:, rows].T[::-1])).astype(np.uint8)
    return np.repeat(grey[..., None], 3, axis=2)


def _strip(detection: Detection, length_s: float) -> Picture:
    """Bars: agreement of the best mark within half a second, green inside a span, red where chance explains it."""
    strip = np.full((STRIP_HEIGHT, WIDTH, 3), 255, np.uint8)
    seconds_px = np.arange(1, int(length_s) + 1) * WIDTH / max(length_s, 1e-6)
    strip[:, np.minimum(seconds_px.astype(int), WIDTH - 1)] = GREY
    for mark in detection.marks:
        agree, variance = evidence_over_time(mark.reading)
        window = np.ones(min(SMOOTH, len(agree)))
        score = np.convolve(agree, window, "same") / np.sqrt(np.convolve(variance, window, "same"))
        times_s = mark.reading.line.first_s + np.arange(len(agree)) * SYMBOL_S * mark.line.scale.tempo
        for column in range(WIDTH):
            at_s = (column + 0.5) * length_s / WIDTH
            height = np.interp(at_s, times_s, score, left=0.0, right=0.0) / FULL_SCALE * STRIP_HEIGHT
            inside = any(start <= at_s <= end for start, end, _ in mark.spans)
            if height >= 1:
                strip[-min(int(height), STRIP_HEIGHT) :, column] = GREEN if inside else RED
    return strip


def draw(path: Path, samples: npt.NDArray[np.float32], rate_hz: int, detection: Detection) -> None:
    """Write the picture of one clip (mono, (T,)); grey lines are whole seconds."""
    length_s = len(power(samples, rate_hz)) / FRAMES_HZ
    picture = np.concatenate([_spectrogram(samples, rate_hz), _strip(detection, length_s)])
    path.write_bytes(_png(picture))


def _png(picture: Picture) -> bytes:
    """RGB picture (H, W, 3) as PNG (ISO/IEC 15948): header, one compressed block, end."""
    height, width, _ = picture.shape
    rows = b"".join(b"\0" + row.tobytes() for row in picture)

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
