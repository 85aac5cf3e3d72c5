"""Recorded moments that are like a chosen one, by the signals of the forecast."""

from functools import partial

import numpy as np

from mile_desktop.arrays import Float64Array
from mile_desktop.inspection.messages import AlikeMoment, FindAlike, FoundAlike
from mile_desktop.intervention.forecast import Forecast
from mile_desktop.intervention.forecast_fit import forecast_trace
from mile_desktop.intervention.model import InterventionModel, InterventionModelError
from mile_desktop.intervention.scores import takeover_ahead
from mile_desktop.learning.dataset import supervised_steps, usable_episodes
from mile_desktop.registry.intervention_models import intervention_folder, load_with_forecast
from mile_desktop.storage.catalogue import Catalogue
from mile_desktop.storage.edits import read_history
from mile_desktop.storage.episodes import read_episode
from mile_desktop.storage.generated_episodes import is_generated, read_listed
from mile_desktop.storage.records import Episode
from mile_desktop.storage.workspace import Workspace

NEWEST_EPISODES = 80
"""Older ones are not searched, so that the answer comes within a few seconds."""
MOST_MOMENTS = 6
_LEAST_WEIGHT = 0.2
"""Of the largest weight. A signal that the forecast ignores still tells moments apart, but less."""
_LIMIT = 4.0  # standard deviations, as in the forecast itself


def find_alike(workspace: Workspace, command: FindAlike) -> FoundAlike:
    """Return the most alike moment of each of the most alike other episodes of the same scene, the nearest first.

    The distance is that of the forecast's signals in standard deviations, weighted as the forecast weighs them. Only
    moments at which the robot drove are compared.

    Raises
    ------
    UserError
        There is no intervention model with a forecast, or the episode cannot be read.
    """
    generated = is_generated(command.episode_id)
    chosen = (read_listed if generated else read_episode)(workspace, command.episode_id)
    start = chosen.record.start
    folder = intervention_folder(workspace, start.scene, start.policy_id)
    model = None if folder is None else load_with_forecast(workspace, folder)
    if model is None or model.forecast is None:
        raise InterventionModelError(f"{start.scene} has no forecast yet, so moments cannot be compared.")
    first = 0 if generated else _first_row(workspace, command.episode_id)
    here = _signals(model, model.forecast, chosen)
    driven = np.flatnonzero(np.isfinite(here[:, 0]))
    if not len(driven):
        raise InterventionModelError("The robot never drove in this episode, so its moments cannot be compared.")
    wanted = here[driven[np.argmin(np.abs(driven + first - command.row))]]
    names = [each.episode_id for each in Catalogue(workspace).episodes(start.scene)][-NEWEST_EPISODES:]
    others = usable_episodes(
        (name, partial(read_episode, workspace, name)) for name in names if name != command.episode_id
    )
    moments = [found for each in others.episodes if (found := _nearest(workspace, model, each, wanted)) is not None]
    nearest_first = sorted(moments, key=lambda each: each.distance)[:MOST_MOMENTS]
    return FoundAlike(command.job, command.episode_id, command.row, tuple(nearest_first))


def _nearest(
    workspace: Workspace, model: InterventionModel, episode: Episode, wanted: Float64Array
) -> AlikeMoment | None:
    """Return the moment of ``episode`` that is nearest to ``wanted``; None where the robot never drove."""
    if model.forecast is None or not len(episode):
        return None
    distance = np.sqrt(np.square(_signals(model, model.forecast, episode) - wanted).mean(1))
    if not np.isfinite(distance).any():
        return None
    row, name = int(np.nanargmin(distance)), episode.record.episode_id
    ahead = bool(takeover_ahead(supervised_steps([episode]))[1][row])
    return AlikeMoment(
        name, row + _first_row(workspace, name), float(distance[row]), episode.record.outcome, taken_over=ahead
    )


def _signals(model: InterventionModel, forecast: Forecast, episode: Episode) -> Float64Array:
    """Return the weighted signals of each step, in standard deviations; NaN where a person drove."""
    config = forecast.config
    weight = np.array(config.weights)
    weight = np.maximum(weight / max(float(weight.max()), 1e-9), _LEAST_WEIGHT)
    raw = forecast_trace(model, supervised_steps([episode]), forecast).signals
    units: Float64Array = np.clip((raw - np.array(config.centre)) / np.array(config.scale), -_LIMIT, _LIMIT) * weight
    return units


def _first_row(workspace: Workspace, name: str) -> int:
    """Return the row of the recording at which the episode begins for learning: the beginning may be trimmed."""
    trim = read_history(workspace.edits_path(name), name).trim
    return 0 if trim is None else trim.first
