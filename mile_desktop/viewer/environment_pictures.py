"""Pictures of an environment of gymnasium: by its own ``render``, or faster by MuJoCo's renderer."""

import os
import sys
from typing import Any, Protocol, cast

import numpy as np

from mile_desktop.scenes.gymnasium.inner import InnerEnv
from mile_desktop.scenes.gymnasium.mujoco_state import MujocoState
from mile_desktop.scenes.scene_code import START_S, SceneCode, SceneModuleError
from mile_desktop.viewer.picture_renderer import PictureSource
from mile_desktop.viewer.renderer import Pixels

_SIZE = 640, 480
_SHADOW_SIZE = 1024
"""Side of the shadow map, in pixels. Meta-World's 4096 took 259 ms of processor time a picture in software, with
samples; no shadows and no samples took 29 ms."""


class RenderedPictures:
    """Pictures by ``render()`` of an environment with ``render_mode="rgb_array"``."""

    name = "the environment's own picture"

    def __init__(self, inner: InnerEnv) -> None:
        self._inner = inner

    def take(self, *, smooth: bool) -> Pixels:  # noqa: ARG002 - the environment has one quality
        """Return the picture, uint8[height, width, 3]."""
        with SceneCode(self._inner.source, "render", START_S):
            picture = np.asarray(self._inner.env.render())
        if picture.ndim != 3 or picture.shape[2] not in (3, 4) or picture.dtype != np.uint8:
            raise SceneModuleError(
                f"{self._inner.source}: render: found an array of {picture.dtype} of shape {picture.shape}, expected "
                "uint8[height, width, 3]"
            )
        return np.ascontiguousarray(picture[:, :, :3])

    def close(self) -> None:
        """Nothing to free: the environment owns its renderer."""


class _MujocoRenderer(Protocol):
    """``mujoco.Renderer``."""

    scene: Any

    def update_scene(self, data: object, camera: object) -> None: ...

    def render(self) -> Pixels: ...

    def close(self) -> None: ...


class MujocoPictures:
    """Pictures by ``mujoco.Renderer`` with the environment's own camera: plain while things move, with shadows at rest.

    Raises whatever MuJoCo raises where it cannot draw off screen.
    """

    name = "MuJoCo"

    def __init__(self, inner: InnerEnv, physics: MujocoState) -> None:
        import mujoco  # noqa: PLC0415 - an optional dependency

        self._inner = inner
        self._mujoco: Any = mujoco
        self._open(physics)

    def _open(self, physics: MujocoState) -> None:
        model: Any = physics.model
        # Before the context is made: it allocates what these say. Samples cost more than all else in software.
        model.vis.quality.offsamples = 0
        model.vis.quality.shadowsize = _SHADOW_SIZE
        width, height = min(_SIZE[0], model.vis.global_.offwidth), min(_SIZE[1], model.vis.global_.offheight)
        self._model = model
        self._middle = np.array(cast("Any", physics.data).geom_xpos)
        """float64[n, 3]: where the shapes were at the start; the camera does not follow them."""
        try:
            self._renderer = cast("_MujocoRenderer", self._mujoco.Renderer(model, height, width))
        except self._mujoco.FatalError as error:  # it is no RuntimeError
            raise RuntimeError(str(error)) from error

    def take(self, *, smooth: bool) -> Pixels:
        """Return the picture, uint8[height, width, 3]."""
        physics = self._inner.physics
        if physics is not None and physics.model is not self._model:
            self._renderer.close()  # the environment has loaded another model for this episode
            self._open(physics)
        flags, kinds = self._renderer.scene.flags, self._mujoco.mjtRndFlag
        flags[kinds.mjRND_SHADOW] = flags[kinds.mjRND_REFLECTION] = smooth
        self._renderer.update_scene(cast("MujocoState", physics).data, self._camera())
        return self._renderer.render().copy()

    def _camera(self) -> object:
        """Return the camera that the environment's ``render`` uses: one of the model, or a free one."""
        drawing: Any = getattr(self._inner.env.unwrapped, "mujoco_renderer", None)
        number = getattr(drawing, "camera_id", None)
        if number is not None and number >= 0:
            return number
        camera = self._mujoco.MjvCamera()
        # gymnasium's defaults, see its ``BaseRender``; a free camera of MuJoCo's own stands farther away
        camera.lookat[:] = np.median(self._middle, axis=0)
        camera.distance = self._model.stat.extent
        for key, value in (getattr(drawing, "default_cam_config", None) or {}).items():
            if isinstance(value, np.ndarray):
                getattr(camera, key)[:] = value
            else:
                setattr(camera, key, value)
        return camera

    def close(self) -> None:
        """Free the context."""
        self._renderer.close()


def pictures_of(inner: InnerEnv) -> PictureSource:
    """Return what draws ``inner``, which has been reset; MuJoCo's renderer where that works."""
    if inner.physics is not None:
        try:
            return MujocoPictures(inner, inner.physics)
        except (RuntimeError, ImportError, AttributeError, ValueError) as error:
            # no OpenGL off screen, or a driver that is broken: the environment may know another way
            sys.stderr.write(f"MuJoCo's renderer cannot be used ({error}).\n")
    return RenderedPictures(inner)


def choose_off_screen() -> None:
    """Let MuJoCo draw without a window, unless the person chose otherwise; before it is imported."""
    if sys.platform == "linux":
        os.environ.setdefault("MUJOCO_GL", "egl")
        os.environ.setdefault("SDL_VIDEODRIVER", "dummy")  # pygame draws into memory, too
