"""Calibration of the intervention model in use: cost and scale fitted to the recorded interventions."""

from collections.abc import Callable

from mile_desktop.intervention.calibration import Calibration, calibrate
from mile_desktop.intervention.model import save_intervention_model
from mile_desktop.intervention.strata import takeovers_in
from mile_desktop.learning.pipeline.intervention_stage import model_record
from mile_desktop.registry.intervention_models import model_in_use
from mile_desktop.registry.recorded_steps import recorded_steps
from mile_desktop.storage.catalogue import Catalogue
from mile_desktop.storage.ids import new_id, now
from mile_desktop.storage.workspace import Workspace


def calibrate_recorded(
    workspace: Workspace, scene: str, reference: str = "", *, report: Callable[[float, str], None]
) -> tuple[str, Calibration]:
    """Fit cost and scale to the recorded interventions and register the result as a new model.

    The networks stay as they are; the model that was calibrated stays too, so this can be undone.

    Parameters
    ----------
    reference
        An intervention model's id or folder; empty for the one in use.
    report
        Called with the share that is done, in [0, 1], and what is done next.

    Returns
    -------
    Id of the new model, and the calibration.

    Raises
    ------
    CalibrationError
        When no takeover was recorded, or nothing but takeovers.
    ScoreError, InterventionModelError, WorkspaceError
        When there is no episode or no model, or one of them cannot be read.
    """
    report(0.0, "Reading the recorded episodes")
    steps = recorded_steps(workspace, scene)
    report(0.4, f"Fitting cost and scale to {len(steps.episode_ids)} episodes")
    model, found = calibrate(model_in_use(workspace, scene, reference), steps)
    report(0.9, "Saving the intervention model")
    identity = new_id("intervention")
    # A new id: episodes that were recorded under the old cost and scale keep referring to it.
    model = model.with_config(model_id=identity, scene=scene, created_at=now(), takeovers=takeovers_in(steps))
    save_intervention_model(workspace.intervention_folder(identity), model)
    Catalogue(workspace).add_intervention_model(model_record(model.config, run_id=None))
    return identity, found
