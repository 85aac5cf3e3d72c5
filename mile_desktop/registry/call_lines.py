"""Calls and unannounced takeovers at every line for the alarm, from the recorded episodes of a workspace."""

from typing import Literal

import msgspec
import numpy as np

from mile_desktop.storage.alarms import HORIZON_STEPS
from mile_desktop.storage.call_curve import DEBOUNCE_STEPS, LET_GO, CallCurve, call_curve, call_rows
from mile_desktop.storage.catalogue import Catalogue
from mile_desktop.storage.episodes import read_episode
from mile_desktop.storage.errors import WorkspaceError
from mile_desktop.storage.records import CALLED_BY, Episode
from mile_desktop.storage.workspace import Workspace

NEWEST_EPISODES = 60
"""Older ones say little about today's policy, and reading has to end before the next episode does."""

_LAST_CALLS = 3

Number = Literal["p", "forecast"]


def recorded_call_curve(
    workspace: Workspace,
    scene: str,
    number: str = "",
    *,
    debounce_steps: int = DEBOUNCE_STEPS,
    let_go: float = LET_GO,
) -> tuple[CallCurve, Number]:
    """Return the curve of the newest episodes of ``scene`` and the number it is about.

    The values are those that were shown, so no model had learned from an episode before it was predicted; this is what
    split-conformal lines ask for. Episodes that cannot be read are left out. ``number``: ``p``, ``forecast``, or empty
    for the one that called last.
    """
    # The catalogue lists the oldest first.
    ids = [each.episode_id for each in Catalogue(workspace).episodes(scene)][-NEWEST_EPISODES:]
    episodes = [episode for name in ids if (episode := _read(workspace, name)) is not None]
    chosen: Number = "forecast" if (number or _caller(episodes)) == "forecast" else "p"
    curve = call_curve(
        ((each.forecast if chosen == "forecast" else each.intervention_prob, each.intervention) for each in episodes),
        # One rate for the whole curve, that of the newest episode: a change of rate makes the scene load again.
        rate_hz=episodes[-1].record.start.rate_hz if episodes else 20.0,
        debounce_steps=debounce_steps,
        let_go=let_go,
    )
    return curve, chosen


class RecordedCall(msgspec.Struct, frozen=True, kw_only=True):
    """One call in a recorded episode."""

    episode_id: str
    row: int
    seconds: float
    """Since the beginning of the recording."""
    reasons: str
    """See ``storage.reasons``."""
    followed: bool
    """A takeover came within the forecast's horizon."""


def last_calls(
    workspace: Workspace, scene: str, number: Number, threshold: float, *, debounce_steps: int, let_go: float
) -> tuple[RecordedCall, ...]:
    """Return the last three calls of ``scene`` at ``threshold``, the newest first."""
    found: list[RecordedCall] = []
    for name in [each.episode_id for each in Catalogue(workspace).episodes(scene)][: -NEWEST_EPISODES - 1 : -1]:
        episode = _read(workspace, name)
        if episode is None:
            continue
        values = episode.forecast if number == "forecast" else episode.intervention_prob
        rows = call_rows(values, episode.intervention, threshold, debounce_steps=debounce_steps, let_go=let_go)
        rate_hz = episode.record.start.rate_hz
        for row in reversed(rows):
            followed = bool(episode.intervention[row : row + HORIZON_STEPS].any())
            found.append(
                RecordedCall(
                    episode_id=name,
                    row=row,
                    seconds=row / rate_hz,
                    reasons=episode.reasons[row],
                    followed=followed,
                )
            )
            if len(found) == _LAST_CALLS:
                return tuple(found)
    return tuple(found)


def _read(workspace: Workspace, episode_id: str) -> Episode | None:
    try:
        return read_episode(workspace, episode_id)
    except WorkspaceError:  # the doctor and the table of episodes report it
        return None


def _caller(episodes: list[Episode]) -> str:
    """Return the number that called in the newest episode in which one did; else the forecast where it was shown."""
    called = (str(each.record.start.extra.get(CALLED_BY, "")) for each in reversed(episodes))
    shown = any(bool(np.isfinite(each.forecast).any()) for each in episodes)
    return next(filter(None, called), "forecast" if shown else "p")
