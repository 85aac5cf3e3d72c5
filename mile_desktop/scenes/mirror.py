"""The scene in another process, for drawing only: same bodies, posed by scene states, never stepped."""

from pathlib import Path

import numpy as np
import pybullet

from mile_desktop.scenes.bullet import FloatArray, load_scene, write_state
from mile_desktop.scenes.description import CameraDescription, SceneDescription


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
        self._description = description
        self._scene = load_scene(client_id, description, visuals=True, robot_urdf=robot_urdf)
        if robot_urdf is None:
            self._colour_robot()

    def _colour_robot(self) -> None:
        client, robot = self._scene.client, self._scene.robot
        for shape in pybullet.getVisualShapeData(robot, physicsClientId=client):
            pybullet.changeVisualShape(
                robot, shape[1], rgbaColor=(*self._description.robot.colour, 1.0), physicsClientId=client
            )

    def apply(self, scene_state: FloatArray) -> None:
        """Pose everything as ``scene_state`` (float32[k]) says.

        Raises ``ValueError`` when it does not fit the scene or is not finite.
        """
        write_state(self._scene, scene_state)

    def end_effector(self) -> FloatArray:
        """Return the end-effector position of the pose applied last, float32[3], m."""
        scene = self._scene
        state = pybullet.getLinkState(scene.robot, scene.tip, computeForwardKinematics=1, physicsClientId=scene.client)
        return np.array(state[4], dtype=np.float32)

    def cameras(self) -> tuple[CameraDescription, ...]:
        """Return the scene's viewpoints, the default one first."""
        return self._description.cameras
