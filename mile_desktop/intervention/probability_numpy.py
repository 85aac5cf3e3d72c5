"""The intervention probability of a single state in plain Python or numpy: no tensor is worth its overhead there.

Same integral as ``quadrature``, to an absolute accuracy of 1e-7 and without logarithms or derivatives. A handful of
distances at once (an ensemble's, with its band) goes through numpy, a single one through plain numbers.
"""

import math
from collections.abc import Sequence
from functools import cache

import numpy as np
from scipy import special

from mile_desktop.arrays import Float32Array, Float64Array

_NODES = 20
_REACH = 5.4  # Φ(−5.4) is 3e-8
_TAIL = 1e-8


@cache
def _legendre() -> tuple[tuple[float, float], ...]:
    nodes, weights = np.polynomial.legendre.leggauss(_NODES)
    return tuple(zip(((nodes + 1) / 2).tolist(), (weights / 2).tolist(), strict=True))


@cache
def _gamma_ends(dimensions: int) -> tuple[float, float]:
    """Return the ends in t between which Gamma(d/2, 1) has all mass worth counting."""
    shape = dimensions / 2
    return float(special.gammaincinv(shape, _TAIL)), float(special.gammainccinv(shape, _TAIL))


@cache
def _gamma_terms(dimensions: int) -> tuple[float, ...]:
    """Return 1/Γ(k + 1) or 1/Γ(k + 3/2): the factors of the closed form for whole and half shapes."""
    offset = 1.5 if dimensions % 2 else 1.0
    return tuple(1 / math.gamma(k + offset) for k in range(dimensions // 2))


def _gamma_cdf(t: float, dimensions: int) -> float:
    """Return P(T ≤ t) for T ~ Gamma(d/2, 1)."""
    series = 0.0
    # Horner's scheme, from the highest power down.
    for factor in reversed(_gamma_terms(dimensions)):
        series = series * t + factor
    if dimensions % 2:
        return math.erf(math.sqrt(t)) - math.exp(-t) * math.sqrt(t) * series
    return 1 - math.exp(-t) * series


def distance_of_one(
    mean: Sequence[float], std: Sequence[float], mental_mean: Sequence[float], mental_std: Sequence[float]
) -> float:
    """Return K of one state from float[d] each."""
    total = 0.0
    for mu, sigma, m, s in zip(mean, std, mental_mean, mental_std, strict=True):
        gap = m - mu
        total += (s * s + gap * gap) / (sigma * sigma)
    return total / 2


def gaussian_probability_of_one(
    human: tuple[Float32Array, Float32Array],
    mental: tuple[Float32Array, Float32Array],
    *,
    cost: float,
    cdf_scale: float,
) -> float:
    """Return p of one state from mean and standard deviation of π_θ and of π̂, float[d] each.

    ``gaussian_intervention_probability`` without a batch: a network for one observation (``policies.one_state``) and
    this cost a tenth of what tensors do.
    """
    mean, std = human
    distance = distance_of_one(mean.tolist(), std.tolist(), mental[0].tolist(), mental[1].tolist())
    return probability_of_one(distance - cost, cdf_scale, len(mean))


def probability_of_one(u: float, scale: float, dimensions: int) -> float:
    """Return P(T + σZ ≤ u) with T ~ Gamma(d/2, 1)."""
    first, last = _gamma_ends(dimensions)
    low, high = max(first, u - _REACH * scale), min(last, u + _REACH * scale)
    # The window is empty: all mass lies on one side of u.
    if high <= low:
        return 0.0 if u < first else 1.0
    # In v = √t, where the integrand is smooth also for d = 1.
    begin = math.sqrt(low)
    width = math.sqrt(high) - begin
    factor = math.sqrt(0.5) / scale
    power, exp, erfc = dimensions - 1, math.exp, math.erfc
    total = 0.0
    for place, weight in _legendre():
        v = begin + width * place
        t = v * v
        total += weight * v**power * exp(-t) * erfc((t - u) * factor)
    # where u − 5.4 σ is the lower end, Φ = 1 below it; the factor 2 of dv meets the half of erfc
    below = _gamma_cdf(low, dimensions)
    return min(1.0, max(0.0, below + total * width / math.gamma(dimensions / 2)))


@cache
def _legendre_columns() -> tuple[Float64Array, Float64Array]:
    places, weights = np.array(_legendre()).T
    return places.copy(), weights.copy()


ThresholdLossOfOne = int | Float64Array
"""Whose loss T is: action entries d of a Gaussian, or ln π of each discrete action, float64[k, A]."""


def probabilities_of_one(u: Float64Array, scale: float, threshold_loss: ThresholdLossOfOne) -> Float64Array:
    """Return P(T + σZ ≤ u) of each, together.

    Parameters
    ----------
    u : numpy.ndarray
        float64[..., k].
    scale : float
        σ > 0.
    threshold_loss : int or numpy.ndarray
        T ~ Gamma(d/2, 1) for d action entries, as ``probability_of_one``; or T = −ln π(a), a ∼ π.
    """
    if isinstance(threshold_loss, int):
        return _gaussian_probabilities(u.ravel(), scale, threshold_loss).reshape(u.shape)
    reached = special.ndtr((u[..., None] + threshold_loss) / scale)
    summed: Float64Array = (np.exp(threshold_loss) * reached).sum(-1)
    return np.minimum(summed, 1.0)


def _gaussian_probabilities(u: Float64Array, scale: float, dimensions: int) -> Float64Array:
    first, last = _gamma_ends(dimensions)
    reach = _REACH * scale
    low = np.maximum(u - reach, first)
    high = np.maximum(np.minimum(u + reach, last), low)
    begin = np.sqrt(low)
    width = np.sqrt(high) - begin
    places, weights = _legendre_columns()
    v = np.multiply.outer(width, places)
    v += begin[:, None]
    t = v * v
    # One exponential for the power and the density: two arrays less.
    density = np.exp((dimensions - 1) * np.log(v) - t)
    t -= u[:, None]
    t *= math.sqrt(0.5) / scale
    density *= special.erfc(t)
    inside = (density @ weights) * width / math.gamma(dimensions / 2)
    below = special.gammainc(dimensions / 2, low)
    # What lies below the window has Φ = 1.
    inside += below
    clipped: Float64Array = np.minimum(np.maximum(inside, 0.0), 1.0)
    return clipped
