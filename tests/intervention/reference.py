"""p by adaptive integration, from the other side: a normal mixture of Gamma distribution functions."""

import itertools
import math
from collections.abc import Sequence

import numpy as np
from scipy import integrate, special, stats


def gaussian_reference(u: float, cdf_scale: float, dimensions: int) -> float:
    """Return P(T + σZ ≤ u) as ∫ φ(z) P(T ≤ u + σz) dz."""
    shape = dimensions / 2
    corners = (np.array([0.0, *stats.gamma(shape).ppf([1e-9, 0.01, 0.5, 0.99, 1 - 1e-9])]) - u) / cdf_scale
    cuts = np.unique(np.clip(np.concatenate(([-9, -3, 0, 3, 9], corners)), -9, 9))

    def integrand(z: float) -> float:
        return math.exp(-z * z / 2) / math.sqrt(2 * math.pi) * float(special.gammainc(shape, max(0, u + cdf_scale * z)))

    # With full_output a piece that is limited by rounding gives no warning; its error estimate is checked in its place.
    pieces = [
        integrate.quad(integrand, low, high, epsabs=1e-10, epsrel=1e-10, limit=200, full_output=1)[:2]
        for low, high in itertools.pairwise(cuts)
    ]
    assert sum(error for _, error in pieces) < 1e-8
    return float(sum(value for value, _ in pieces))


def categorical_reference(policy: Sequence[float], mental: Sequence[float], cost: float, cdf_scale: float) -> float:
    """Return the definition, term by term, for probabilities without zeros."""
    expected = sum(m * math.log(p) for p, m in zip(policy, mental, strict=True))
    return sum(p * float(special.ndtr((math.log(p) - expected - cost) / cdf_scale)) for p in policy)
