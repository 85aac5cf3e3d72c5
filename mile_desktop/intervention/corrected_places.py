"""Where in the scene people took over: the end effector's place in the corrected states that a forecast remembers."""

from collections.abc import Sequence

import numpy as np

from mile_desktop.arrays import Float32Array
from mile_desktop.intervention.forecast import Forecast

Place = tuple[float, float, float]
"""x, y, z in the world, m."""
NEARBY_M = 0.25
"""Places farther from the end effector are not shown: at the other end of the table they explain nothing."""
_ENTRY = "end effector {axis} (m)"


def place_entries(labels: Sequence[str]) -> tuple[int, int, int] | None:
    """Return which entries of an observation are the newest place of the end effector; None where none are."""
    found = []
    for axis in "xyz":
        # Older frames come first in an observation, so the last label is that of the newest frame.
        places = [number for number, label in enumerate(labels) if label.startswith(_ENTRY.format(axis=axis))]
        if not places:
            return None
        found.append(places[-1])
    return found[0], found[1], found[2]


class CorrectedPlaces:
    """The places of all corrected states of a forecast, in metres."""

    def __init__(self, forecast: Forecast, entries: tuple[int, int, int]) -> None:
        chosen = list(entries)
        network = forecast.progress
        # The states are remembered in units of their spread in the data, see ``Forecast.corrected``.
        places = forecast.corrected * network.observation_scale + network.observation_offset
        self._places = places[:, chosen].numpy()
        self._entries = chosen

    def nearby(self, observation: Float32Array, numbers: Sequence[int]) -> tuple[Place, ...]:
        """Return the places of these corrected states that lie near the end effector."""
        here = observation[self._entries]
        places = [self._places[number] for number in numbers if np.linalg.norm(self._places[number] - here) <= NEARBY_M]
        return tuple((float(x), float(y), float(z)) for x, y, z in places)
