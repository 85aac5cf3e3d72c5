"""Measures in the viewer's own PyBullet client what helps a hand to judge depth, see ``aids.Aids``."""

import numpy as np
import pybullet

from mile_desktop.scenes.mirror import SceneMirror
from mile_desktop.scenes.target_description import TargetDescription
from mile_desktop.viewer.aids import Aids, Point

_TOUCH_M = 0.002
"""Nearer than this, a finger touches: poses come as float32 and without the solver's penetration."""
_FINGERTIP_M = 0.012
"""The fingers end so far below the end effector, which lies between their pads."""
_FLOOR_M = -1.0


class DepthGauge:
    """Looks below the gripper and between its fingers; belongs to the thread of the client. About 0.1 ms a call."""

    def __init__(self, client: int, mirror: SceneMirror, targets: tuple[TargetDescription, ...]) -> None:
        self._client = client
        self._mirror = mirror
        self._targets = targets

    def measure(self) -> Aids:
        """Return the aids of the pose applied last."""
        grip = self._mirror.end_effector().tolist()
        held = next((body for body in self._mirror.moving if self._holds(body)), None)
        fingertips: Point = (grip[0], grip[1], grip[2] - _FINGERTIP_M)
        free = held is not None and held in self._mirror.free
        low = self._lowest(held) if held is not None and free else fingertips
        target, offset = self._aim(low if free else (grip[0], grip[1], grip[2]), holding=held is not None)
        joints = pybullet.getJointStates(
            self._mirror.robot.body, self._mirror.robot.fingers, physicsClientId=self._client
        )
        opening = sum(joint[0] for joint in joints)
        return Aids(True, opening, held is not None, low, self._ground(low), target, offset)

    def _holds(self, body: int) -> bool:
        robot = self._mirror.robot
        return all(
            pybullet.getClosestPoints(robot.body, body, _TOUCH_M, linkIndexA=finger, physicsClientId=self._client)
            for finger in robot.fingers
        )

    def _lowest(self, body: int) -> Point:
        """Return the middle of the underside of the lowest link."""
        links = range(-1, pybullet.getNumJoints(body, physicsClientId=self._client))
        boxes = [pybullet.getAABB(body, link, physicsClientId=self._client) for link in links]
        low, high = min(boxes, key=lambda box: box[0][2])
        return (low[0] + high[0]) / 2, (low[1] + high[1]) / 2, low[2]

    def _ground(self, low: Point) -> float:
        """Return the height of the first surface below ``low``."""
        # From just above: what is held may touch the surface or lie a little in it. A ray does not find the body that
        # it begins in.
        start, end = (low[0], low[1], low[2] + 0.002), (low[0], low[1], _FLOOR_M)
        hit = pybullet.rayTest(start, end, physicsClientId=self._client)[0]
        return float(hit[3][2]) if hit[0] >= 0 else _FLOOR_M

    def _aim(self, start: Point, *, holding: bool) -> tuple[int, Point]:
        for number, target in enumerate(self._targets):
            if target.holding is holding:
                body = self._mirror.body(target.body)
                pose = pybullet.getBasePositionAndOrientation(body, physicsClientId=self._client)
                place, _ = pybullet.multiplyTransforms(*pose, target.position, (0.0, 0.0, 0.0, 1.0))
                x, y, z = (float(value) for value in np.subtract(place, start))
                return number, (x, y, z)
        return -1, (0.0, 0.0, 0.0)
