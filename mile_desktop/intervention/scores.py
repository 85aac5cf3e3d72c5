"""How well probabilities predict the takeovers that were recorded."""

import numpy as np
from numpy.typing import NDArray
from sklearn import metrics

from mile_desktop.intervention.data import SupervisedSteps
from mile_desktop.intervention.model import HeldOutScore, InterventionModel
from mile_desktop.intervention.strata import supervised_rows

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]


def held_out_score(model: InterventionModel, steps: SupervisedSteps) -> HeldOutScore | None:
    """Score ``model`` on supervised steps of episodes that the members asked have not seen; None where ν never varies.

    Where every member has seen every episode (one or two members, one or two episodes) nothing is held out: None.
    """
    rows = supervised_rows(steps) & model.unseen(steps).any(0)
    intervention = steps.intervention[rows].numpy()
    if not 0 < intervention.sum() < len(intervention):
        return None
    prediction = model.predict(steps)
    p = prediction.probability[rows].numpy()
    log_likelihood = np.where(intervention, prediction.log_probability[rows], prediction.log_complement[rows])
    rate = float(intervention.mean())
    return HeldOutScore(
        steps=len(intervention),
        observed_rate=rate,
        predicted_rate=float(p.mean()),
        log_likelihood=float(log_likelihood.mean()),
        brier=float(np.mean((p - intervention) ** 2)),
        brier_constant=rate * (1 - rate),
        auroc=float(metrics.roc_auc_score(intervention, p)),
    )
