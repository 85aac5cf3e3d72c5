"""Any continuous action with the controls of a robot arm: pushes drive the entries that a scene assigns to them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from mile_desktop.arrays import Float32Array
from mile_desktop.operators.converted_device import ConvertedDevice
from mile_desktop.operators.operator import Operator, OperatorContext, OperatorReading

AXES = {
    "right": (0, 1.0), "left": (0, -1.0), "away": (1, 1.0), "near": (1, -1.0),
    "up": (2, 1.0), "down": (2, -1.0), "close": (3, 1.0), "open": (3, -1.0),
}  # fmt: skip
"""Push → entry of a device's command (x, y, z, gripper) and its sign; x is right and y away, as in flat scenes."""


@dataclass(frozen=True, slots=True)
class EntryDrive:
    """What drives one entry of an action."""

    push: str
    """One of ``AXES``, or ``none``."""
    rest: float
    """Value without a push."""
    step: float = 0.0
    """How far a full push moves the entry in one tick; 0: the push itself is the value."""


class DrivenEntries(ConvertedDevice):
    """A person's device for a scene that says what drives each entry of its action.

    An entry with a ``step`` begins each takeover at the value that the policy proposes, so that taking over changes
    nothing by itself. Entries that nothing drives stay at rest.

    Parameters
    ----------
    device
        Commands pushes (x, y, z, gripper).
    drives
        One for each entry of the action.
    """

    def __init__(self, device: Operator, drives: Sequence[EntryDrive]) -> None:
        super().__init__(device)
        self._drives = tuple(drives)
        self._values = np.array([each.rest for each in drives])

    def poll(self, context: OperatorContext) -> OperatorReading:
        """Read the device."""
        reading = self._read(context)
        if not context.intervening:
            proposal = context.proposal.astype(np.float64)
            self._values = np.where(np.isfinite(proposal), proposal, 0.0)
        return replace(reading, action=self._drive(reading.action))

    def _drive(self, command: Float32Array) -> Float32Array:
        pushes = command.tolist()
        for index, drive in enumerate(self._drives):
            axis, sign = AXES.get(drive.push, (0, 0.0))
            push = sign * pushes[axis]
            if drive.step:
                self._values[index] += push * drive.step
            else:
                # a full push reaches the bound on either side, wherever the rest lies
                self._values[index] = drive.rest + push * (1.0 - np.copysign(drive.rest, push * drive.rest))
        self._values = np.clip(self._values, -1.0, 1.0)
        return self._values.astype(np.float32)
