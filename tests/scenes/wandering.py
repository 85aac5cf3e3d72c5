"""Actions for tests that only need the robot to get about."""

import numpy as np

from mile_desktop.arrays import Float32Array

HOLD = np.zeros(4, np.float32)


def random_actions(seed: int, steps: int) -> Float32Array:
    """Return float32[steps, 4]: uniform over the action box, each kept for five steps."""
    rng = np.random.default_rng(seed)
    return np.repeat(rng.uniform(-1, 1, (steps // 5 + 1, 4)), 5, axis=0)[:steps].astype(np.float32)
