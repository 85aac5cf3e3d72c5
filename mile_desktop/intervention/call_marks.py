"""A person's marks on calls, as the refit of the forecast uses them.

*Unnecessary*: the robot called, the person looked and left it alone. These steps count more than other silent ones,
because the person has judged them. *Late*: the takeover came before the call, or much too soon after it. The second
and a half before that takeover counts as ahead of it, not only the last ten steps.
"""

import numpy as np
import torch

from mile_desktop.arrays import BoolArray, Float64Array
from mile_desktop.intervention.data import SupervisedSteps

UNNECESSARY, LATE = 1, 2
"""Values of ``SupervisedSteps.call_mark``; 0 stands for no mark."""
CODES = {"unnecessary": UNNECESSARY, "late": LATE}
"""Text in the recording → value; any other text is no mark."""

JUDGED_STEPS = 60
"""An unnecessary call is judged by what was seen in the three seconds before the mark."""
LATE_STEPS = 30
JUDGED_WEIGHT = 4.0


def apply_marks(steps: SupervisedSteps, ahead: BoolArray) -> tuple[BoolArray, Float64Array]:
    """Return the targets of the forecast with the marks applied, and the weight of each step.

    Parameters
    ----------
    ahead : numpy.ndarray
        bool[t], a takeover follows within the horizon.

    Returns
    -------
    tuple
        bool[t] and float64[t]; without marks ``ahead`` and ones.
    """
    weight = np.ones(len(steps))
    if steps.call_mark is None:
        return ahead, weight
    ahead = ahead.copy()
    episode, taken = steps.episode.numpy(), steps.intervention.numpy()
    for row in torch.nonzero(steps.call_mark)[:, 0].tolist():
        first = int(np.flatnonzero(episode == episode[row])[0])
        if steps.call_mark[row] == UNNECESSARY:
            seen = np.arange(max(first, row - JUDGED_STEPS), row + 1)
            weight[seen[~ahead[seen] & ~taken[seen]]] = JUDGED_WEIGHT
        else:
            driven = np.flatnonzero(taken[first : row + 1])
            if len(driven):
                onset = first + int(driven[-1])
                while onset > first and taken[onset - 1]:
                    onset -= 1
                ahead[max(first, onset - LATE_STEPS) : onset] = True
    return ahead, weight
