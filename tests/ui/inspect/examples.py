"""Made-up recordings for the tests of the Inspect page."""

from dataclasses import replace

from mile_desktop.storage.browse import EpisodeRow
from mile_desktop.storage.edits import Change, EditHistory
from mile_desktop.storage.records import EpisodeStart, Step
from mile_desktop.storage.steps import stack, summarise
from mile_desktop.ui.inspect.model import RecordedEpisode, recording_of
from tests.storage.samples import a_start, a_step

HUMAN = [False] * 4 + [True] * 3 + [False] * 5 + [True] * 2 + [False] * 6
P = [0.1] * 2 + [0.9] * 3 + [0.1] * 15


def steps(human: list[bool] | None = None, p: list[float] | None = None) -> list[Step]:
    human = human or HUMAN
    return [a_step(row, human=each, probability=(p or P)[row]) for row, each in enumerate(human)]


def a_recording(*changes: Change, made: list[Step] | None = None, start: EpisodeStart | None = None) -> RecordedEpisode:
    made, start = made or steps(), start or a_start("ep-1")
    history = EditHistory(start.episode_id)
    for change in changes:
        history = history.grown(change, "")
    return recording_of(stack(summarise(start, made, "success"), made), history)


def with_rewind() -> RecordedEpisode:
    """Row 10 starts from the state before row 6."""
    made = steps()
    made[10] = replace(made[10], starts_at_row=6)
    return a_recording(made=made)


def a_row(episode_id: str, **changes: object) -> EpisodeRow:
    values = {
        "episode_id": episode_id, "scene": "peg-insertion", "policy_id": "p1", "policy": "v1", "operator": "gamepad",
        "started_at": "2026-01-02T10:00:00+00:00", "seed": 3, "rate_hz": 20.0, "outcome": "success", "steps": 20,
        "takeovers": 2, "human_steps": 5, "mean_p": 0.25, "false_alarms": None, "misses": None, "brier": None,
        "threshold": None, "note": "", "edits": 0, "recovered": False, "deleted": False,
    } | changes  # fmt: skip
    return EpisodeRow(**values)  # type: ignore[arg-type]
