"""How much a listener might notice: PESQ-WB, STOI, SNR and the noise-to-mask ratio, marked against clean.

SNR is reported because people ask for it; the mark multiplies, so it says little.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from watermark.codec.frames import FRAME, power, resampled

Floats = npt.NDArray[np.float32]

RATE_HZ = 16000
_OFFSET_DB = 13.0  # how far below a masker in the same band a change is no longer heard


@dataclass(frozen=True)
class Quality:
    """PESQ-WB (1 to 4.64), STOI (0 to 1), SNR in dB, NMR in dB (below 0: masked)."""

    pesq: float
    stoi: float
    snr_db: float
    nmr_db: float


def quality(clean: Floats, marked: Floats, rate_hz: int) -> Quality:
    """Compare two clips of the same length, (T,) both."""
    from pesq import pesq  # in the extra `bench`
    from pystoi import stoi

    a, b = (resampled(samples, rate_hz, RATE_HZ) for samples in (clean, marked))
    change = float(((a - b) ** 2).sum()) + 1e-12
    return Quality(
        pesq=float(pesq(RATE_HZ, a, b, "wb")),
        stoi=float(stoi(a, b, RATE_HZ)),
        snr_db=10 * float(np.log10(float((a**2).sum()) / change)),
        nmr_db=noise_to_mask_db(a, b),
    )


def noise_to_mask_db(clean: Floats, marked: Floats) -> float:
    """Mean over Bark bands and frames of the difference's level over the masking threshold.

    After ITU-R BS.1387 in spirit, much simplified: energies in Bark bands, spread by 25 and 10 dB per Bark,
    a constant offset of 13 dB.
    """
    bins_hz = np.arange(FRAME // 2 + 1) * RATE_HZ / FRAME
    bark = 13 * np.arctan(0.00076 * bins_hz) + 3.5 * np.arctan((bins_hz / 7500) ** 2)
    bands = np.eye(22)[np.minimum(bark.astype(int), 21)]
    distance = np.arange(22)[None, :] - np.arange(22)[:, None]
    spread = 10 ** (-np.where(distance >= 0, 10.0 * distance, -25.0 * distance) / 10)
    masker = power(clean, RATE_HZ) @ bands @ spread * 10 ** (-_OFFSET_DB / 10)
    difference = power((marked - clean).astype(np.float32), RATE_HZ) @ bands
    loud = masker.sum(axis=1) > 1e-4 * masker.sum(axis=1).max()
    return float(10 * np.log10((difference[loud] / (masker[loud] + 1e-12)).mean()))
