"""The torch path is the numpy path: gains, marked sound, spectra and evidence agree within 1e-5."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from watermark.codec import batch
from watermark.codec.detect import detect
from watermark.codec.evidence import evidence_of, judged
from watermark.codec.field import gain_field
from watermark.codec.frames import power, resampled
from watermark.codec.keys import MarkKey
from watermark.codec.transform import frame_and_hop, multiplied

RATES = (8000, 16000, 24000, 44100)
PLACES = [(3, 100), (127, 8191)]


def two(speech, rate_hz: int, seconds: float = 2.0) -> np.ndarray:
    """Both speakers at one rate: (2, T)."""
    clips = [resampled(samples[:60_000], its_hz, rate_hz) for samples, its_hz in map(speech, ("woman", "man"))]
    return np.stack([clip[: int(seconds * rate_hz) - 7] for clip in clips])


@pytest.mark.parametrize("rate_hz", RATES)
def test_marking_is_the_same(speech, key: MarkKey, record: int, rate_hz: int) -> None:
    clips, (frame, hop) = two(speech, rate_hz), frame_and_hop(rate_hz)
    records = [record, 7]
    fields = batch.gains([key, key], records, PLACES, batch.frames_needed(clips.shape[1], rate_hz), rate_hz)
    made = batch.multiplied(torch.from_numpy(clips), fields, rate_hz).numpy()
    for clip, its_record, place, one in zip(clips, records, PLACES, made, strict=True):
        field = gain_field(key, its_record, *place, rate_hz=rate_hz, n_fft=frame, hop=hop)
        assert np.abs(one - multiplied(clip, field, frame, hop)).max() < 1e-5


@pytest.mark.parametrize("rate_hz", RATES)
@pytest.mark.parametrize("pitch", [1.0, 1.06])
def test_analysis_is_the_same(speech, rate_hz: int, pitch: float) -> None:
    clips = two(speech, rate_hz)
    spectra = batch.power(torch.from_numpy(clips), rate_hz)
    filtered, network = batch.evidence(spectra, pitch).numpy(), batch.judged(spectra, pitch).numpy()
    for clip, spectrum, one, other in zip(clips, spectra.numpy(), filtered, network, strict=True):
        reference = power(clip, rate_hz)
        assert np.abs(spectrum - reference).max() < 1e-5 * reference.max()
        assert np.abs(one - evidence_of(reference, pitch).values).max() < 1e-5 * 3.0  # values reach from -3 to 3
        assert np.abs(other - judged(reference, pitch).values).max() < 1e-5


def test_what_is_marked_in_a_batch_is_found_one_by_one(speech, key: MarkKey, record: int) -> None:
    clips = two(speech, 24000, 2.5)
    fields = batch.gains([key] * 2, [record, 9], PLACES, batch.frames_needed(clips.shape[1], 24000), 24000)
    made = batch.multiplied(torch.from_numpy(clips), fields, 24000).numpy()
    assert [detect(one, 24000, [key], search="none").verdict for one in made] == ["ours", "ours"]


def test_the_codec_needs_no_torch() -> None:
    code = "import sys, watermark.codec.detect, watermark.codec.embed; assert 'torch' not in sys.modules"
    root = Path(__file__).parents[3]
    assert subprocess.run([sys.executable, "-c", code], cwd=root, check=False).returncode == 0
