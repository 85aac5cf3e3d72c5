"""The scenes there are, without importing a simulator."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SceneInfo:
    """What menus, command line and window need to know of a scene before it is loaded."""

    name: str
    """Command-line name, folder under ``sim_scenes/``: ``peg-insertion`` → ``peg_insertion``."""
    title: str
    env_id: str
    """Gymnasium id."""
    summary: str
    """One sentence: what the robot is to do."""
    action_labels: tuple[str, ...]
    rate_hz: float
    max_steps: int


class UnknownSceneError(ValueError):
    """There is no scene of that name."""


_SCENES = (
    SceneInfo(
        name="peg-insertion",
        title="Peg insertion",
        env_id="mile/PegInsertion-v0",
        summary="Grasp the peg, carry it over the socket and push it in until it is seated.",
        action_labels=("dx", "dy", "dz", "grip"),
        rate_hz=20.0,
        max_steps=200,
    ),
)


def scenes() -> tuple[SceneInfo, ...]:
    """Return every scene, in menu order."""
    return _SCENES


def scene_info(name: str) -> SceneInfo:
    """Return the scene called ``name``, or raise ``UnknownSceneError`` naming those there are."""
    for info in _SCENES:
        if info.name == name:
            return info
    known = ", ".join(info.name for info in _SCENES)
    raise UnknownSceneError(f"There is no scene {name!r}; the scenes are {known}.")
