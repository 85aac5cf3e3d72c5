"""Opens the stage of a scene: flat, with bodies, or with the picture that an environment draws of itself."""

from mile_desktop.scenes.catalogue import scene_info
from mile_desktop.scenes.description import CameraDescription
from mile_desktop.viewer.flat_stage import FlatStage
from mile_desktop.viewer.gymnasium_stage import GymnasiumStage, Record
from mile_desktop.viewer.messages import Preset
from mile_desktop.viewer.stage import Stage

AnyStage = Stage | FlatStage | GymnasiumStage


def open_stage(scene: str, *, try_opengl: bool = True, record: Record | None = None) -> AnyStage:
    """Return the stage of ``scene``; ``record`` takes the pictures of a scene that draws itself.

    Raises
    ------
    UnknownSceneError, SceneDescriptionError
        There is no such scene, or it cannot be loaded or shown.
    """
    info = scene_info(scene)
    match info.kind:
        case "own":
            return FlatStage(info)
        case "gymnasium":
            return GymnasiumStage(info, record)
        case "panda":
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
