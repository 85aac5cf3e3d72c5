"""When an episode ends for want of time, where a person has chosen otherwise than the scene says."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mile_desktop.rollout.session_messages import SetTimeLimit
from mile_desktop.storage.records import EPISODE_LIMIT


@dataclass(frozen=True, slots=True)
class TimeLimit:
    """The limit of one episode; a scene that keeps its own has none of these."""

    steps: int
    """Control steps that count, after which the episode ends."""
    scene_steps: int
    """What the scene says."""
    stops_while_driving: bool = False
    """Steps that a person drives do not count."""

    def __post_init__(self) -> None:
        if self.steps < 1:
            raise ValueError(f"steps: found {self.steps}, expected at least 1")

    def counts(self, *, by_person: bool) -> bool:
        """Return whether a step counts."""
        return not (by_person and self.stops_while_driving)

    def is_over(self, counted: int, taken: int, *, truncated: bool) -> bool:
        """Return whether the episode ends for want of time.

        Parameters
        ----------
        counted, taken
            Steps that count, and all steps since the start; a rewind takes both back.
        truncated
            The scene says that it is over. It says so in every step from its own limit on, which then means nothing;
            before, it is another reason (gymnasium: out of bounds), which stays valid.
        """
        return counted >= self.steps or (truncated and taken < self.scene_steps)

    @property
    def noted(self) -> dict[str, int | bool]:
        """What is recorded with the episode."""
        return {
            "steps": self.steps,
            "scene_steps": self.scene_steps,
            "stops_while_driving": self.stops_while_driving,
        }


def recorded_limit(extra: Mapping[str, Any]) -> TimeLimit | None:
    """Return the limit under which an episode was recorded; None for the scene's own. ``extra``: of its start."""
    noted = extra.get(EPISODE_LIMIT)
    if noted is None:
        return None
    return TimeLimit(int(noted["steps"]), int(noted["scene_steps"]), bool(noted["stops_while_driving"]))


def time_limit(chosen: SetTimeLimit, rate_hz: float, scene_steps: int) -> TimeLimit | None:
    """Return the limit that a person has chosen; None where it is the scene's own.

    ``rate_hz``: control steps in a second of the robot's time. ``scene_steps``: what the scene says.
    """
    steps = max(1, round(chosen.seconds * rate_hz)) if chosen.seconds else scene_steps
    if steps == scene_steps and not chosen.stops_while_driving:
        return None
    return TimeLimit(steps, scene_steps, chosen.stops_while_driving)
