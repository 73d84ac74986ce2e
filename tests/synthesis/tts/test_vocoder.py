"""The vocoder before it has learnt anything: what the mel frame alone must already guarantee."""

import numpy as np
import torch

from synthesis.tts import features, source, vocoder
from synthesis.tts.config import SIZES
from synthesis.tts.vocoder import Vocoder


def test_overlap_add_inverts_the_spectrum() -> None:
    wave = torch.randn(1, 256 * 40) * 0.1
    back = vocoder.overlap_add(features.spectrum(wave)[:, :40])
    assert (back - wave)[:, 512:-1024].abs().max() < 1e-5


def test_mel_of_a_tone_peaks_at_its_band() -> None:
    tone = torch.sin(2 * torch.pi * 1000 * torch.arange(24_000) / 24_000)[None]
    band = int(features.log_mel(tone)[0, 40].argmax())
    nearest = features.mel_matrix()[band].argmax() * 24_000 / 1024
    assert abs(nearest - 1000) < 40


def test_pulses_and_noise_are_equally_loud() -> None:
    f0 = torch.full((1, 104), 140.0)
    pulse = source.pulses(f0, source.phases(f0))
    assert 0.8 < float(pulse.abs().mean()) < 1.25
    assert 0.9 < float(source.noise(5, 100, torch.device("cpu")).abs().mean()) < 1.1


def test_pulses_stand_at_multiples_of_the_pitch() -> None:
    f0 = torch.full((1, 24), 24_000 / 1024 * 16)  # every sixteenth bin
    size = source.pulses(f0, source.phases(f0)).abs()[0, 10]
    assert size[16:400:16].min() > 20 * size[24:400:16].max()


def test_noise_is_circular_and_fixed() -> None:
    device = torch.device("cpu")
    assert torch.equal(source.noise(2040, 16, device)[8:], source.noise(0, 8, device))


def test_untrained_vocoder_keeps_the_level_of_every_band() -> None:
    torch.manual_seed(0)
    net = Vocoder(SIZES["T"].vocoder).eval()
    wave = torch.from_numpy(np.random.default_rng(0).standard_normal((1, 256 * 60)).astype(np.float32)) * 0.05
    mel = features.log_mel(wave)[:, :60]
    flat = torch.full((1, 60), 150.0)
    with torch.no_grad():
        made = net(mel, flat, torch.zeros(1, 60))
    far = (features.log_mel(made)[:, 4:56] - mel[:, 4:56]).mean(1).abs()
    assert far.mean() < 0.35  # nepers; 3 dB


def test_the_rounds_bring_the_sound_nearer_to_its_frames() -> None:
    torch.manual_seed(0)
    net = Vocoder(SIZES["T"].vocoder).eval()
    wave = torch.from_numpy(np.random.default_rng(0).standard_normal((1, 256 * 60)).astype(np.float32)) * 0.05
    mel = features.log_mel(wave)[:, :60]
    f0 = torch.full((1, 60 + 2 * source.PAD), 150.0)
    with torch.no_grad():
        filters = net.filters(mel, f0[:, source.PAD : -source.PAD], torch.zeros(1, 60))
        noise = source.noise(0, 60, mel.device)
        plain = net.spectrum(mel, filters, source.pulses(f0, source.phases(f0)), noise)
        far = [
            float((features.log_mel(vocoder.overlap_add(part))[:, 4:56] - mel[:, 4:56]).abs().mean())
            for part in (plain, net.consistent(mel, plain))
        ]
    assert far[1] < 0.6 * far[0]
