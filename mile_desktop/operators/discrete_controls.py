"""Discrete actions with the controls of a robot arm: a push selects one of them."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from mile_desktop.arrays import Float32Array
from mile_desktop.operators.converted_device import ConvertedDevice
from mile_desktop.operators.operator import Operator, OperatorContext, OperatorReading

PUSHES = ("rest", "left", "right", "up", "down")
"""The pushes that can select an action, see ``chosen_push``."""

_MEANT = 0.3
"""Smaller pushes select nothing."""


def chosen_push(push: Sequence[float]) -> str:
    """Return which of ``PUSHES`` a push (x, y, z, gripper), in [−1, 1] each, is.

    x is to the right and y away as seen by the person, as in scenes drawn flat; away, up and closing the gripper all
    count as up, so that a stick, a trigger and a key can each do it. The strongest push counts; of equal ones the
    sideways one, so that tapping left or right works while up is held.
    """
    x, y, z, gripper = push
    sideways, upright = abs(x), max((y, z, gripper), key=abs)
    # The threshold is above every dead zone, so that a stick that is not quite at rest chooses nothing.
    if max(sideways, abs(upright)) < _MEANT:
        return "rest"
    if sideways >= abs(upright):
        return "right" if x > 0 else "left"
    return "up" if upright > 0 else "down"


class DiscreteControls(ConvertedDevice):
    """A person's device for a scene with discrete actions: its command becomes one-hot.

    Parameters
    ----------
    device
        Commands pushes (x, y, z, gripper).
    pushes
        Which of ``PUSHES`` selects each action, in the order of the actions. A push that selects none of them counts as
        resting. Where no action rests, the first one stands in: a discrete environment must be given some action.
    gripper
        Whether the gripper entry is read again in every tick, as with a trigger. Keyboard and on-screen pad keep their
        grip between takeovers; such a grip must not select an action.
    """

    def __init__(self, device: Operator, pushes: Sequence[str], *, gripper: bool) -> None:
        super().__init__(device)
        self._pushes = tuple(pushes)
        self._gripper = gripper
        self._rest = self._pushes.index("rest") if "rest" in self._pushes else 0

    def poll(self, context: OperatorContext) -> OperatorReading:
        """Read the device."""
        reading = self._read(context)
        return replace(reading, action=self._choose(reading.action))

    def _choose(self, push: Float32Array) -> Float32Array:
        x, y, z, gripper = push.tolist()
        chosen = chosen_push((x, y, z, gripper if self._gripper else 0.0))
        index = self._pushes.index(chosen) if chosen in self._pushes else self._rest
        action = np.zeros(len(self._pushes), np.float32)
        action[index] = 1.0
        return action
