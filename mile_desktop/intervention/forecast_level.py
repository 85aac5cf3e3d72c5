"""The level of the forecast: which share of the attempts that need nobody it calls in.

Weights are fitted step by step, but a person is called once an attempt. How high the forecast of one attempt rises
differs from scene to scene, so the default line would call in none of the successes of one scene and in a quarter of
those of another.
"""

import math

import msgspec
import numpy as np

from mile_desktop.arrays import Float64Array, IntArray
from mile_desktop.intervention.forecast import ForecastConfig
from mile_desktop.storage.call_curve import DEBOUNCE_STEPS

CALL_LINE = 0.7
"""The default line of the alarm, see ``ui.shell.preferences``."""
CALLED_SHARE = 0.07
"""Of the unattended successes that the forecast learned from. Of others it calls in about a tenth: with 0.1 it called
in 13 % of 151 successes that it had not seen, with 0.06 in 7 %, and in 98 % and 95 % of 149 failures."""
FEWEST_SUCCESSES = 14
"""With fewer so small a share cannot be promised: the rank below would be beyond the highest one."""


def with_level(config: ForecastConfig, log_odds: Float64Array, episode: IntArray) -> ForecastConfig:
    """Return ``config`` with the bias at which ``CALLED_SHARE`` of these attempts is called at the default line.

    The rank is that of split conformal prediction over attempts. It is no promise here, because the weights (though not
    the networks) were fitted to the same attempts.

    Parameters
    ----------
    log_odds : numpy.ndarray
        float64[r], of the steps of unattended successes, by parts that have not seen the attempt.
    episode : numpy.ndarray
        int64[r], the attempt of each.
    """
    names = np.unique(episode)
    if len(names) < FEWEST_SUCCESSES:
        return config
    rose = sorted(_highest(log_odds[episode == name]) for name in names)
    rank = min(math.ceil((1 - CALLED_SHARE) * (len(rose) + 1) - 1e-9), len(rose))
    shift = math.log(CALL_LINE / (1 - CALL_LINE)) - rose[rank - 1]
    return msgspec.structs.replace(config, bias=config.bias + shift)


def _highest(log_odds: Float64Array) -> float:
    """Return the highest value that lasted as long as an alarm needs to come on."""
    if len(log_odds) < DEBOUNCE_STEPS:
        return -math.inf
    lasted = np.lib.stride_tricks.sliding_window_view(log_odds, DEBOUNCE_STEPS).min(1)
    return float(lasted.max())
