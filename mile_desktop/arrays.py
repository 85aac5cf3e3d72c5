"""Names of the array types, so that a signature says the precision of its numbers.

Shapes stand in the docstring of each value. Recorded data, observations and actions are ``Float32Array``; poses,
kinematics and statistics are ``Float64Array``, because errors add up along a chain of sums and products.
"""

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Float32Array: TypeAlias = NDArray[np.float32]
"""Observations, actions, scene states, recorded probabilities: the precision of files and networks."""

Float64Array: TypeAlias = NDArray[np.float64]
"""Timestamps, poses, joint angles, statistics."""

BoolArray: TypeAlias = NDArray[np.bool_]
"""Flags of steps or episodes, for example ν."""

IntArray: TypeAlias = NDArray[np.int64]
"""Row numbers and counts."""
