"""What every prediction must beat: the majority, the history alone, and a classifier that knows nothing of actions."""

import warnings
from typing import Protocol

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from mile_desktop.arrays import BoolArray, Float64Array
from mile_desktop.intervention.data import SupervisedSteps

_RECENT_STEPS = 20.0


class Baseline(Protocol):
    """Predicts from training steps and what happened there; sees nothing of the policy's distribution."""

    def __call__(self, train: SupervisedSteps, happened: BoolArray, test: SupervisedSteps) -> Float64Array:
        """Return the probability for each of the ``test`` steps, float64[t]; ``happened`` is bool[t] over ``train``."""
        ...


def majority(train: SupervisedSteps, happened: BoolArray, test: SupervisedSteps) -> Float64Array:  # noqa: ARG001 - looks at nothing
    """Say the rate of the training steps, always."""
    return np.full(len(test), float(happened.mean()))


def history_logistic(train: SupervisedSteps, happened: BoolArray, test: SupervisedSteps) -> Float64Array:
    """Regress on elapsed time, time since release and takeovers so far."""
    return _fit_and_predict(
        make_pipeline(StandardScaler(), LogisticRegression()), history(train), happened, history(test)
    )


def neural_classifier(train: SupervisedSteps, happened: BoolArray, test: SupervisedSteps) -> Float64Array:
    """Classify by a perceptron from observation to what happens, s → ν."""
    network = MLPClassifier((64, 64), alpha=1e-2, early_stopping=True, max_iter=100, random_state=0)
    model = make_pipeline(StandardScaler(), network)
    return _fit_and_predict(model, train.observation.double().numpy(), happened, test.observation.double().numpy())


BASELINES: dict[str, Baseline] = {
    "majority": majority,
    "history logistic": history_logistic,
    "neural classifier": neural_classifier,
}


def history(steps: SupervisedSteps) -> Float64Array:
    """Return elapsed time, recency of the last release, whether the step before was a takeover, and takeovers so far.

    float64[t, 4]; of what came before each step only.
    """
    result = np.zeros((len(steps), 4))
    since, count, before, episode = np.inf, 0, False, -1
    rows = zip(steps.episode.tolist(), steps.step.tolist(), steps.intervention.tolist(), strict=True)
    for row, (each, step, now) in enumerate(rows):
        if each != episode:
            since, count, before, episode = np.inf, 0, False, each
        result[row] = step, np.exp(-since / _RECENT_STEPS), before, count
        count += now and not before
        since = 0.0 if now else since + 1
        before = now
    return result


def _fit_and_predict(model: object, inputs: Float64Array, happened: BoolArray, test: Float64Array) -> Float64Array:
    """Fit a scikit-learn classifier; where nothing varies it is the constant."""
    if not 0 < happened.sum() < len(happened):
        return np.full(len(test), float(happened.mean()))
    with warnings.catch_warnings():
        # an unfinished fit is still a baseline, and is scored for what it is
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(inputs, happened)  # type: ignore[attr-defined]
    predicted: Float64Array = model.predict_proba(test)[:, 1]  # type: ignore[attr-defined]
    return predicted
