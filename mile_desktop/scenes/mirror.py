"""A copy of the scene for drawing, in another process: the same bodies, posed by scene states, never stepped."""

from itertools import islice
from pathlib import Path

import numpy as np
import pybullet

from mile_desktop.arrays import Float32Array
from mile_desktop.scenes.body_loader import Robot, joint_numbers, load_model, load_robot
from mile_desktop.scenes.description import CameraDescription, SceneDescription, model_path


class SceneMirror:
    """Poses the bodies of a scene in a PyBullet client that the viewer owns.

    Parameters
    ----------
    client_id
        Connected PyBullet client; a renderer plug-in must be loaded before.
    description
        The scene, from ``description.load_description``.
    robot_urdf
        Another model of the same robot to draw, e.g. with lighter meshes; it keeps its own colours.

    Raises
    ------
    SceneDescriptionError
        A model cannot be loaded.
    """

    def __init__(self, client_id: int, description: SceneDescription, robot_urdf: Path | None = None) -> None:
        self._client = client_id
        self._description = description
        urdf = robot_urdf or model_path(description, description.robot.urdf)
        self._robot = load_robot(client_id, description, urdf, visuals=True)
        bodies = {
            body.name: load_model(
                client_id, model_path(description, body.urdf), body.position_range[0], fixed=True, visuals=True
            )
            for body in description.bodies
        }
        self._moving = tuple(
            (bodies[body.name], joint_numbers(client_id, bodies[body.name], body, model_path(description, body.urdf)))
            for body in description.moving_bodies
        )
        self._bodies = bodies
        self.free = frozenset(bodies[body.name] for body in description.bodies if body.kind == "free")
        """Numbers of the bodies that are free to move."""
        # A model with colours of its own, for example with textures, keeps them.
        if robot_urdf is None:
            self._colour_robot()

    @property
    def robot(self) -> Robot:
        """The loaded robot."""
        return self._robot

    @property
    def moving(self) -> tuple[int, ...]:
        """Numbers of the bodies whose poses are in the scene state, in its order."""
        return tuple(body for body, _ in self._moving)

    def body(self, name: str) -> int:
        """Return the number of the body called ``name`` in the description."""
        return self._bodies[name]

    def _colour_robot(self) -> None:
        for shape in pybullet.getVisualShapeData(self._robot.body, physicsClientId=self._client):
            pybullet.changeVisualShape(
                self._robot.body,
                shape[1],
                rgbaColor=(*self._description.robot.colour, 1.0),
                physicsClientId=self._client,
            )

    def apply(self, scene_state: Float32Array) -> None:
        """Pose all bodies according to ``scene_state`` (float32[k]).

        Raises ``ValueError`` when it does not fit the scene or is not finite.
        """
        size = self._description.state_size
        # The state comes from another process, perhaps of the scene before.
        if scene_state.shape != (size,) or not np.isfinite(scene_state).all():
            raise ValueError(
                f"scene state: found shape {scene_state.shape}, or not finite; expected {size} finite values"
            )
        values = scene_state.tolist()
        joints = self._robot.joints
        # Not strict: the list goes on with the bodies, which are read below.
        for joint, value in zip(joints, values, strict=False):
            pybullet.resetJointState(self._robot.body, joint, value, physicsClientId=self._client)
        rest = iter(values[len(joints) :])
        for body, body_joints in self._moving:
            position, quaternion = tuple(islice(rest, 3)), tuple(islice(rest, 4))
            pybullet.resetBasePositionAndOrientation(body, position, quaternion, physicsClientId=self._client)
            for joint, value in zip(body_joints, islice(rest, len(body_joints)), strict=True):
                pybullet.resetJointState(body, joint, value, physicsClientId=self._client)

    def end_effector(self) -> Float32Array:
        """Return the end-effector position of the pose applied last, float32[3], m."""
        state = pybullet.getLinkState(
            self._robot.body, self._robot.tip, computeForwardKinematics=1, physicsClientId=self._client
        )
        return np.array(state[4], dtype=np.float32)

    def cameras(self) -> tuple[CameraDescription, ...]:
        """Return the scene's viewpoints, the default one first."""
        return self._description.cameras
