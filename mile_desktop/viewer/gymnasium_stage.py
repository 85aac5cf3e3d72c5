"""A gymnasium scene and what draws it: a copy of the environment that follows the running one."""

import time
from collections.abc import Callable

import numpy as np

from mile_desktop.arrays import Float32Array
from mile_desktop.cameras.source import Picture
from mile_desktop.scenes.catalogue import SceneInfo
from mile_desktop.scenes.description import CameraDescription
from mile_desktop.scenes.gymnasium.drawn_state import set_drawn_state
from mile_desktop.scenes.gymnasium.inner import InnerEnv, probed
from mile_desktop.scenes.gymnasium.replayed_state import REPLAY, ReplayedState, read_replayed
from mile_desktop.scenes.gymnasium.spaces import NumberedActions
from mile_desktop.scenes.scene_code import SceneModuleError
from mile_desktop.scenes.scene_file import load_gymnasium_description
from mile_desktop.viewer.aids import Aids
from mile_desktop.viewer.camera import View
from mile_desktop.viewer.environment_pictures import choose_off_screen, pictures_of
from mile_desktop.viewer.picture_renderer import PictureRenderer
from mile_desktop.viewer.renderer import Pixels

Record = Callable[[Picture], None]


class GymnasiumStage:
    """Pictures of a gymnasium scene, drawn by a copy of its environment in this process; belongs to one thread.

    Drawing can take longer than a control step, so the running environment is never asked for a picture. The copy is
    set to the state that the worker publishes; where a state cannot be set, the copy takes the same actions.

    Parameters
    ----------
    record
        Called with every new picture; None: nothing is recorded.

    Raises
    ------
    SceneDescriptionError
        The environment cannot be made, or it has no picture.
    """

    flat = True
    targets: tuple[str, ...] = ()
    located = False
    """Nothing is known about where things are in the picture, so nothing can be painted over it."""

    def __init__(self, info: SceneInfo, record: Record | None = None) -> None:
        choose_off_screen()
        description = load_gymnasium_description(info.folder)
        if not info.cameras:
            raise SceneModuleError(
                f"{info.title} has no picture (drawn = false in scene.toml); it can be driven all the same."
            )
        self.scene = info.name
        self.cameras: tuple[CameraDescription, ...] = info.cameras
        self.problems: tuple[str, ...] = ()
        self._inner = InnerEnv(description, "rgb_array")
        self._record_picture = record
        self._taken_at = time.monotonic()
        self._seed = 0
        self._actions: list[Float32Array] = []
        try:
            # Before the reset, because the probe takes steps. It also decides whether each episode needs a new
            # environment.
            probed(self._inner)
            self._inner.reset(0)
            self.renderer = PictureRenderer(pictures_of(self._inner), self._record)
        except Exception:
            self._inner.close()
            raise

    def pose(self, state: Float32Array) -> None:
        """Show ``state`` (float32[k]) from the next picture on; raise ``ValueError`` when it cannot be shown."""
        self._taken_at = time.monotonic()
        if len(state) and state[0] == REPLAY:
            self._follow(read_replayed(state, 1 if self._numbered else self._inner.actions.size))
        else:
            set_drawn_state(self._inner, state)
        self.renderer.scene_changed()

    @property
    def _numbered(self) -> bool:
        return isinstance(self._inner.actions, NumberedActions)

    def _follow(self, wanted: ReplayedState) -> None:
        """Take the actions that are missing, or the whole episode again after a rewind or a new start."""
        known = len(self._actions)
        overlap = wanted.actions[: max(0, known - wanted.first)]
        same = self._seed == wanted.seed and wanted.first <= known <= wanted.step
        # After a rewind, the same seed and number of steps can stand for other actions.
        if same and known and len(overlap):
            same = bool(np.array_equal(overlap, np.array(self._actions[wanted.first :])))
        if not same or not known:
            if wanted.first or len(wanted.actions) < wanted.step:
                raise ValueError("this environment is drawn by repeating its actions, and not all of them are here")
            self._inner.reset(wanted.seed)
            self._seed, self._actions = wanted.seed, []
        for action in wanted.actions[len(self._actions) - wanted.first :]:
            self._inner.step(int(action[0]) if self._numbered else action)
            self._actions.append(action)

    def _record(self, picture: Pixels) -> None:
        if self._record_picture is not None:
            self._record_picture(Picture(picture, self._taken_at))

    def aids(self) -> Aids:
        """Return nothing to aim with: places in the picture are unknown."""
        return Aids()

    def end_effector(self) -> Float32Array:
        """Return zeros, float32[3]."""
        return np.zeros(3, np.float32)

    def standpoint(self, camera: View | CameraDescription) -> View:
        """Return the view; the picture is always seen straight on."""
        if isinstance(camera, View):
            return View(0.0, 0.0, camera.distance_m, camera.target, camera.fov_deg)
        return View(0.0, 0.0, camera.distance, camera.target, camera.fov_deg)

    def close(self) -> None:
        """Free renderer and environment."""
        self.renderer.close()
        self._inner.close()
