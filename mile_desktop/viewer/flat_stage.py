"""A flat scene and the renderer that draws it; ``Stage`` does the same for scenes with bodies."""

import numpy as np

from mile_desktop.arrays import Float32Array
from mile_desktop.scenes.catalogue import MODULE_NAME, SceneInfo
from mile_desktop.scenes.description import CameraDescription
from mile_desktop.scenes.flat import DrawState, Picture
from mile_desktop.scenes.modules import load_module
from mile_desktop.scenes.scene_code import SceneCode, SceneModuleError
from mile_desktop.viewer.aids import Aids
from mile_desktop.viewer.camera import View
from mile_desktop.viewer.flat_renderer import FlatRenderer


class FlatStage:
    """Pictures of one scene, made by its module from scene states; belongs to one thread.

    Raises ``SceneModuleError`` when the module cannot draw, or the description has no camera.
    """

    flat = True
    targets: tuple[str, ...] = ()
    located = True
    problems: tuple[str, ...] = ()

    def __init__(self, info: SceneInfo) -> None:
        picture = load_module(info.name).picture
        self._module = info.folder / MODULE_NAME
        if picture is None or not info.cameras:
            missing = "no PICTURE" if picture is None else "no cameras in scene.toml"
            raise SceneModuleError(f"{self._module}: found {missing}, expected both: the scene cannot be shown")
        self.scene = info.name
        self.cameras: tuple[CameraDescription, ...] = info.cameras
        self.renderer = FlatRenderer()
        self._draw: DrawState = picture
        self._anchor = (0.0, 0.0)

    def pose(self, state: Float32Array) -> None:
        """Show ``state`` (float32[k]) from the next picture on; raise ``ValueError`` when it does not fit the scene."""
        with SceneCode(self._module, "PICTURE"):
            picture = self._draw(state)
        # Checked here, because an error inside the renderer would not name the scene's file.
        if not isinstance(picture, Picture):
            raise SceneModuleError(f"{self._module}: PICTURE: found {type(picture).__name__}, expected a Picture")
        self._anchor = picture.anchor
        self.renderer.show(picture)

    def end_effector(self) -> Float32Array:
        """Return the position of the object that is driven, float32[3], m."""
        return np.array([self._anchor[0], 0.0, self._anchor[1]], np.float32)

    def aids(self) -> Aids:
        """Return nothing: a plane has no depth."""
        return Aids()

    def standpoint(self, camera: View | CameraDescription) -> View:
        """Return the point from which the plane is seen; a plane is always seen straight on."""
        if isinstance(camera, View):
            return View(0.0, 0.0, camera.distance_m, camera.target, camera.fov_deg)
        x, y, z = camera.target
        if camera.follows_end_effector:
            x, z = x + self._anchor[0], z + self._anchor[1]
        return View(0.0, 0.0, camera.distance, (x, y, z), camera.fov_deg)

    def close(self) -> None:
        """Free the renderer."""
        self.renderer.close()
