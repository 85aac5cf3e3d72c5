"""Intervals for success rates. Plain arithmetic: the window shows them and must not wait for scipy."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Literal

Interval = tuple[float, float]


def wilson_interval(successes: int, episodes: int, *, confidence: float = 0.95) -> Interval:
    """Return the Wilson score interval of a success rate.

    Parameters
    ----------
    successes, episodes
        Counts, ``0 <= successes <= episodes``; crashed episodes belong to neither.
    confidence
        Two-sided, in (0, 1).

    Returns
    -------
    (low, high) in [0, 1]; (0, 1) when there are no episodes.

    Raises
    ------
    ValueError
        When the counts contradict each other.

    Notes
    -----
    E. B. Wilson, "Probable inference, the law of succession, and statistical inference", JASA 1927.
    """
    if not 0 <= successes <= episodes:
        raise ValueError(
            f"{successes} successes in {episodes} episodes: successes must lie between 0 and the episodes."
        )
    # Without data every rate is possible.
    if episodes == 0:
        return 0.0, 1.0
    # Wilson and not the normal interval: with few episodes, or a rate near 0 or 1, that one leaves [0, 1] or has no
    # width.
    z2 = NormalDist().inv_cdf(0.5 + confidence / 2) ** 2
    rate = successes / episodes
    centre = (rate + z2 / (2 * episodes)) / (1 + z2 / episodes)
    half = math.sqrt(z2 * (rate * (1 - rate) / episodes + z2 / (4 * episodes**2))) / (1 + z2 / episodes)
    return max(0.0, centre - half), min(1.0, centre + half)


def exact_mcnemar(gained: int, lost: int) -> float:
    """Return the two-sided p-value of exact McNemar's test that two policies succeed equally often.

    Parameters
    ----------
    gained, lost
        Seeds on which only the one, or only the other, succeeded; ≥ 0. Seeds on which both agree give no evidence.

    Raises
    ------
    ValueError
        When a count is negative.

    Notes
    -----
    Q. McNemar, Psychometrika 1947; the exact form is the sign test: binomial with probability ½ over the discordant
    pairs.
    """
    if gained < 0 or lost < 0:
        raise ValueError(f"{gained} seeds gained and {lost} lost: counts cannot be negative.")
    pairs, fewer = gained + lost, min(gained, lost)
    tail: int = sum(math.comb(pairs, k) for k in range(fewer + 1))
    # Twice the tail can exceed 1 when both counts are equal.
    return min(1.0, tail / 2 ** (pairs - 1)) if pairs else 1.0


def p_text(p_value: float) -> str:
    """Return ``p = 0.031``, ``p < 0.001``."""
    return "p < 0.001" if p_value < 0.001 else f"p = {p_value:.2g}"


TOLERATED_LOSS = 0.1
"""Loss in success rate that a comparison has to rule out, or be as long as it may be."""


@dataclass(frozen=True, slots=True)
class PairedComparison:
    """Two policies on the same seeds."""

    episodes: int
    """Seeds on which neither crashed."""
    before_successes: int
    after_successes: int
    difference: float
    """After − before, in success rate."""
    difference_interval: Interval
    """95 %, Bonett and Price's adjusted Wald interval for paired proportions."""
    gained: int = 0
    """Seeds on which only the second succeeded."""
    lost: int = 0
    """Seeds on which only the first succeeded."""

    @property
    def p_value(self) -> float:
        """Two-sided, of exact McNemar's test."""
        return exact_mcnemar(self.gained, self.lost)

    @property
    def is_decided(self) -> bool:
        """Whether more starts would hardly change the suggestion.

        Either a loss of more than ``TOLERATED_LOSS`` is ruled out and none was seen, or a gain is.
        """
        low, high = self.difference_interval
        return (self.difference >= 0 and low >= -TOLERATED_LOSS) or high <= 0

    @property
    def suggestion(self) -> Literal["use", "keep"]:
        """``keep`` when the new policy did worse on these seeds, or there were none to compare on."""
        return "use" if self.episodes and self.difference >= 0 else "keep"

    @property
    def reason(self) -> str:
        """The suggestion's reason in one sentence."""
        if not self.episodes:
            return "No episode of the comparison ran to its end."
        low, high = self.difference_interval
        change = f"{points_text(self.difference)} points on the same {self.episodes} starts {range_text(low, high)}"
        if self.difference < 0:
            return f"The new policy did worse: {change}."
        if low > 0:
            return f"The new policy is better: {change}."
        if low < -TOLERATED_LOSS:
            return f"No loss was seen: {change}. A loss of {-100 * low:.0f} points is still possible; evaluate more."
        return f"No loss was seen: {change}."


def points_text(difference: float) -> str:
    """Return a difference of shares as percentage points with a sign, and with a minus that is no hyphen: ``−10``."""
    points = round(100 * difference)
    return f"{points:+d}".replace("-", "\N{MINUS SIGN}")


def range_text(low: float, high: float) -> str:
    """Return the interval of a difference of shares in percentage points: ``[−23 … +3]``."""
    return f"[{points_text(low)} … {points_text(high)}]"


def compare_paired(before: Sequence[bool], after: Sequence[bool], *, confidence: float = 0.95) -> PairedComparison:
    """Compare outcomes on the same seeds, in the same order.

    Raises ``ValueError`` when the lengths differ.

    Notes
    -----
    D. G. Bonett and R. M. Price, "Adjusted Wald confidence interval for a difference of binomial proportions based on
    paired data", J. Educ. Behav. Stat. 2012: one discordant pair of either kind is added to the counts.
    """
    if len(before) != len(after):
        raise ValueError(f"{len(before)} outcomes before and {len(after)} after: they must be of the same seeds.")
    episodes = len(before)
    gained = sum(b and not a for a, b in zip(before, after, strict=True))
    lost = sum(a and not b for a, b in zip(before, after, strict=True))
    # The added pair keeps the interval from having no width when the policies never differ.
    gain, loss = (gained + 1) / (episodes + 2), (lost + 1) / (episodes + 2)
    centre = gain - loss
    half = NormalDist().inv_cdf(0.5 + confidence / 2) * math.sqrt((gain + loss - centre**2) / (episodes + 2))
    return PairedComparison(
        episodes=episodes,
        before_successes=sum(before),
        after_successes=sum(after),
        # The measured difference and not the centre of the interval, which the added pair moves towards 0.
        difference=(gained - lost) / episodes if episodes else 0.0,
        difference_interval=(max(-1.0, centre - half), min(1.0, centre + half)),
        gained=gained,
        lost=lost,
    )
