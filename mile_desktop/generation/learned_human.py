"""The learned human: the intervention model decides when, its ensemble what; an operator like any other."""

import numpy as np

from mile_desktop.arrays import Float32Array
from mile_desktop.intervention.model import InterventionModel, TemporalParameters
from mile_desktop.intervention.model_numpy import OneStateModel
from mile_desktop.intervention.temporal import TemporalFilter
from mile_desktop.operators.operator import OperatorContext, OperatorReading

LEARNED_HUMAN = "learned human"
"""Recorded as the operator of every generated episode."""


class LearnedHuman:
    """Draws ν ~ Bernoulli(p) in every step and then does what the ensemble does on average; ``Operator``.

    p is the calibrated model's: its temporal form (``intervention.temporal``) where it was fitted, with reaction delay
    and takeovers that last; else the published one, which decides again in every step. K is of the policy that runs
    here, so the learned human steps in less where that policy has become better.

    The action is the mean over the members, not one member's: their differences are errors of the fit and not of the
    person, and a mean imitates the person best.
    """

    kind = LEARNED_HUMAN
    device = "Learned human"
    instruction = "takes over by itself"

    def __init__(self, model: InterventionModel) -> None:
        config = model.config
        published = TemporalParameters(cost=config.cost, cdf_scale=config.cdf_scale)
        self._discrete = config.actions == "categorical"
        self._model = OneStateModel(model)
        self._filter = TemporalFilter(config.temporal or published, config.members)
        self._rng = np.random.default_rng(0)

    def reset(self, seed: int) -> None:
        """Begin a new episode; all its randomness comes from ``seed``."""
        # The scene draws from the same seed, so the second number keeps the two apart.
        self._rng = np.random.default_rng([seed, 3])
        self._filter.reset()

    def poll(self, context: OperatorContext) -> OperatorReading:
        """Decide for this step."""
        outputs = self._model.outputs(context.observation, context.policy_mean, context.policy_std)
        # First the ν of the last step, then the prediction for this one, as the live estimator does it.
        self._filter.observe(intervening=context.intervening)
        probability = float(self._filter.predict(outputs.distances, outputs.threshold_loss).mean())
        takes_over = bool(self._rng.random() < probability)
        return OperatorReading(takeover=takes_over, action=self._action(outputs.means.mean(0)))

    def _action(self, mean: Float32Array) -> Float32Array:
        if not self._discrete:
            return mean.astype(np.float32)
        action = np.zeros(len(mean), np.float32)
        action[int(mean.argmax())] = 1.0
        return action

    def close(self) -> None:
        """Release nothing."""
