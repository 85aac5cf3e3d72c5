"""Why the forecast is high: the signals that add most to its log-odds, as reasons that people can read.

The forecast is a logistic with weights ≥ 0 over standardised signals, so what each signal adds is exact: weight times
distance from the mean step. Nothing is estimated a second time, and no signal is named that did not raise the number.
"""

import math
from collections.abc import Callable, Sequence

from mile_desktop.intervention.forecast import SIGNAL_KINDS, ForecastConfig, SignalTracker
from mile_desktop.storage.reasons import MOST_REASONS, Reason, moment_name

_LEAST_SHARE = 0.15
_LEAST_LOG_ODDS = 0.2
"""A signal that adds less, of all that raises the forecast or in itself, is no reason."""

Nearest = Callable[[], tuple[tuple[int, float], ...]]
"""Number and log nearness of the nearest corrected states, nearest first."""


def named_reasons(
    config: ForecastConfig,
    signals: Sequence[float],
    contributions: Sequence[float],
    tracker: SignalTracker,
    nearest: Nearest,
) -> tuple[Reason, ...]:
    """Return at most three reasons, the largest first; none where no signal is worse than on an average step.

    Parameters
    ----------
    signals, contributions
        Of one step, in the order of ``SIGNALS``: values, and what each adds to the log-odds.
    tracker
        Has just taken this step.
    nearest
        Asked only where likeness to corrected states is a reason.
    """
    # Above 0 wherever it divides: a signal leads only if it adds more than ``_LEAST_LOG_ODDS``.
    total = sum(each for each in contributions if each > 0.0)
    reasons = []
    for place in _leading(contributions):
        share = contributions[place] / total
        kind = SIGNAL_KINDS[place]
        if kind == "near":
            reasons.append(_likeness(config, nearest(), share))
        else:
            reasons.append(Reason(kind, _value(kind, signals[place], tracker), share))
    return tuple(reasons)


def reason_kinds(config: ForecastConfig, contributions: Sequence[float]) -> tuple[str, ...]:
    """Return only the kinds of the reasons, for counting."""
    kinds = (SIGNAL_KINDS[place] for place in _leading(contributions))
    return tuple("shipped" if kind == "near" and not config.takeovers else kind for kind in kinds)


def _leading(contributions: Sequence[float]) -> list[int]:
    """Return the places of the signals that are reasons."""
    least = max(_LEAST_LOG_ODDS, _LEAST_SHARE * sum(each for each in contributions if each > 0.0))
    order = sorted(range(len(contributions)), key=lambda place: -contributions[place])
    return [place for place in order[:MOST_REASONS] if contributions[place] >= least]


def _value(kind: str, signal: float, tracker: SignalTracker) -> float:
    match kind:
        case "p" | "gathered":
            return 1 / (1 + math.exp(-signal))
        case "stalled":
            return float(tracker.steps_without_progress)
        case "release":
            return tracker.steps_since_release
        case _:
            return signal


def _likeness(config: ForecastConfig, nearest: Sequence[tuple[int, float]], share: float) -> Reason:
    """Count the corrected states that are nearer than on an average step; the nearest one counts in any case."""
    usual = config.centre[SIGNAL_KINDS.index("near")]
    alike = [place for number, (place, near) in enumerate(nearest) if number == 0 or near > usual]
    steps = config.corrected_steps
    if not config.takeovers:  # it remembers states of episodes that are in no workspace: there is nothing to show
        return Reason("shipped", float(len(alike)), share)
    known = len(steps) == len(config.corrected)
    moments = tuple(moment_name(config.corrected[place], steps[place]) for place in alike) if known else ()
    return Reason("near", float(len(alike)), share, moments)
