"""PyBullet worlds made from a scene description: loading, placing, stepping, and their state as one array."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pybullet
from numpy.typing import NDArray

from mile_desktop.scenes.description import (
    BodyDescription,
    SceneDescription,
    SceneDescriptionError,
    model_path,
)

FloatArray = NDArray[np.float32]
_FIXED_JOINT = pybullet.JOINT_FIXED
_GRAVITY = -9.81
_SOLVER_ITERATIONS = 20
"""Enough for a firm grip; fifty, the default, cost a third of the speed."""


@dataclass(frozen=True, slots=True)
class LoadedScene:
    """Bodies of one scene in one PyBullet client."""

    client: int
    robot: int
    arm: tuple[int, ...]
    """Joint indices of the arm."""
    fingers: tuple[int, ...]
    """Joint indices of the two fingers."""
    tip: int
    """Link index of the end effector."""
    bodies: dict[str, int]
    moving: tuple[int, ...]
    """Bodies whose poses belong to the scene state, in its order."""


def load_scene(
    client: int, description: SceneDescription, *, visuals: bool, robot_urdf: Path | None = None
) -> LoadedScene:
    """Load robot and bodies of ``description`` into a PyBullet client.

    Parameters
    ----------
    visuals
        Load what is drawn, otherwise what is simulated.
    robot_urdf
        Another model of the same robot, e.g. with lighter meshes.

    Raises
    ------
    SceneDescriptionError
        PyBullet cannot load a model, or the robot lacks the described links.
    """
    flags = 0 if visuals else pybullet.URDF_IGNORE_VISUAL_SHAPES
    default = description.robot.urdf if visuals else description.robot.physics_urdf
    urdf = robot_urdf or model_path(description, default)
    robot = _load(client, urdf, description.robot.position, fixed=True, flags=flags)
    bodies = {
        body.name: _load(
            client,
            model_path(description, body.urdf),
            body.position_range[0],
            fixed=body.kind != "free",
            flags=flags,
            # Bodies that stand fast step a tenth faster as plain rigid bodies; moving ones would not be restored exactly.
            rigid=body.kind != "free" and not visuals,
        )
        for body in description.bodies
    }
    moving = tuple(bodies[body.name] for body in description.moving_bodies)
    arm, fingers, tip = _joints(client, robot, description)
    return LoadedScene(client, robot, arm, fingers, tip, bodies, moving)


def _load(client: int, urdf: Path, position: tuple[float, ...], *, fixed: bool, flags: int, rigid: bool = False) -> int:
    try:
        return int(
            pybullet.loadURDF(
                str(urdf),
                position,
                useFixedBase=fixed,
                flags=flags,
                useMaximalCoordinates=rigid,
                physicsClientId=client,
            )
        )
    except pybullet.error as error:
        raise SceneDescriptionError(f"{urdf}: found no model PyBullet can load ({error}), expected a URDF") from error


def _joints(client: int, robot: int, description: SceneDescription) -> tuple[tuple[int, ...], tuple[int, ...], int]:
    """Return the indices of arm joints, finger joints and the tip link."""
    arm, fingers, tip = [], [], -1
    for index in range(pybullet.getNumJoints(robot, physicsClientId=client)):
        info = pybullet.getJointInfo(robot, index, physicsClientId=client)
        if info[2] == pybullet.JOINT_REVOLUTE:
            arm.append(index)
        elif info[2] == pybullet.JOINT_PRISMATIC:
            fingers.append(index)
        if info[12].decode() == description.robot.tip_link:
            tip = index
    expected = len(description.robot.home_joints_deg)
    if len(arm) != expected or len(fingers) != 2 or tip < 0:
        raise SceneDescriptionError(
            f"robot of {description.title!r}: found {len(arm)} arm joints, {len(fingers)} fingers and "
            f"{'a' if tip >= 0 else 'no'} link {description.robot.tip_link!r}, expected {expected}, 2 and that link"
        )
    return tuple(arm), tuple(fingers), tip


def read_state(scene: LoadedScene) -> FloatArray:
    """Return float32[k]: arm joints (rad), fingers (m), then position (m) and quaternion (xyzw) of each moving body."""
    joints = pybullet.getJointStates(scene.robot, scene.arm + scene.fingers, physicsClientId=scene.client)
    values = [joint[0] for joint in joints]
    for body in scene.moving:
        position, rotation = pybullet.getBasePositionAndOrientation(body, physicsClientId=scene.client)
        values += (*position, *rotation)
    return np.array(values, dtype=np.float32)


def write_state(scene: LoadedScene, state: FloatArray) -> None:
    """Put robot and bodies where ``state`` (float32[k]) says, at rest.

    Raises ``ValueError`` when it has another length or is not finite.
    """
    joints = scene.arm + scene.fingers
    size = len(joints) + 7 * len(scene.moving)
    if state.shape != (size,) or not np.isfinite(state).all():
        raise ValueError(f"scene state: found shape {state.shape} or values not finite, expected {size} finite values")
    values = state.tolist()
    for joint, value in zip(joints, values, strict=False):
        pybullet.resetJointState(scene.robot, joint, value, physicsClientId=scene.client)
    for index, body in enumerate(scene.moving):
        start = len(joints) + 7 * index
        pybullet.resetBasePositionAndOrientation(
            body, values[start : start + 3], values[start + 3 : start + 7], physicsClientId=scene.client
        )


class BulletWorld:
    """A scene in a simulator of its own, without a display; owned by one thread.

    PyBullet's saved states leave contact points alone that came into being since. Before anything is restored, the world
    therefore goes through an *empty* state, in which nothing touches, so that nothing of what happened before (another
    episode, a rewound stretch) reaches what comes next.
    """

    def __init__(self, description: SceneDescription) -> None:
        self._description = description
        self.client: int = pybullet.connect(pybullet.DIRECT)
        try:
            self.scene = load_scene(self.client, description, visuals=False)
        except SceneDescriptionError:
            self.close()
            raise
        self._configure()
        self._empty: int = self._park()

    def _configure(self) -> None:
        client, scene = self.client, self.scene
        pybullet.setGravity(0.0, 0.0, _GRAVITY, physicsClientId=client)
        pybullet.setPhysicsEngineParameter(
            fixedTimeStep=1.0 / self._description.control.physics_hz,
            numSolverIterations=_SOLVER_ITERATIONS,
            deterministicOverlappingPairs=1,
            physicsClientId=client,
        )
        for body in self._description.bodies:
            if body.friction is not None:
                pybullet.changeDynamics(
                    scene.bodies[body.name], -1, lateralFriction=body.friction, physicsClientId=client
                )

    def _park(self) -> int:
        """Save the state in which the arm points up and the free bodies hang in the air, far from everything."""
        for index, body in enumerate(self._description.moving_bodies):
            if body.kind == "free":
                pybullet.resetBasePositionAndOrientation(
                    self.scene.bodies[body.name],
                    (5.0, float(index), 5.0),
                    (0.0, 0.0, 0.0, 1.0),
                    physicsClientId=self.client,
                )
        return self.save()

    def _forget_contacts(self) -> None:
        pybullet.restoreState(stateId=self._empty, physicsClientId=self.client)
        pybullet.performCollisionDetection(physicsClientId=self.client)

    def begin(self, rng: np.random.Generator) -> None:
        """Start an episode: robot at home, bodies at random poses drawn from ``rng``."""
        self._forget_contacts()
        robot = self._description.robot
        home = (*robot.home_joints, robot.finger_travel[1], robot.finger_travel[1])
        for joint, value in zip(self.scene.arm + self.scene.fingers, home, strict=True):
            pybullet.resetJointState(self.scene.robot, joint, value, physicsClientId=self.client)
        placed: dict[str, NDArray[np.float64]] = {}
        for body in self._description.moving_bodies:
            placed[body.name] = self._place(body, placed, rng)

    def _place(
        self, body: BodyDescription, placed: dict[str, NDArray[np.float64]], rng: np.random.Generator
    ) -> NDArray[np.float64]:
        position = rng.uniform(*body.position_range)
        if body.relative_to in placed:
            position = position + placed[body.relative_to]
        yaw = np.radians(rng.uniform(*body.yaw_range_deg))
        pybullet.resetBasePositionAndOrientation(
            self.scene.bodies[body.name],
            position.tolist(),
            (0.0, 0.0, float(np.sin(yaw / 2)), float(np.cos(yaw / 2))),
            physicsClientId=self.client,
        )
        return np.asarray(position, dtype=np.float64)

    def step(self) -> None:
        """Advance physics by one physics step."""
        pybullet.stepSimulation(physicsClientId=self.client)

    def pose(self, body: str) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return position (float64[3], m) and rotation matrix (float64[3, 3]) of a body."""
        position, quaternion = pybullet.getBasePositionAndOrientation(
            self.scene.bodies[body], physicsClientId=self.client
        )
        matrix = pybullet.getMatrixFromQuaternion(quaternion)
        return np.array(position), np.array(matrix).reshape(3, 3)

    def save(self) -> int:
        """Keep the physical state in memory; returns its number."""
        return int(pybullet.saveState(physicsClientId=self.client))

    def restore(self, state: int) -> None:
        """Go back to a saved state."""
        self._forget_contacts()
        pybullet.restoreState(stateId=state, physicsClientId=self.client)

    def forget(self, state: int) -> None:
        """Free a saved state."""
        pybullet.removeState(state, physicsClientId=self.client)

    def close(self) -> None:
        """Free the simulator; may be called twice."""
        if self.client >= 0:
            pybullet.disconnect(physicsClientId=self.client)
            self.client = -1
