"""A device whose pushes mean something else in a scene than motions of a robot's hand."""

from dataclasses import replace

import numpy as np

from mile_desktop.operators.operator import Operator, OperatorContext, OperatorReading

_PUSHES = 4
"""Entries of a push: x, y, z, gripper."""


class ConvertedDevice:
    """Passes everything of ``device`` on; subclasses convert its pushes in ``poll``.

    A base and not a wrapper of each scene in each device, so that a device needs to know nothing about scenes.
    """

    def __init__(self, device: Operator) -> None:
        self._device = device
        self._still = np.zeros(_PUSHES, np.float32)

    @property
    def kind(self) -> str:
        """Recorded with the episode."""
        return self._device.kind

    @property
    def device(self) -> str:
        """Name of the device for people."""
        return self._device.device

    @property
    def instruction(self) -> str:
        """How to take over and hand back."""
        return self._device.instruction

    def reset(self, seed: int) -> None:
        """Begin a new episode."""
        self._device.reset(seed)

    def close(self) -> None:
        """Release the device."""
        self._device.close()

    def _read(self, context: OperatorContext) -> OperatorReading:
        """Read the device, whose action is a push: float32[4] in [−1, 1]."""
        still = self._still
        # The device commands four entries, whatever the size of the scene's actions. ``discrete`` stays as it is: a
        # device that shapes how it drives must report the whole push where a push selects an action.
        return self._device.poll(replace(context, proposal=still, policy_mean=still, policy_std=still))
