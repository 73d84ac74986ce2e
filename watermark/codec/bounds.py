"""From a score to a p-value that holds for any audio.

The score is T = sum(c * W) / sqrt(sum(W^2)) with keyed signs c, uniform and independent of the audio that
gave W. For every W, whatever the sound, P(T >= t) <= min(exp(-t^2 / 2), 3.178 * Q(t)), where Q is the
Gaussian tail. The p-value of the best of many hypotheses is this bound times their (weighted) number.
Nothing here is fitted to data. p-values are handled as natural logarithms, because they get small.

Source: Hoeffding 1963; V. Bentkus and D. Dzindzalieta, "A tight Gaussian bound for weighted sums of
Rademacher random variables", Bernoulli 21(2), 2015, theorem 1.1 (the constant is 1 / (4 Q(sqrt 2))).
"""

import math

import numpy as np
import numpy.typing as npt
from scipy.special import log_ndtr

_LOG_CONSTANT = -math.log(4.0) - float(log_ndtr(-math.sqrt(2.0)))
_SMALLEST = -700.0  # exp() of less would be zero, and a p-value of zero is a lie


def log_tail(score: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Natural logarithm of the bound on P(T >= score) for one hypothesis; 0 for scores of 0 or less."""
    t = np.maximum(np.asarray(score, np.float64), 0.0)
    return np.asarray(np.minimum(np.minimum(-0.5 * t * t, _LOG_CONSTANT + log_ndtr(-t)), 0.0), np.float64)


def p_value(log_p: float) -> float:
    """A printable p-value from its logarithm: at most 1, never 0."""
    return math.exp(max(min(log_p, 0.0), _SMALLEST))


def score_needed(p: float, hypotheses: float = 1.0) -> float:
    """The smallest score whose bound, paid for `hypotheses`, is at most `p`; by bisection."""
    low, high = 0.0, 40.0
    for _ in range(60):
        middle = 0.5 * (low + high)
        enough = float(log_tail(middle)) + math.log(hypotheses) <= math.log(p)
        low, high = (low, middle) if enough else (middle, high)
    return high
