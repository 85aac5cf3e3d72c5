"""Whether a recorded episode can be gone on with in simulation, told without a simulator: the window asks, too."""

from mile_desktop.scenes.catalogue import BrokenSceneError, UnknownSceneError, scene_info
from mile_desktop.storage.records import EpisodeStart


def replay_problem(start: EpisodeStart) -> str:
    """Return in one sentence why no policy can go on from a step of this episode; empty where one can."""
    robot = start.extra.get("robot")
    if robot is not None:
        return (
            f"This episode was recorded on the robot {robot}: what another policy would have done there cannot be "
            "simulated. The timeline shows what the policy proposed at each step."
        )
    try:
        scene_info(start.scene)
    except BrokenSceneError as error:
        return f"The scene {start.scene} cannot be used now: {error}. Mend it to roll its episodes forward."
    except UnknownSceneError:
        return (
            f"The scene {start.scene}, in which this episode was recorded, is not there any more; put its folder back "
            "among your scenes to roll it forward."
        )
    return ""
