"""The interface of an operator: a person or a simulated supervisor that can take over."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from mile_desktop.arrays import Float32Array

Expert = Callable[[Float32Array], Float32Array]
"""Scripted expert: observation float32[n] → action float32[a] in [−1, 1]; one-hot where actions are discrete."""


class OperatorRequest(StrEnum):
    """Requests of an operator besides driving; each is one event, not a state."""

    START = "start"
    SUCCESS = "success"
    PARTIAL = "partial"
    FAILURE = "failure"
    DISCARD = "discard"
    """Confirmed: the second of two presses (the first one only sets ``OperatorReading.discard_armed``)."""
    TOGGLE_HOLD = "toggle_hold"
    STOP = "stop"
    NEXT_CAMERA = "next_camera"
    PREVIOUS_CAMERA = "previous_camera"
    MARK_CALL = "mark_call"
    """The last call was unnecessary, or the last takeover was called too late."""


@dataclass(frozen=True, slots=True, eq=False)
class OperatorContext:
    """Input for a simulated supervisor's decision; people look at the screen instead."""

    step: int
    """Index of the step about to be taken, 0 at the start of an episode."""
    observation: Float32Array
    """float32[n]."""
    proposal: Float32Array
    """float32[a], the policy's action for this step."""
    policy_mean: Float32Array
    policy_std: Float32Array
    """float32[a] each, the running policy's distribution."""
    intervening: bool
    """The previous step was taken by the operator."""
    discrete: bool = False
    """Actions are discrete: one-hot, with the probabilities of the choices as the policy's mean."""


@dataclass(frozen=True, slots=True, eq=False)
class OperatorReading:
    """An operator's input in one control tick."""

    takeover: bool
    """The operator drives now (a state, in every tick)."""
    action: Float32Array
    """float32[a] in [−1, 1]; used where ``takeover``."""
    requests: tuple[OperatorRequest, ...] = ()
    rewind: bool = False
    """The rewind button is held (a state, in every tick)."""
    connected: bool = True
    """False: the device is gone; a running takeover becomes a hold, independent of ``takeover``."""
    loss: str = ""
    """Why it is not connected, as a sentence, where it was not unplugged."""
    discard_armed: bool = False
    """The discard button was pressed once; a second press discards."""
    words: str = ""
    """What was typed and how it was understood, where words drive; recorded with the step."""


class Operator(Protocol):
    """A person at a device, or a simulated supervisor; polled once a tick by the rollout loop's own thread."""

    @property
    def kind(self) -> str:
        """Recorded with the episode: ``gamepad``, ``keyboard``, ``screen``, ``probit``, ``segment`` and so on."""
        ...

    @property
    def device(self) -> str:
        """Name of the device for people, or what is missing."""
        ...

    @property
    def instruction(self) -> str:
        """How to take over and hand back, for example ``hold RB``."""
        ...

    def reset(self, seed: int) -> None:
        """Begin a new episode."""
        ...

    def poll(self, context: OperatorContext) -> OperatorReading:
        """Read the device without blocking."""
        ...

    def close(self) -> None:
        """Release the device."""
        ...
