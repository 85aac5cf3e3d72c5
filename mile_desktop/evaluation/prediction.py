"""How well takeovers can be told from the recorded episodes of a workspace: calibration and scores."""

from collections.abc import Callable

import msgspec

from mile_desktop.intervention.calibration import Calibration, calibrate
from mile_desktop.intervention.compare import ComparedPredictor, compare_predictors
from mile_desktop.intervention.data import SupervisedSteps
from mile_desktop.intervention.model import InterventionModel, save_intervention_model
from mile_desktop.intervention.scores import ScoreError
from mile_desktop.intervention.strata import takeovers_in
from mile_desktop.learning.dataset import split_episodes, supervised_steps
from mile_desktop.learning.pipeline.intervention_stage import model_record
from mile_desktop.paths import bundled_demonstrations
from mile_desktop.registry.intervention_models import intervention_folder, load_with_forecast
from mile_desktop.storage.catalogue import Catalogue
from mile_desktop.storage.episodes import read_episode_file, read_episodes
from mile_desktop.storage.ids import new_id, now
from mile_desktop.storage.workspace import Workspace

Progress = Callable[[float, str], None]
"""Share that is done, and what is being done now."""

HELD_OUT = 0.3
"""Share of the episodes on which predictors are scored; the baselines learn from the rest."""


def ignore(_share: float, _text: str) -> None:
    """Tell nobody."""


def recorded_steps(workspace: Workspace, scene: str, *, newest: int | None = None) -> SupervisedSteps:
    """Read every supervised episode of ``scene`` (or the ``newest`` ones) and its demonstrations.

    Raises ``ScoreError`` when no episode was recorded.
    """
    names = [record.episode_id for record in Catalogue(workspace).episodes(scene)]
    names = names[-newest:] if newest else names
    if not names:
        raise ScoreError(f"No episode of {scene} is recorded in {workspace.folder}; supervise one first.")
    demonstrations = [read_episode_file(path) for path in sorted(bundled_demonstrations(scene).glob("*.parquet"))]
    return supervised_steps(read_episodes(workspace, names), demonstrations)


def current_model(workspace: Workspace, scene: str, reference: str = "") -> InterventionModel:
    """Load the intervention model that ``reference`` names, or the one in use.

    Raises ``InterventionModelError`` or ``ScoreError`` where there is none.
    """
    folder = intervention_folder(workspace, scene, Catalogue(workspace).promoted(scene) or "", reference)
    if folder is None:
        raise ScoreError(f"{scene} has no intervention model yet; train one first.")
    return load_with_forecast(workspace, folder)


def calibrate_recorded(
    workspace: Workspace, scene: str, reference: str = "", *, report: Progress = ignore
) -> tuple[str, Calibration]:
    """Fit cost and scale to the recorded interventions and register the result as a new model.

    The networks stay as they are; the model that was calibrated stays too, so this can be undone. ``report`` is told
    the share that is done, and what is being done.

    Returns
    -------
    Id of the new model, and what was found.

    Raises
    ------
    CalibrationError
        Nobody took over, or nobody let go.
    """
    report(0.0, "Reading the recorded episodes")
    steps = recorded_steps(workspace, scene)
    report(0.4, f"Fitting cost and scale to {len(steps.episode_ids)} episodes")
    model, found = calibrate(current_model(workspace, scene, reference), steps)
    report(0.9, "Saving the intervention model")
    identity = new_id("intervention")
    model = model.with_config(model_id=identity, scene=scene, created_at=now(), takeovers=takeovers_in(steps))
    save_intervention_model(workspace.intervention_folder(identity), model)
    Catalogue(workspace).add_intervention_model(model_record(model.config, run_id=None))
    return identity, found


def score_recorded(
    workspace: Workspace, scene: str, reference: str = "", *, threshold: float = 0.5, seed: int = 0
) -> tuple[ComparedPredictor, ...]:
    """Score every predictor on held-out episodes of the workspace.

    Of the intervention model only members that have not seen an episode are asked about it; the baselines learn from
    the episodes that are not held out. Raises ``ScoreError`` where there is too little to score.
    """
    split = split_episodes(recorded_steps(workspace, scene), share=HELD_OUT, seed=seed)
    return compare_predictors(
        current_model(workspace, scene, reference), split.train, split.held_out, threshold=threshold
    )


def as_json(predictor: ComparedPredictor) -> dict[str, object]:
    """Return the scores of one predictor as JSON-representable values; what does not exist is null."""
    fields: dict[str, object] = msgspec.json.decode(msgspec.json.encode(predictor))
    return fields
