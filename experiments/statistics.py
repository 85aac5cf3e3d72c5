"""Paired comparisons: mean differences with intervals, exact p-values, and Holm's correction for several of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

from mile_desktop.evaluation.statistics import Interval

_RESAMPLES = 19_999
"""Sign flips that are tried; all of them up to 14 pairs, a fixed random part beyond. The least p is then 5e-5."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """A mean over seeds with its 95 % interval (Student's t; NaN with one seed)."""

    mean: float
    interval: Interval
    seeds: int


def mean_with_interval(values: Sequence[float]) -> Estimate:
    """Return the mean of one value a seed, with its interval."""
    array = np.asarray(values, float)
    mean = float(array.mean())
    if len(array) < 2:
        return Estimate(mean, (float("nan"), float("nan")), len(array))
    half = float(stats.t.ppf(0.975, len(array) - 1) * array.std(ddof=1) / np.sqrt(len(array)))
    return Estimate(mean, (mean - half, mean + half), len(array))


def paired_difference(ours: Mapping[int, float], theirs: Mapping[int, float]) -> Estimate | None:
    """Return the mean difference over the seeds that both have; None when they share no seed."""
    shared = sorted(ours.keys() & theirs.keys())
    return mean_with_interval([ours[seed] - theirs[seed] for seed in shared]) if shared else None


def sign_flip_p(differences: Sequence[float]) -> float:
    """Return the two-sided p-value of the paired permutation test: under the null each sign is as likely as the other.

    Nothing is assumed about the distribution of the differences. With ``n`` pairs p cannot be below 2^(1 − n): five
    pairs never reach .05.
    """
    array = np.asarray(differences, float)
    if not array.any():
        return 1.0  # equal results: scipy would divide by their spread
    found = stats.permutation_test(
        (array,), np.mean, permutation_type="samples", n_resamples=_RESAMPLES, vectorized=True, rng=0
    )
    return float(found.pvalue)


def holm(p_values: Sequence[float]) -> tuple[float, ...]:
    """Return Holm's adjusted p-values, in the order given: reject those at most α, at family-wise error α.

    Holm 1979, "A simple sequentially rejective multiple test procedure": the i-th smallest of m is multiplied by
    m − i + 1, and no adjusted value is below the one before it.
    """
    order = np.argsort(p_values, kind="stable")
    factors = len(p_values) - np.arange(len(p_values))
    adjusted = np.minimum(1.0, np.maximum.accumulate(np.asarray(p_values, float)[order] * factors))
    result = np.empty(len(p_values))
    result[order] = adjusted
    return tuple(result.tolist())
