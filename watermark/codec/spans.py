"""Where in a clip the mark lies: a map of evidence over time and the spans it adds up to.

A two-state path (marked, unmarked) is fitted to the evidence of each symbol time; entering or leaving a
marked stretch costs as much as chance is likely to offer.

Shapes: K symbol times.
"""

import math

import numpy as np
import numpy.typing as npt

from watermark.codec.bounds import log_tail, p_value
from watermark.codec.pattern import SYMBOL_S
from watermark.codec.search import Reading

Span = tuple[float, float, float]  # start_s, end_s, p_value
SWITCH = 8.0  # nats
LEAST_SPAN_S = 0.25


def evidence_over_time(reading: Reading) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Agreement with what is claimed and its variance under chance, per symbol time: (K,), (K,)."""
    agree = (reading.values * reading.claims).sum(axis=1, dtype=np.float64)
    return agree, (reading.values**2 * (reading.claims != 0)).sum(axis=1, dtype=np.float64) + 1e-9


def _marked(agree: npt.NDArray[np.float64], variance: npt.NDArray[np.float64]) -> npt.NDArray[np.bool_]:
    """The likeliest course of marked and unmarked symbol times (Viterbi)."""
    window = min(50, len(agree))
    local = np.convolve(agree, np.ones(window), "valid") / np.convolve(variance, np.ones(window), "valid")
    gain = max(0.7 * float(local.max()), 0.02)
    leaning = gain * agree - 0.5 * gain**2 * variance
    cost_in, cost_out = -SWITCH, 0.0
    came_from = np.zeros((len(agree), 2), bool)  # was the symbol before marked?
    for index, value in enumerate(leaning):
        came_from[index] = (cost_out - SWITCH < cost_in, cost_in - SWITCH > cost_out)[::-1]
        cost_in, cost_out = max(cost_in, cost_out - SWITCH) + value, max(cost_out, cost_in - SWITCH)
    state, course = cost_in > cost_out, np.zeros(len(agree), bool)
    for index in range(len(agree) - 1, -1, -1):
        course[index] = state
        state = bool(came_from[index, int(state)])
    return course


def spans_of(reading: Reading, length_s: float) -> tuple[Span, ...]:
    """Marked spans of the clip with a p-value each, paid for every span that could have been chosen."""
    agree, variance = evidence_over_time(reading)
    course = np.concatenate([[False], _marked(agree, variance), [False]])
    edges = np.flatnonzero(course[1:] != course[:-1]).reshape(-1, 2)
    price = 2 * math.log(max(len(agree), 2))
    period = SYMBOL_S * reading.line.scale.tempo
    found = []
    for low, high in edges:
        score = agree[low:high].sum() / math.sqrt(variance[low:high].sum())
        start_s = max(reading.line.first_s + low * period - period / 2, 0.0)
        end_s = min(reading.line.first_s + high * period - period / 2, length_s)
        if end_s - start_s >= LEAST_SPAN_S:
            found.append((float(start_s), float(end_s), p_value(float(log_tail(score)) + price)))
    return tuple(found)
