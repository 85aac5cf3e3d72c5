"""Calibration of the intervention model in use: cost and scale fitted to the recorded interventions."""

import shutil
from collections.abc import Callable

from mile_desktop.intervention.calibration import Calibration, calibrate
from mile_desktop.intervention.cost_fit import CalibrationError
from mile_desktop.intervention.model import load_intervention_model, save_intervention_model
from mile_desktop.intervention.strata import takeovers_in
from mile_desktop.learning.pipeline.intervention_stage import model_record
from mile_desktop.registry.intervention_models import model_in_use
from mile_desktop.registry.recorded_steps import recorded_steps
from mile_desktop.storage.catalogue import Catalogue
from mile_desktop.storage.ids import new_id, now
from mile_desktop.storage.workspace import Workspace

PROPOSALS = "calibrations"
"""Folder of the workspace for calibrations that are not accepted yet."""


def calibrate_recorded(
    workspace: Workspace,
    scene: str,
    reference: str = "",
    *,
    propose: bool = False,
    report: Callable[[float, str], None],
) -> tuple[str, Calibration, tuple[str, ...]]:
    """Fit cost and scale to the recorded interventions and register the result as a new model.

    The networks stay as they are; the model that was calibrated stays too, so this can be undone.

    Parameters
    ----------
    reference
        An intervention model's id or folder; empty for the one in use.
    propose
        Only write the result, for ``accept_calibration``; it is not in force. An earlier proposal is removed.
    report
        Called with the share that is done, in [0, 1], and what is done next.

    Returns
    -------
    Id of the new model, the calibration, and sentences about episodes that are left out.

    Raises
    ------
    CalibrationError
        When no takeover was recorded, or nothing but takeovers, or the result would say less than before.
    ScoreError, InterventionModelError, WorkspaceError
        When there is no episode or no model, or one of them cannot be read.
    """
    report(0.0, "Reading the recorded episodes")
    recorded = recorded_steps(workspace, scene).attended()
    steps = recorded.steps
    report(0.4, f"Fitting cost and scale to {len(steps.episode_ids)} episodes")
    model, found = calibrate(model_in_use(workspace, scene, reference), steps)
    if found.problem:
        raise CalibrationError(found.problem)
    report(0.9, "Saving the intervention model")
    identity = new_id("intervention")
    model = model.with_config(model_id=identity, scene=scene, created_at=now(), takeovers=takeovers_in(steps))
    proposals = workspace.folder / PROPOSALS
    # One proposal at a time: the window shows one, and one that was neither accepted nor kept would stay for ever.
    shutil.rmtree(proposals, ignore_errors=True)
    save_intervention_model(proposals / identity, model)
    if not propose:
        accept_calibration(workspace, identity)
    return identity, found, recorded.notes


def accept_calibration(workspace: Workspace, identity: str) -> None:
    """Put a proposed calibration in force; ``CalibrationError`` where there is no proposal of that id."""
    proposed = workspace.folder / PROPOSALS / identity
    # An empty id would name the folder of all proposals.
    if not identity or not proposed.is_dir():
        raise CalibrationError(f"There is no proposed calibration {identity!r}; calibrate again.")
    config = load_intervention_model(proposed).config
    # The folder is complete before it is moved, and moved before it is registered: killed anywhere, none is half there.
    proposed.rename(workspace.intervention_folder(identity))
    Catalogue(workspace).add_intervention_model(model_record(config, run_id=None))
