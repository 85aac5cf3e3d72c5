"""Loading robots and bodies into a PyBullet client."""

from dataclasses import dataclass
from pathlib import Path

import pybullet

from mile_desktop.scenes.description import (
    BodyDescription,
    SceneDescription,
    SceneDescriptionError,
    Vector,
)


@dataclass(frozen=True, slots=True)
class Robot:
    """A loaded robot: body, joint and link numbers of one PyBullet client."""

    body: int
    arm: tuple[int, ...]
    """Joint indices of the arm."""
    fingers: tuple[int, ...]
    """Joint indices of the two fingers."""
    tip: int
    """Link index of the end effector; −1 where the model has no such link."""

    @property
    def joints(self) -> tuple[int, ...]:
        """Arm and finger joints, in the order of the scene state."""
        return self.arm + self.fingers


def load_model(client: int, urdf: Path, position: Vector, *, fixed: bool, visuals: bool) -> int:
    """Load a URDF and return its body number; raises ``SceneDescriptionError`` when PyBullet cannot."""
    # The simulation draws nothing, and meshes take time to load and memory.
    flags = 0 if visuals else pybullet.URDF_IGNORE_VISUAL_SHAPES
    try:
        return int(pybullet.loadURDF(str(urdf), position, useFixedBase=fixed, flags=flags, physicsClientId=client))
    except pybullet.error as error:
        raise SceneDescriptionError(f"{urdf}: found no model PyBullet can load ({error}), expected a URDF") from error


def joint_numbers(client: int, number: int, body: BodyDescription, urdf: Path) -> tuple[int, ...]:
    """Return the joint numbers of a loaded body, in the order of ``body.joints``.

    Raises ``SceneDescriptionError`` when the joints that move are not exactly those described.
    """
    found = {}
    for index in range(pybullet.getNumJoints(number, physicsClientId=client)):
        info = pybullet.getJointInfo(number, index, physicsClientId=client)
        # PyBullet numbers fixed joints, too.
        if info[2] != pybullet.JOINT_FIXED:
            found[info[1].decode()] = index
    described = [joint.name for joint in body.joints]
    if sorted(found) != sorted(described):
        raise SceneDescriptionError(
            f"{urdf}: found joints {sorted(found)} that move, expected those of body {body.name!r} in the description, "
            f"{sorted(described)}"
        )
    return tuple(found[name] for name in described)


def load_robot(client: int, description: SceneDescription, urdf: Path, *, visuals: bool) -> Robot:
    """Load the robot of ``description`` from ``urdf``.

    Raises ``SceneDescriptionError`` when it cannot be loaded, has other joints than described, or should be drawn
    and lacks the end-effector link.
    """
    body = load_model(client, urdf, description.robot.position, fixed=True, visuals=visuals)
    arm, fingers, tip = [], [], -1
    # By type and not by name: other models of the arm name their joints in another way.
    for index in range(pybullet.getNumJoints(body, physicsClientId=client)):
        info = pybullet.getJointInfo(body, index, physicsClientId=client)
        if info[2] == pybullet.JOINT_REVOLUTE:
            arm.append(index)
        elif info[2] == pybullet.JOINT_PRISMATIC:
            fingers.append(index)
        if info[12].decode() == description.robot.tip_link:
            tip = index
    expected = len(description.robot.home_joints_deg)
    if len(arm) != expected or len(fingers) != 2 or (visuals and tip < 0):
        raise SceneDescriptionError(
            f"{urdf}: found {len(arm)} arm joints, {len(fingers)} fingers and {'a' if tip >= 0 else 'no'} link "
            f"{description.robot.tip_link!r}, expected {expected}, 2 and that link"
        )
    return Robot(body, tuple(arm), tuple(fingers), tip)
