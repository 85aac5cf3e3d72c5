"""Opens the stage of a scene: flat, with bodies, or with the picture that an environment draws of itself."""

from typing import TYPE_CHECKING

from mile_desktop.scenes.catalogue import scene_info
from mile_desktop.scenes.description import CameraDescription
from mile_desktop.scenes.engine import load_engine
from mile_desktop.viewer.flat_stage import FlatStage
from mile_desktop.viewer.gymnasium_stage import GymnasiumStage, Record
from mile_desktop.viewer.messages import Preset

if TYPE_CHECKING:
    from mile_desktop.viewer.stage import Stage

    AnyStage = Stage | FlatStage | GymnasiumStage
else:
    # Annotations are read when functions are defined, and the third kind would import PyBullet, which is an extra.
    AnyStage = FlatStage | GymnasiumStage


def open_stage(scene: str, *, try_opengl: bool = True, record: Record | None = None) -> AnyStage:
    """Return the stage of ``scene``; ``record`` takes the pictures of a scene that draws itself.

    Raises
    ------
    UnknownSceneError, SceneDescriptionError
        There is no such scene, or it cannot be loaded or shown.
    MissingEngineError
        It needs PyBullet, which is not installed; the other kinds are drawn without it.
    """
    info = scene_info(scene)
    match info.kind:
        case "own":
            return FlatStage(info)
        case "gymnasium":
            return GymnasiumStage(info, record)
        case "panda":
            load_engine()
            from mile_desktop.viewer.stage import Stage  # noqa: PLC0415 - imports PyBullet

            return Stage(scene, try_opengl=try_opengl)


def preset_of(camera: CameraDescription) -> Preset:
    """Return ``camera`` as the window knows it."""
    return Preset(
        name=camera.name,
        title=camera.title,
        yaw_deg=camera.yaw_deg,
        pitch_deg=camera.pitch_deg,
        distance_m=camera.distance,
        target=camera.target,
        follows_end_effector=camera.follows_end_effector,
    )
