"""What every prediction must beat: the majority, the clock, the history, and a classifier that knows no actions."""

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
_STOPWATCH_STEPS = 10  # width of the smoothing
_STOPWATCH_PRIOR = 10.0  # imagined steps with the rate of all steps


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


def stopwatch(train: SupervisedSteps, happened: BoolArray, test: SupervisedSteps) -> Float64Array:
    """Say how often it happened at this time of the training episodes, smoothed over half a second: time alone.

    A classifier that knows nothing but the clock; no shape is assumed. At times with few training steps it says the
    rate of all steps.
    """
    elapsed, asked = train.step.numpy(), test.step.numpy()
    length = int(max(elapsed.max(), asked.max())) + 1
    reach = np.arange(-3 * _STOPWATCH_STEPS, 3 * _STOPWATCH_STEPS + 1)
    kernel = np.exp(-0.5 * (reach / _STOPWATCH_STEPS) ** 2)
    # Smoothed counts and not smoothed rates: times with few steps then count for little.
    seen, hits = (
        np.convolve(np.bincount(elapsed, weights, length), kernel)[len(reach) // 2 :][:length]
        for weights in (np.ones(len(elapsed)), happened.astype(np.float64))
    )
    rate: Float64Array = (hits + _STOPWATCH_PRIOR * happened.mean()) / (seen + _STOPWATCH_PRIOR)
    return np.take(rate, asked)


BASELINES: dict[str, Baseline] = {
    "majority": majority,
    "stopwatch": stopwatch,
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
            # Nothing is carried from one episode to the next.
            since, count, before, episode = np.inf, 0, False, each
        result[row] = step, np.exp(-since / _RECENT_STEPS), before, count
        # After the row is written: each row must know only what came before it.
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
