"""The forecast is refitted to newly recorded episodes while the policy stays the same."""

import logging
import math
import shutil
from dataclasses import dataclass, replace

from mile_desktop.intervention.forecast import Forecast
from mile_desktop.intervention.forecast_fit import FEWEST_EPISODES, fit_forecast
from mile_desktop.intervention.live_estimator import FAMILIAR_EPISODES
from mile_desktop.intervention.model import load_intervention_model, save_intervention_model
from mile_desktop.intervention.strata import takeovers_in
from mile_desktop.registry.intervention_models import episodes_driven_by, intervention_folder
from mile_desktop.registry.recorded_steps import recorded_steps
from mile_desktop.storage.catalogue import Catalogue
from mile_desktop.storage.workspace import Workspace

NEWEST_EPISODES = 60
"""At most this many episodes are used: people change, and the fit has to end before the next episode does."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Refit:
    """The result of a refit."""

    refitted: bool
    """Whether the new forecast is used from now on."""
    reason: str
    """Why, or why not: one sentence."""
    changed: bool = False
    """Whether the forecast in use differs from the one before."""
    takeovers: int = 0
    auroc: float = math.nan
    brier: float = math.nan
    brier_constant: float = math.nan
    recall: float = math.nan
    """On episodes that the parts of the forecast had not seen."""


def refit_forecast(workspace: Workspace, scene: str, policy_id: str, *, seed: int = 0) -> Refit:
    """Fit the forecast of the intervention model in use to the newest episodes, and use it if it is good enough.

    It is used only if it ranks and predicts better than a constant on episodes that its parts had not seen; otherwise
    the forecast that came with the model is used. While the running policy is new, rows in which a member of the
    ensemble plays the robot are added.

    Parameters
    ----------
    policy_id
        The policy that is running.

    Raises
    ------
    InterventionModelError, WorkspaceError, ScoreError
        When the model or the episodes cannot be read, or there is no episode.
    """
    folder = intervention_folder(workspace, scene, policy_id)
    if folder is None:
        return Refit(refitted=False, reason=f"{scene} has no intervention model yet; train one.")
    # Before the model is loaded: this runs after every episode, and at first it would always end here.
    if Catalogue(workspace).episode_count() < FEWEST_EPISODES:
        return Refit(refitted=False, reason=f"A forecast needs {FEWEST_EPISODES} supervised episodes.")
    model = load_intervention_model(folder)
    recorded = recorded_steps(workspace, scene, newest=NEWEST_EPISODES)
    # Refitted after every episode: to repeat them in the window each time would hide other messages.
    for note in recorded.notes:
        _log.warning("%s", note)
    steps = recorded.steps
    # While the policy is new, there are hardly any episodes that it drove. Simulated rows take their place.
    new = episodes_driven_by(workspace, scene, policy_id) < FAMILIAR_EPISODES
    forecast = fit_forecast(model, steps, simulate_promotion=new, seed=seed)
    target = workspace.forecast_folder(model.config.model_id)
    if forecast is None:
        return Refit(refitted=False, reason="There are too few episodes, or no takeover, to learn from.")
    found = _found(forecast, takeovers_in(steps))
    # Asked before the folder is written or removed: an old refit that is taken out of use is a change, too.
    changed = found.refitted or target.is_dir()
    if found.refitted:
        save_intervention_model(target, model.with_forecast(forecast), replace=True)
    else:
        # Removed and not kept: the forecast that came with the model is then used again.
        shutil.rmtree(target, ignore_errors=True)
    return replace(found, changed=changed)


def _found(forecast: Forecast, takeovers: int) -> Refit:
    score = forecast.config.score
    if score is None:
        return Refit(refitted=False, reason="Takeovers are in too few episodes to hold some of them out.")
    better = score.beats_constant
    reason = (
        f"Fitted to {takeovers} takeovers."
        if better
        else "On episodes it had not seen its numbers are no nearer to what happened than the average rate (Brier)."
    )
    recall = math.nan if score.recall is None else score.recall
    return Refit(
        refitted=better,
        reason=reason,
        takeovers=takeovers,
        auroc=score.auroc,
        brier=score.brier,
        brier_constant=score.brier_constant,
        recall=recall,
    )
