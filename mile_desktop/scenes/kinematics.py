"""Forward and inverse kinematics of a serial arm, read from its URDF.

PyBullet's own solver starts from the measured joints and stops centimetres before a moving target. The controller
needs a solution that continues the last *command* exactly, so that a robot that holds does not creep.
"""

import math
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree as ET

import numpy as np

from mile_desktop.arrays import Float64Array
from mile_desktop.scenes.urdf import ModelError, read_model, transform, vector


@dataclass(frozen=True, slots=True, eq=False)
class Chain:
    """Revolute joints turning about their own z axis, from base to tip."""

    links: Float64Array
    """float64[joints, 4, 4]: fixed transform from the frame of the joint before to each joint at angle 0."""
    tip: Float64Array
    """float64[4, 4]: tip in the frame of the last joint."""
    lower: Float64Array
    upper: Float64Array
    """float64[joints]: joint limits, rad."""

    def forward(self, joints: Float64Array) -> tuple[Float64Array, Float64Array]:
        """Return the tip's pose (float64[4, 4]) and its geometric Jacobian (float64[6, joints], linear first)."""
        count = len(joints)
        cos, sin = np.cos(joints)[:, None], np.sin(joints)[:, None]
        frames = self.links.copy()
        # The rotation about z is written out: it mixes two columns, and full matrix products would cost much more in
        # every tick.
        x, y = self.links[:, :, 0], self.links[:, :, 1]
        frames[:, :, 0] = x * cos + y * sin
        frames[:, :, 1] = y * cos - x * sin
        for index in range(1, count):
            # A copy, because the result is written into one of the factors.
            np.dot(frames[index - 1], frames[index].copy(), out=frames[index])
        pose = frames[-1] @ self.tip
        axes = frames[:, :3, 2]
        arms = pose[:3, 3] - frames[:, :3, 3]
        jacobian = np.empty((6, count))
        # Written out for the same reason: a general cross product costs much more for so few joints.
        jacobian[0] = axes[:, 1] * arms[:, 2] - axes[:, 2] * arms[:, 1]
        jacobian[1] = axes[:, 2] * arms[:, 0] - axes[:, 0] * arms[:, 2]
        jacobian[2] = axes[:, 0] * arms[:, 1] - axes[:, 1] * arms[:, 0]
        jacobian[3:] = axes.T
        return pose, jacobian

    def solve(
        self,
        start: Float64Array,
        posture: Float64Array,
        position: Float64Array,
        rotation: Float64Array,
        *,
        iterations: int = 1,
    ) -> Float64Array:
        """Return joints within limits that bring the tip to a pose, as near as ``iterations`` damped steps can.

        Damped least squares; the redundant freedom of the arm is used to stay near ``posture``. A pure function of its
        arguments; a ``start`` that is already at the pose is returned unchanged. One iteration leaves about a hundredth
        of the way, less than a tenth of a millimetre in a control step. The next control step corrects it.

        Parameters
        ----------
        start, posture
            float64[joints], rad: first guess, and preferred posture.
        position, rotation
            float64[3] in the base frame, m, and float64[3, 3].
        """
        joints = start
        for _ in range(iterations):
            pose, jacobian = self.forward(joints)
            error = np.concatenate((position - pose[:3, 3], _rotation_error(rotation @ pose[:3, :3].T)))
            # Ends before the posture pulls, so that an arm that holds does not creep.
            if np.abs(error).max() < _TOLERANCE:
                break
            # Only a small part of the way to the posture in each step, so that it never competes with the target.
            pull = _POSTURE_GAIN * (posture - joints)
            normal = jacobian @ jacobian.T + (_DAMPING + error @ error) * _IDENTITY
            # The pull acts only in the directions that do not move the tip: its effect on the tip is subtracted on the
            # right.
            change = pull + jacobian.T @ np.linalg.solve(normal, error - jacobian @ pull)
            # All joints together, so that the direction stays.
            change *= min(1.0, _MAX_CHANGE / max(float(np.abs(change).max()), _TOLERANCE))
            joints = np.minimum(np.maximum(joints + change, self.lower), self.upper)
        return joints


_TOLERANCE = 5e-5
"""m and rad; smaller than the joint motors can resolve."""
_POSTURE_GAIN = 0.05
_DAMPING = 1e-6
"""Grows with the squared error, so that the arm approaches a target out of reach and does not overshoot."""
_MAX_CHANGE = 0.15
"""rad an iteration."""
_IDENTITY = np.eye(6)


def _rotation_error(rotation: Float64Array) -> Float64Array:
    """Return the rotation vector of ``rotation`` (small angles: sin φ ≈ φ)."""
    return 0.5 * np.array(
        [rotation[2, 1] - rotation[1, 2], rotation[0, 2] - rotation[2, 0], rotation[1, 0] - rotation[0, 1]]
    )


def read_chain(urdf: Path, tip_link: str) -> Chain:
    """Read the chain from the root of ``urdf`` to ``tip_link``.

    Raises
    ------
    ModelError
        There is no such link, or the way to it is not made of fixed joints and revolute joints about z.
    """
    joints = {
        child.get("link"): joint
        for joint in read_model(urdf).iter("joint")
        if (child := joint.find("child")) is not None
    }
    # From the tip to the base, because a link has one parent but may have several children.
    way: list[ET.Element] = []
    link: str | None = tip_link
    while link in joints:
        way.append(joints[link])
        parent = joints[link].find("parent")
        link = None if parent is None else parent.get("link")
    links, lower, upper, carried = [], [], [], np.eye(4)
    for joint in reversed(way):
        # Fixed joints are merged into the next moving one, so that there are as many links as angles.
        carried = carried @ transform(joint.find("origin"))
        if joint.get("type") == "fixed":
            continue
        low, high = _limits(joint, urdf)
        links.append(carried)
        lower.append(low)
        upper.append(high)
        carried = np.eye(4)
    if not links:
        raise ModelError(f"{urdf}: found no moving joint on the way to link {tip_link!r}, expected an arm")
    return Chain(np.array(links), carried, np.array(lower), np.array(upper))


def _limits(joint: ET.Element, urdf: Path) -> tuple[float, float]:
    """Return the range of a revolute joint: that of the safety controller if there is one."""
    axis, limit = joint.find("axis"), joint.find("limit")
    turns_about_z = axis is not None and np.array_equal(vector(axis.get("xyz")), [0.0, 0.0, 1.0])
    if joint.get("type") != "revolute" or not turns_about_z or limit is None:
        raise ModelError(
            f"{urdf}: joint {joint.get('name')!r}: found type {joint.get('type')!r}, expected a revolute joint about z"
        )
    safety = joint.find("safety_controller")
    low = float(limit.get("lower", -math.pi)) if safety is None else float(safety.get("soft_lower_limit", "nan"))
    high = float(limit.get("upper", math.pi)) if safety is None else float(safety.get("soft_upper_limit", "nan"))
    return low, high
