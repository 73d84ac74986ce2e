"""Whose voice a take holds, by embeddings that a speaker encoder has made: cosines and nothing else.

Pure. The encoder and its threshold belong to synthesis; they are handed in. Similarity is evidence, not proof.

Shape letters: N embeddings, D their width.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]


def consistency(embedding: Floats, others: Floats) -> float:
    """How much one take sounds like the speaker's other takes: cosine with their mean, in [-1, 1].

    Args:
        embedding: (D,) of this take.
        others: (N, D) of takes that are already accepted, N >= 1.
    """
    centre = _unit(_unit(others).mean(axis=0))
    return float(_unit(embedding) @ centre)


def own_speech(windows: Floats, reference: Floats, least: float) -> float:
    """Which share of a take is this speaker and not a nurse, a radio or an interviewer.

    Args:
        windows: (N, D) embeddings of windows along the take, N >= 1.
        reference: (D,) of the speaker.
        least: the cosine from which a window counts as the speaker's; the encoder's own threshold.
    """
    return float((_unit(windows) @ _unit(reference) >= least).mean())


def _unit(vectors: Floats) -> Floats:
    return np.asarray(vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-9), np.float32)
