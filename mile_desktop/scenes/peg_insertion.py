"""Grasp the peg, carry it over the socket and push it in until it is seated."""

from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from mile_desktop.scenes.manipulation import ManipulationEnv, Measurement

Array = NDArray[np.float64]

TIP_DEPTH = 0.0975
"""Tip of the peg below its origin, the middle of the handle, m (peg.urdf)."""
SOCKET_FLOOR = 0.005
"""Bottom of the hole above the socket's origin, m (socket.urdf)."""
SOCKET_RIM = 0.060
"""Top of the socket above its origin, m."""

_RIM = np.array([0.0, 0.0, SOCKET_RIM])
_SEATED_HEIGHT = 0.006
"""The tip may be this far above the bottom of the hole (of 55 mm), m."""
_SEATED_OFFSET = 0.006
"""The tip may be this far from the axis of the hole, m; the shaft has 3 mm of play, a little more in the corners."""
_SEATED_UPRIGHT = 0.99
"""Least cosine of the peg's tilt (8°)."""


class PegInsertionEnv(ManipulationEnv):
    """Peg insertion.

    The peg is held by friction alone. It is seated when its tip is within 6 mm of the bottom of the 55 mm deep hole and
    of the hole's axis, upright within 8°, for five consecutive steps (a quarter of a second); whether the gripper still
    holds it makes no difference. There is no way to such a pose but through the hole.
    """

    scene_name: ClassVar[str] = "peg-insertion"
    measurements: ClassVar[tuple[Measurement, ...]] = (
        Measurement("end effector x (m)", 0.0, 1.0),
        Measurement("end effector y (m)", -0.6, 0.6),
        Measurement("end effector z (m)", 0.0, 0.6),
        Measurement("gripper opening (m)", -0.01, 0.1),
        Measurement("gripper squeeze (m)", -0.1, 0.1),
        Measurement("handle - end effector x (m)", -1.0, 1.0),
        Measurement("handle - end effector y (m)", -1.0, 1.0),
        Measurement("handle - end effector z (m)", -1.0, 1.0),
        Measurement("peg axis x", -1.0, 1.0),
        Measurement("peg axis y", -1.0, 1.0),
        Measurement("hole - peg tip x (m)", -1.0, 1.0),
        Measurement("hole - peg tip y (m)", -1.0, 1.0),
        Measurement("hole - peg tip z (m)", -1.0, 1.0),
    )

    def _measure(self, end_effector: Array, opening: float, squeeze: float) -> Array:
        peg = self._world.pose("peg")
        axis = peg.rotation[:, 2]
        rim = self._world.pose("socket").position + _RIM
        to_hole = rim - (peg.position - TIP_DEPTH * axis)
        return np.concatenate((end_effector, (opening, squeeze), peg.position - end_effector, axis[:2], to_hole))

    def _is_done(self) -> bool:
        peg, socket = self._world.pose("peg"), self._world.pose("socket")
        axis = peg.rotation[:, 2]
        tip = socket.rotation.T @ (peg.position - TIP_DEPTH * axis - socket.position)
        seated = tip[2] < SOCKET_FLOOR + _SEATED_HEIGHT and max(abs(tip[0]), abs(tip[1])) < _SEATED_OFFSET
        return bool(seated and axis[2] > _SEATED_UPRIGHT)
