"""Fitting an intervention model: the ensemble, then cost and scale, the temporal model and the forecast."""

from collections.abc import Callable
from dataclasses import dataclass

import msgspec

from mile_desktop.intervention.calibration import Calibration, calibrate
from mile_desktop.intervention.cost_fit import (
    FALLBACK,
    CalibrationError,
)
from mile_desktop.intervention.data import SupervisedSteps
from mile_desktop.intervention.ensemble_trainer import EnsembleTrainer, FitCancelled, FitProgress, FitSettings
from mile_desktop.intervention.forecast_fit import fit_forecast
from mile_desktop.intervention.model import InterventionModel, ModelConfig
from mile_desktop.intervention.scores import held_out_score
from mile_desktop.intervention.strata import (
    takeovers_in,
)
from mile_desktop.intervention.temporal import fit_temporal

__all__ = ["FitCancelled", "FitProgress", "FitSettings", "FittedModel", "fit_intervention_model"]


@dataclass(frozen=True, slots=True, eq=False)
class FittedModel:
    """A fitted model and what its calibration found."""

    model: InterventionModel
    calibration: Calibration | None
    """None where no step, or every step, is a takeover; cost and scale are then assumed."""


def fit_intervention_model(
    steps: SupervisedSteps,
    settings: FitSettings | None = None,
    *,
    model_id: str = "",
    scene: str = "",
    policy_id: str = "",
    created_at: str = "",
    shipped: bool = False,
    unattended: SupervisedSteps | None = None,
    on_progress: Callable[[FitProgress], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> FittedModel:
    """Fit an ensemble of human-action models, then cost and scale on held-out predictions.

    Deterministic for equal steps, settings and threads; one core fits eight members to 10,000 steps in twenty seconds.

    Parameters
    ----------
    steps : SupervisedSteps
        Whole episodes, silent steps and demonstrations included.
    shipped : bool
        The supervisor was simulated; the model counts as resting on no human takeover.
    unattended : SupervisedSteps or None
        ``steps`` and further episodes that nobody watched: the forecast alone learns from them.
    on_progress, cancelled : callable
        Called after every epoch, and between updates.

    Raises
    ------
    NothingToLearnError
        When there is no human action to learn from.
    FitCancelled
        When ``cancelled`` returned True.
    """
    settings, forecast_steps, steps = settings or FitSettings(), unattended or steps, steps.attended()
    described = msgspec.structs.replace(
        _describe(steps, settings), model_id=model_id, scene=scene, policy_id=policy_id, created_at=created_at
    )
    training = EnsembleTrainer(steps, settings, described, cancelled or (lambda: False))
    config = training.run(on_progress or (lambda _: None), takeovers=0 if shipped else takeovers_in(steps))
    # The mental model after ``run``: it uses the configuration with the fitted cost and scale.
    model = InterventionModel(config, training.best(), training.fit_mental(config))
    try:
        model, calibration = calibrate(model, steps)
    except CalibrationError:  # temporal model and forecast need takeovers and steps without them, too
        return FittedModel(model, None)
    model = model.with_config(score=held_out_score(model, steps))
    stop = training.stop_if_cancelled
    return FittedModel(_completed(model, steps, forecast_steps, settings, stop, shipped=shipped), calibration)


def _completed(
    model: InterventionModel,
    steps: SupervisedSteps,
    forecast_steps: SupervisedSteps,
    settings: FitSettings,
    stop_if_cancelled: Callable[[], None],
    *,
    shipped: bool,
) -> InterventionModel:
    """Add temporal model and forecast; a model that is not shipped will watch a robot that is new."""
    # Between the parts, because each of them takes seconds and does not look for a cancel itself.
    stop_if_cancelled()
    if settings.temporal:
        model = model.with_config(temporal=fit_temporal(model, steps).parameters)
    stop_if_cancelled()
    if settings.forecast:
        model = model.with_forecast(
            fit_forecast(model, forecast_steps, simulate_promotion=not shipped, shipped=shipped, seed=settings.seed)
        )
    stop_if_cancelled()
    return model


def _describe(steps: SupervisedSteps, settings: FitSettings) -> ModelConfig:
    """Return what is known of the model before anything is fitted."""
    return ModelConfig(
        members=settings.members,
        observation_size=steps.observation.shape[1],
        action_size=steps.action.shape[1],
        hidden=settings.hidden,
        actions=settings.actions,
        std_floor=settings.std_floor,
        std_ceiling=settings.std_ceiling,
        cost=FALLBACK.cost,
        cdf_scale=FALLBACK.cdf_scale,
        mental_rule=settings.mental_rule,
    )
