"""The last stage of a run: an intervention model fitted to the same episodes."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from mile_desktop.intervention.data import SupervisedSteps
from mile_desktop.intervention.fit import (
    FitCancelled,
    FitProgress,
    FitSettings,
    fit_intervention_model,
)
from mile_desktop.intervention.model import ModelConfig, save_intervention_model
from mile_desktop.intervention.strata import takeovers_in
from mile_desktop.learning.progress import Progress, Warned
from mile_desktop.learning.result import CancelCheck, Report, TrainingCancelled
from mile_desktop.learning.settings import TrainingSettings
from mile_desktop.policies.symmetry import NO_SYMMETRY, Symmetry
from mile_desktop.storage.ids import now
from mile_desktop.storage.records import InterventionModelRecord


@dataclass(frozen=True, slots=True)
class InterventionFit:
    """What the model is to be called and what it belongs to."""

    model_id: str
    scene: str
    policy_id: str
    """The policy that was supervised."""
    run_id: str
    folder: Path
    """Where it is saved."""
    actions: Literal["gaussian", "categorical"] = "gaussian"
    """What kind of actions the supervised policy has."""
    symmetry: Symmetry = NO_SYMMETRY


def fit_and_save(
    steps: SupervisedSteps,
    settings: TrainingSettings,
    wanted: InterventionFit,
    *,
    report: Report,
    cancelled: CancelCheck,
) -> InterventionModelRecord | None:
    """Fit an intervention model to ``steps`` and save it; the caller registers it.

    Returns
    -------
    InterventionModelRecord or None
        None where there is no takeover: nothing is known about the human then.

    Raises
    ------
    TrainingCancelled
        When ``cancelled`` said so; nothing was written.
    """
    # An ensemble without a takeover would predict 0 everywhere and look very sure of it.
    if takeovers_in(steps) == 0:
        report(
            Warned(text="There is no takeover yet: the intervention model stays the one that came with the program.")
        )
        return None

    try:
        fitted = fit_intervention_model(
            steps,
            FitSettings(
                members=settings.ensemble,
                actions=wanted.actions,
                epochs=settings.fit_epochs,
                seed=settings.seed,
                symmetry=wanted.symmetry,
            ),
            model_id=wanted.model_id,
            scene=wanted.scene,
            policy_id=wanted.policy_id,
            created_at=now(),
            on_progress=lambda progress: report(_reported(progress)),
            cancelled=cancelled,
        )
    # The run knows one kind of cancelling, whichever stage it happens in.
    except FitCancelled as error:
        raise TrainingCancelled from error
    save_intervention_model(wanted.folder, fitted.model)
    return model_record(fitted.model.config, run_id=wanted.run_id)


def _reported(progress: FitProgress) -> Progress:
    return Progress(
        stage="intervention",
        # Of this stage; the report scales it to the whole run.
        fraction=progress.epoch / progress.epochs,
        epoch=progress.epoch,
        epochs=progress.epochs,
        text=f"Fitting the intervention model, epoch {progress.epoch} of {progress.epochs}",
    )


def model_record(config: ModelConfig, *, run_id: str | None) -> InterventionModelRecord:
    """Return the catalogue's row of a saved model; ``run_id``: of the training that made it, None for a calibration."""
    return InterventionModelRecord(
        model_id=config.model_id,
        scene=config.scene,
        policy_id=config.policy_id,
        run_id=run_id,
        created_at=config.created_at,
        cost=config.cost,
        cdf_scale=config.cdf_scale,
        takeovers=config.takeovers,
        episode_ids=config.episode_ids,
    )
