"""How likely the operator is to take over: the model, its fit, its calibration and its scores."""

from mile_desktop.intervention.probability import (
    categorical_intervention_log_probability,
    categorical_intervention_probability,
    gaussian_intervention_log_probability,
    gaussian_intervention_probability,
)

__all__ = [
    "categorical_intervention_log_probability",
    "categorical_intervention_probability",
    "gaussian_intervention_log_probability",
    "gaussian_intervention_probability",
]
