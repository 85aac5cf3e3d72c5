"""Whether policies can be rolled forward from a recorded episode; needs no simulator, so the window uses it, too."""

from mile_desktop.scenes.catalogue import BrokenSceneError, UnknownSceneError, scene_info
from mile_desktop.storage.records import EpisodeStart


def replay_problem(start: EpisodeStart) -> str:
    """Return one sentence why no policy can be rolled forward from this episode; empty where one can."""
    robot = start.extra.get("robot")
    if robot is not None:
        return (
            f"This episode was recorded on the robot {robot}: what another policy would have done there cannot be "
            "simulated. The timeline shows what the policy proposed at each step."
        )
    try:
        scene_info(start.scene)
    except BrokenSceneError as error:
        return f"The scene {start.scene} cannot be used now: {error}. Repair it to roll policies forward."
    except UnknownSceneError:
        return (
            f"The scene {start.scene} of this episode is not installed; put its folder back among your scenes to roll "
            "policies forward."
        )
    return ""
