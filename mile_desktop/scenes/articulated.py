"""Bodies with joints: drawers, buttons, doors. The base is fixed, and the physics moves the joints."""

from pathlib import Path

import numpy as np
import pybullet

from mile_desktop.scenes.body_loader import joint_numbers, load_model
from mile_desktop.scenes.description import BodyDescription
from mile_desktop.scenes.pose import Pose
from mile_desktop.scenes.task import JointState

_LIMIT_FORCE = 1e4
"""Force that keeps a joint within its limits, N or N m: more than the arm can exert."""


class Articulated:
    """One such body in a simulator.

    Dry friction is a motor that holds the joint still with at most that force. Damping is the engine's own. The
    force of a spring is applied again in every physics step, by ``push``.

    Raises
    ------
    SceneDescriptionError
        The model cannot be loaded, or has other joints than described.
    """

    def __init__(self, client: int, body: BodyDescription, path: Path) -> None:
        self._client = client
        self._body = body
        self.number = load_model(client, path, body.position_range[0], fixed=True, visuals=False)
        numbers = joint_numbers(client, self.number, body, path)
        self._joints = dict(zip((joint.name for joint in body.joints), numbers, strict=True))
        self._springs = tuple(
            (self._joints[joint.name], joint.spring, joint.spring_rest) for joint in body.joints if joint.spring
        )
        for joint in body.joints:
            number = self._joints[joint.name]
            pybullet.changeDynamics(
                self.number, number, jointDamping=joint.damping, jointLowerLimit=joint.limits[0],
                jointUpperLimit=joint.limits[1], jointLimitForce=_LIMIT_FORCE, physicsClientId=client,
            )  # fmt: skip
        self.scale_friction(1.0)

    def scale_friction(self, factor: float) -> None:
        """Set the dry friction of every joint to ``factor`` times the description's."""
        for joint in self._body.joints:
            # PyBullet has no dry friction for joints. A motor with target speed 0 and a limited force behaves like it.
            pybullet.setJointMotorControl2(
                self.number, self._joints[joint.name], pybullet.VELOCITY_CONTROL, targetVelocity=0.0,
                force=factor * joint.friction, physicsClientId=self._client,
            )  # fmt: skip

    @property
    def first_joint(self) -> int:
        """Number of the first joint in the description."""
        return next(iter(self._joints.values()))

    def place(self, pose: Pose) -> None:
        """Move the base to ``pose``."""
        pybullet.resetBasePositionAndOrientation(
            self.number, pose.position.tolist(), pose.quaternion, physicsClientId=self._client
        )

    def set_joints(self, rng: np.random.Generator) -> None:
        """Put every joint, at rest, to a start position drawn from ``rng``."""
        for joint in self._body.joints:
            pybullet.resetJointState(
                self.number, self._joints[joint.name], rng.uniform(*joint.start), physicsClientId=self._client
            )

    def push(self) -> None:
        """Apply the forces of the springs for the next physics step."""
        for number, stiffness, rest in self._springs:
            position = pybullet.getJointState(self.number, number, physicsClientId=self._client)[0]
            pybullet.setJointMotorControl2(
                self.number, number, pybullet.TORQUE_CONTROL, force=stiffness * (rest - position),
                physicsClientId=self._client,
            )  # fmt: skip

    def joint(self, name: str) -> JointState:
        """Return the state of the joint of that name; raises ``KeyError`` where there is none."""
        position, velocity, *_ = pybullet.getJointState(self.number, self._joints[name], physicsClientId=self._client)
        return JointState(position, velocity)

    def positions(self) -> list[float]:
        """Return the positions of all joints in the description's order, m or rad."""
        # One call for all joints, because each call crosses into C, and the state is read in every step.
        states = pybullet.getJointStates(self.number, tuple(self._joints.values()), physicsClientId=self._client)
        return [state[0] for state in states]
