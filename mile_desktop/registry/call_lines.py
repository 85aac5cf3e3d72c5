"""Calls and unannounced takeovers at every line for the alarm, from the recorded episodes of a workspace."""

from typing import Literal

import numpy as np

from mile_desktop.storage.call_curve import DEBOUNCE_STEPS, LET_GO, CallCurve, call_curve
from mile_desktop.storage.catalogue import Catalogue
from mile_desktop.storage.episodes import read_episode
from mile_desktop.storage.errors import WorkspaceError
from mile_desktop.storage.records import CALLED_BY, Episode
from mile_desktop.storage.workspace import Workspace

NEWEST_EPISODES = 60
"""Older ones say little about today's policy, and reading has to end before the next episode does."""

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
