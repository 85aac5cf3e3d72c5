"""Intervention models by name, and the one that watches a policy."""

import logging
import math
from collections.abc import Sequence
from pathlib import Path
from typing import cast, get_args

from mile_desktop.arrays import Float32Array
from mile_desktop.intervention.corrected_places import Place
from mile_desktop.intervention.estimate import Caller, InterventionEstimate, InterventionEstimator
from mile_desktop.intervention.live_estimator import LiveEstimator, Source
from mile_desktop.intervention.model import InterventionModel, InterventionModelError, load_intervention_model
from mile_desktop.intervention.scores import ScoreError
from mile_desktop.paths import bundled_models
from mile_desktop.policies.policy import PolicyOutput
from mile_desktop.registry.policies import load_named_policy
from mile_desktop.registry.running_policy import RunningPolicy, Sized
from mile_desktop.registry.success_bands import load_success_band
from mile_desktop.storage.catalogue import Catalogue
from mile_desktop.storage.workspace import Workspace

INTERVENTION_FOLDER = "intervention"

_log = logging.getLogger(__name__)


class NoEstimate:
    """Stands in where there is no intervention model for the scene: every probability is NaN."""

    basis = "no intervention model yet"
    calls_by: Caller = ""
    wants_band = False

    def alarm(self, estimate: InterventionEstimate) -> float:  # noqa: ARG002
        """Return NaN: without a probability no alert can come on."""
        return math.nan

    def corrected_nearby(self, observation: Float32Array) -> tuple[Place, ...]:  # noqa: ARG002
        """Return no place."""
        return ()

    def reset(self) -> None:
        """Begin a new episode."""

    def estimate(
        self,
        observation: Float32Array,  # noqa: ARG002 - the protocol's
        output: PolicyOutput,  # noqa: ARG002
        *,
        intervening: bool,  # noqa: ARG002
        held: bool = False,  # noqa: ARG002
    ) -> InterventionEstimate:
        """Return an estimate without a number."""
        return InterventionEstimate(math.nan, math.nan, math.nan)


def intervention_folder(workspace: Workspace, scene: str, policy_id: str, reference: str = "") -> Path | None:
    """Return the folder of the intervention model to use.

    Parameters
    ----------
    reference
        A model id of the workspace or a folder; empty for the newest that was fitted to supervision of ``policy_id``,
        else the newest of the scene, else the one that ships with the program.

    Returns
    -------
    None when ``reference`` is empty and there is no model.

    Raises
    ------
    InterventionModelError
        When ``reference`` is neither an id nor a folder.
    """
    catalogue = Catalogue(workspace)
    if reference:
        known = [record.model_id for record in catalogue.intervention_models(scene)]
        # A known id first: a folder of the same name in the working directory must not hide the model.
        folder = workspace.intervention_folder(reference) if reference in known else Path(reference)
        if not folder.is_dir():
            choices = ", ".join(known) or "none yet"
            raise InterventionModelError(f"There is no intervention model {reference!r}; this workspace has {choices}.")
        return folder
    newest = catalogue.intervention_model_in_use(scene, policy_id)
    if newest is not None:
        return workspace.intervention_folder(newest.model_id)
    bundled = bundled_models(scene) / INTERVENTION_FOLDER
    return bundled if bundled.is_dir() else None


def load_running_policy(
    workspace: Workspace,
    scene: str,
    policy: str,
    driven: Sized,
    *,
    intervention_model: str = "",
    live_source: str = "ensemble",
    observation_labels: Sequence[str] = (),
) -> RunningPolicy:
    """Load a policy and the intervention model that watches it.

    Raises
    ------
    UnknownPolicyError, PolicyFileError
        When the policy cannot be loaded.
    InterventionModelError
        When the model cannot be loaded, or ``live_source`` is unknown.
    """
    _checked_source(live_source)  # before the policy is loaded, which takes seconds
    loaded = load_named_policy(workspace, scene, policy, driven)
    running = RunningPolicy(loaded.policy, loaded.name, NoEstimate())
    return with_intervention_model(
        workspace,
        scene,
        running,
        driven,
        intervention_model=intervention_model,
        live_source=live_source,
        observation_labels=observation_labels,
    )


def with_intervention_model(
    workspace: Workspace,
    scene: str,
    running: RunningPolicy,
    driven: Sized,
    *,
    intervention_model: str = "",
    live_source: str = "ensemble",
    observation_labels: Sequence[str] = (),
) -> RunningPolicy:
    """Return ``running`` with the intervention model that watches it now; raises ``InterventionModelError``."""
    source = _checked_source(live_source)
    policy_id = running.policy.policy_id
    folder = intervention_folder(workspace, scene, policy_id, intervention_model)
    if folder is None:
        # Not an error: a new scene has no model until the first training, and a person can supervise it all the same.
        return RunningPolicy(running.policy, running.name, NoEstimate())
    model = load_with_forecast(workspace, folder)
    model.expect(driven.observation_size, driven.action_size)
    estimator: InterventionEstimator = LiveEstimator(
        model,
        running_policy_id=policy_id,
        # Counted once; the estimator adds the episodes that follow by itself.
        episodes_with_policy=episodes_driven_by(workspace, scene, policy_id),
        source=source,
        band=load_success_band(workspace, policy_id, model),
        observation_labels=observation_labels,
    )
    config = model.config
    return RunningPolicy(running.policy, running.name, estimator, config.model_id, config.cost, config.cdf_scale)


def episodes_driven_by(workspace: Workspace, scene: str, policy_id: str) -> int:
    """Return how many recorded episodes a policy drove."""
    return sum(record.start.policy_id == policy_id for record in Catalogue(workspace).episodes(scene))


def model_in_use(workspace: Workspace, scene: str, reference: str = "") -> InterventionModel:
    """Load the intervention model that ``reference`` names, or the one in use for the promoted policy.

    Raises ``InterventionModelError`` or ``ScoreError`` where there is none.
    """
    # Scores and calibration belong to the policy that people supervise now.
    folder = intervention_folder(workspace, scene, Catalogue(workspace).promoted(scene) or "", reference)
    if folder is None:
        raise ScoreError(f"{scene} has no intervention model yet; train one first.")
    return load_with_forecast(workspace, folder)


def load_with_forecast(workspace: Workspace, folder: Path) -> InterventionModel:
    """Load an intervention model, with its refitted forecast where there is one.

    A refitted forecast that cannot be read is logged and not used: it is fitted again after the next episode.
    """
    model = load_intervention_model(folder)
    refitted = workspace.forecast_folder(model.config.model_id) if model.config.model_id else None
    if refitted is None or not refitted.is_dir():
        return model
    try:
        found = load_intervention_model(refitted)
        # A bundled model keeps its id when it is made again, possibly with other sizes.
        found.expect(model.config.observation_size, model.config.action_size)
    except InterventionModelError:
        _log.warning("The refitted forecast in %s cannot be read and is not used", refitted, exc_info=True)
        return model
    return model.with_forecast(found.forecast)


def _checked_source(name: str) -> Source:
    for known in get_args(Source):
        if name == known:
            return cast("Source", known)
    choices = ", ".join(get_args(Source))
    raise InterventionModelError(f"There is no source {name!r} of p; choose one of {choices}.")
