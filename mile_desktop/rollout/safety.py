"""Checks of an action and of a policy's output before the robot moves."""

import numpy as np

from mile_desktop.arrays import Float32Array
from mile_desktop.policies.policy import PolicyOutput

_BOUND = 1.0 + 1e-4
"""Actions live in [−1, 1]; the margin is float32 rounding."""


def action_problem(action: Float32Array, size: int, *, discrete: bool = False) -> str:
    """Return what is wrong with ``action`` as part of a sentence, or an empty string when it may be executed.

    ``discrete``: it has to be one-hot, one of ``size`` choices.
    """
    # The shape first: the checks below would broadcast a wrong one without an error.
    if action.shape != (size,):
        return f"has shape {action.shape} where the scene takes ({size},)"
    if not np.isfinite(action).all():
        return f"is not finite ({np.array2string(action, precision=3)})"
    if np.abs(action).max(initial=0.0) > _BOUND:
        return f"leaves [−1, 1] ({np.array2string(action, precision=3)})"
    if discrete and not (action.max() == 1.0 and np.count_nonzero(action) == 1):
        return f"chooses none of the {size} actions, or several ({np.array2string(action, precision=3)})"
    return ""


def usable_action(action: Float32Array, size: int) -> Float32Array:
    """Return ``action`` with every entry that is not finite replaced by 0 and the rest cut to [-1, 1].

    An action of the wrong size becomes all zeros: which entry means what is not known then.
    """
    if action.shape != (size,):
        return np.zeros(size, np.float32)
    # Cut to the range as well. An axis that reports more than full deflection must not drive faster than full
    # deflection.
    return np.clip(np.where(np.isfinite(action), action, 0.0), -1.0, 1.0).astype(np.float32)


def output_problem(output: PolicyOutput, size: int, *, discrete: bool = False) -> str:
    """Return why the policy's output is unusable as a sentence, or an empty string."""
    if problem := action_problem(output.action, size, discrete=discrete):
        return f"The policy's action {problem}."
    # A standard deviation of 0 is refused too: the likelihood of an action divides by it.
    if not (np.isfinite(output.mean).all() and np.isfinite(output.std).all() and (output.std > 0).all()):
        return "The policy's distribution is not finite."
    return ""
