"""Opens the stage of a scene: flat, or with bodies."""

from mile_desktop.scenes.catalogue import scene_info
from mile_desktop.viewer.flat_stage import FlatStage
from mile_desktop.viewer.stage import Stage

AnyStage = Stage | FlatStage


def open_stage(scene: str, *, try_opengl: bool = True) -> AnyStage:
    """Return the stage of ``scene``.

    Raises
    ------
    UnknownSceneError, SceneDescriptionError
        There is no such scene, or it cannot be loaded or shown.
    """
    info = scene_info(scene)
    return FlatStage(info) if info.kind == "own" else Stage(scene, try_opengl=try_opengl)
