"""The numbers from which the picture of a gymnasium scene is drawn, taken from its state and set in another copy."""

import numpy as np

from mile_desktop.arrays import Float32Array
from mile_desktop.scenes.gymnasium.inner import InnerEnv

STATE = 1.0
"""First entry of such a row; ``replayed_state.REPLAY`` is the other kind."""
_NONE = -1.0e30


def drawn_by_state(inner: InnerEnv) -> Float32Array:
    """Return float32[1 + k]: the poses of the physics, else the numbers among the environment's attributes."""
    if inner.physics is not None:
        return np.append(np.float32(STATE), inner.physics.numbers())
    numbers = inner.attributes.numbers() if inner.attributes else np.zeros(0, np.float32)
    # NaN stands for "none" inside the program; recordings and messages have finite numbers only
    return np.append(np.float32(STATE), np.nan_to_num(numbers, nan=_NONE))


def set_drawn_state(inner: InnerEnv, numbers: Float32Array) -> None:
    """Set the state that ``drawn_by_state`` of another copy returned; raises ``ValueError`` where it does not fit."""
    values = numbers[1:]
    if inner.physics is not None:
        inner.physics.set_numbers(values)
    elif inner.attributes is not None:
        inner.attributes.set_numbers(np.where(values <= np.float32(_NONE), np.float32("nan"), values))
