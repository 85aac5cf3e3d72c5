"""A loaded scene and the renderer that draws it."""

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pybullet

from mile_desktop.arrays import Float32Array
from mile_desktop.paths import SIM_SCENES
from mile_desktop.scenes.catalogue import scene_info
from mile_desktop.scenes.description import (
    CameraDescription,
    SceneDescription,
    Vector,
    load_description,
)
from mile_desktop.scenes.mirror import SceneMirror
from mile_desktop.viewer.aids import Aids
from mile_desktop.viewer.camera import View
from mile_desktop.viewer.context import try_context
from mile_desktop.viewer.depth import DepthGauge
from mile_desktop.viewer.opengl import OpenGLRenderer
from mile_desktop.viewer.renderer import Renderer, RendererUnavailableError
from mile_desktop.viewer.tiny import TinyRenderer

LIGHT_MODELS = {"pybullet_data/franka_panda/panda.urdf": SIM_SCENES / "panda" / "panda.urdf"}
"""Models with fewer triangles, drawn in place of the models that are simulated."""


class Stage:
    """Bodies of one scene in a PyBullet client of their own, and the renderer; belongs to one thread.

    Parameters
    ----------
    scene
        Command-line name.
    try_opengl
        Use OpenGL where it is available; otherwise PyBullet's own renderer.

    Raises
    ------
    UnknownSceneError, SceneDescriptionError
        There is no such scene, or it cannot be loaded.
    """

    flat = False
    located = True

    def __init__(self, scene: str, *, try_opengl: bool = True) -> None:
        info = scene_info(scene)
        self.scene = info.name
        self.description = load_description(info.folder)
        # A client of its own: the simulation is in another process, and this one only places bodies.
        self._client: int = pybullet.connect(pybullet.DIRECT)
        try:
            light: Path | None = LIGHT_MODELS.get(self.description.robot.urdf)
            self._mirror = SceneMirror(self._client, self.description, light)
            self.problems: tuple[str, ...] = ()
            self._gauge = DepthGauge(self._client, self._mirror, self.description.targets)
            self.renderer = self._open_renderer(try_opengl=try_opengl)
            self.pose(resting_state(self.description))
        # A client that is not disconnected stays until the process ends.
        except Exception:
            pybullet.disconnect(physicsClientId=self._client)
            raise

    def _open_renderer(self, *, try_opengl: bool) -> Renderer:
        if not try_opengl:
            return TinyRenderer(self._client)
        try:
            # In a process of its own first: a broken driver ends the process that uses it, see ``viewer.context``.
            try_context()
            robot = self._mirror.robot
            # PyBullet calls the base of a body link -1.
            arm = [(robot.body, link) for link in range(-1, robot.tip) if link not in robot.fingers]
            renderer = OpenGLRenderer(self._client, arm)
        except RendererUnavailableError as error:
            self.problems = (f"{error} The scene is drawn by PyBullet's own renderer, a few pictures a second.",)
            return TinyRenderer(self._client)
        self.problems = tuple(f"Not drawn: {problem}." for problem in renderer.problems)
        return renderer

    @property
    def cameras(self) -> tuple[CameraDescription, ...]:
        """The scene's cameras, the default one first."""
        return self._mirror.cameras()

    def pose(self, state: Float32Array) -> None:
        """Move everything to ``state`` (float32[k]); raise ``ValueError`` if it does not fit the scene."""
        self._mirror.apply(state)
        self.renderer.scene_changed()

    def end_effector(self) -> Float32Array:
        """Return the position of the end effector, float32[3], m."""
        return self._mirror.end_effector()

    def aids(self) -> Aids:
        """Return what helps to judge depth in a picture of the pose applied last."""
        return self._gauge.measure()

    @property
    def targets(self) -> tuple[str, ...]:
        """Titles of what a hand aims at."""
        return tuple(target.title for target in self.description.targets)

    def standpoint(self, camera: View | CameraDescription) -> View:
        """Return where ``camera`` stands now; one that follows the end effector moves with it."""
        if isinstance(camera, View):
            return camera
        target = camera.target
        if camera.follows_end_effector:
            target = _sum(self.end_effector(), target)
        return View(
            camera.yaw_deg, camera.pitch_deg, camera.distance, target, camera.fov_deg, hides_arm=camera.hides_arm
        )

    def close(self) -> None:
        """Free renderer and client."""
        self.renderer.close()
        pybullet.disconnect(physicsClientId=self._client)


def resting_state(description: SceneDescription) -> Float32Array:
    """Return float32[k]: robot at home, gripper open, every body in the middle of its possible positions.

    Shown until the first state of the running scene arrives.
    """
    robot = description.robot
    values = [*robot.home_joints, robot.finger_travel[1], robot.finger_travel[1]]
    placed: dict[str, Vector] = {}
    for body in description.bodies:
        origin = placed.get(body.relative_to or "", (0.0, 0.0, 0.0))
        # Bodies may be placed relative to others, which stand before them in the description.
        middle = _sum(np.mean(body.position_range, axis=0), origin)
        placed[body.name] = middle
        if body.moves:
            values += [*middle, 0.0, 0.0, 0.0, 1.0]
            values += [sum(joint.start) / 2 for joint in body.joints]
    return np.array(values, np.float32)


def _sum(a: npt.ArrayLike, b: npt.ArrayLike) -> Vector:
    x, y, z = (float(value) for value in np.add(a, b))
    return x, y, z
