"""The temporal intervention model (ours): people add up evidence, react late and keep control for a while.

    evidence    e_t = ρ e_{t−1} + (K_t − c)
    onset       h_t = P(T + σZ ≤ e_{t−k})                       the probit of the publication, k steps late
    supervising P(ν_t = 1) = h_t
    intervening P(ν_t = 1) = (1 − r) + r h_t                     with probability r the decision is made again

The two states are a Bayes filter: the prediction above, then the update by ν_t where it was seen (which settles the
state) or none where it was not. ρ = 0, k = 0, r = 1 is the published model exactly.
"""

import itertools
import math
from collections import deque
from dataclasses import dataclass

import numpy as np
import torch
from scipy import optimize

from mile_desktop.arrays import Float64Array
from mile_desktop.intervention.cost_fit import RecordedDecisions, Threshold, fit_cost_and_scale
from mile_desktop.intervention.data import SupervisedSteps
from mile_desktop.intervention.model import InterventionModel, TemporalParameters
from mile_desktop.intervention.posterior import average_over_members
from mile_desktop.intervention.probability import Scalar, ThresholdLoss, intervention_log_probability_at
from mile_desktop.intervention.probability_numpy import ThresholdLossOfOne, probabilities_of_one
from mile_desktop.intervention.strata import supervised_rows

MOST_DELAY = 12
"""Longest reaction delay that is tried, in steps; 0.6 s at 20 Hz."""

MOST_STEPS = 3000
"""Whole episodes are used up to so many steps."""

_DELAYS = (0, 2, 4, 7, 10)
_BOUNDS = [(0.0, 0.97), (-1e4, 1e5), (math.log(0.02), math.log(2000.0)), (1e-3, 0.999)]
# r = 1 is the published model, which is tried by itself: there a step that is held on is impossible where p is 0
_START_RETENTION = 0.3
_RETENTIONS, _COST_QUANTILES, _SCALES = (0.4, 0.7, 0.9), (0.2, 0.4, 0.6, 0.8, 0.9), (2.0, 20.0)
"""Starts of the search with much retention. There the cost is far from the one of instant decisions, and a descent that
begins at instant decisions ends in a local optimum."""
_PARAMETERS = 3  # beyond the published model's two
_NODES = 16
_MOST_ASKED = 2  # members whose likelihood is averaged while fitting


@dataclass(frozen=True, slots=True)
class TemporalFit:
    """What a fit found; log-likelihoods are sums over the steps used."""

    parameters: TemporalParameters
    log_likelihood: float
    published_log_likelihood: float
    """With ρ = 0, k = 0, r = 1 and the best c and σ."""
    steps: int


class TemporalFilter:
    """Causal filter for one running episode: one O(1) update a step for each member.

    Owned by one thread.
    """

    def __init__(self, parameters: TemporalParameters, members: int) -> None:
        self._parameters = parameters
        self._evidence = np.zeros(members)
        self._past: deque[tuple[Float64Array, ThresholdLossOfOne]] = deque(maxlen=parameters.delay_steps + 1)
        self._intervening = 0.0

    @property
    def evidence(self) -> float:
        """Evidence now, averaged over the members."""
        return float(self._evidence.mean())

    @property
    def intervening(self) -> float:
        """Belief that the human is intervening, after everything seen so far."""
        return self._intervening

    def reset(self) -> None:
        """Begin a new episode: no evidence, supervising."""
        self._evidence = np.zeros(len(self._evidence))
        self._past.clear()
        self._intervening = 0.0

    def observe(self, *, intervening: bool) -> None:
        """Update by the ν that was seen: it settles the state."""
        self._intervening = float(intervening)

    def predict(self, distances: Float64Array, threshold_loss: ThresholdLossOfOne) -> Float64Array:
        """Take in K of each member at this step and return each member's P(ν = 1) for it, float64[members] both.

        ``threshold_loss``: what K is compared with.
        """
        parameters = self._parameters
        self._evidence = parameters.retention * self._evidence + distances - parameters.cost
        self._past.append((self._evidence, threshold_loss))
        holding = self._intervening * (1 - parameters.hand_back)
        evidence, compared_with = self._past[0]
        onsets = probabilities_of_one(evidence, parameters.cdf_scale, compared_with)
        each_p = holding + (1 - holding) * onsets
        # A prediction until ``observe`` brings the real ν.
        self._intervening = float(each_p.mean())
        return each_p


@dataclass(frozen=True, slots=True, eq=False)
class _Table:
    """Episodes side by side, padded to the longest."""

    distances: torch.Tensor
    """float64[members, e, l]; 0 where there is no step."""
    asked: torch.Tensor
    """bool[members, e, l]."""
    intervention: torch.Tensor
    """bool[e, l]."""
    before: torch.Tensor
    """bool[e, l], ν of the step before; False at the start."""
    present: torch.Tensor
    """bool[e, l]."""
    threshold_loss: ThresholdLoss
    """What evidence is compared with; a tensor is float64[members, e, l, A]."""
    rows: torch.Tensor
    """int64[e, l], where the step came from."""

    def flat(self, chosen: torch.Tensor) -> RecordedDecisions:
        """Return the steps where ``chosen`` (bool[e, l]) without their order; ``CalibrationError`` as there."""
        episode = torch.arange(len(self.rows))[:, None].expand_as(self.rows)
        loss = self.threshold_loss
        return RecordedDecisions(
            distances=self.distances[:, chosen],
            asked=self.asked[:, chosen],
            intervention=self.intervention[chosen],
            threshold_loss=loss[:, chosen] if isinstance(loss, torch.Tensor) else loss,
            episode=episode[chosen],
        )


def fit_temporal(model: InterventionModel, steps: SupervisedSteps) -> TemporalFit:
    """Fit ρ, k, c, σ and r by maximum likelihood, on members that have not seen the episode where there are any.

    The published model is kept where the three further parameters do not pay (Akaike's criterion), so that people who
    decide at once are described as before.

    Raises
    ------
    CalibrationError
        When no step, or every step, is a takeover.
    """
    table = _table(model, steps.attended(), most_steps=MOST_STEPS, most_asked=_MOST_ASKED)
    start = fit_cost_and_scale(table.flat(table.present), start=Threshold(model.config.cost, model.config.cdf_scale))
    published = TemporalParameters(cost=start.cost, cdf_scale=start.cdf_scale)
    with torch.no_grad():
        before = float(_log_likelihood(table, *_as_point(published), 0))
    best = _search(table, published)
    count = int(table.present.sum())
    # Sums of log-likelihoods: each further parameter has to gain more than one unit.
    if best[0] <= before + _PARAMETERS:
        return TemporalFit(published, before, before, count)
    return TemporalFit(best[1], best[0], before, count)


def temporal_probabilities(
    model: InterventionModel, parameters: TemporalParameters, steps: SupervisedSteps, *, honest: bool = True
) -> Float64Array:
    """Return P(ν_t = 1) of recorded steps given all ν before, float64[t]; NaN in demonstrations.

    ``honest``: ask only members that have not seen the episode, where there are any.
    """
    table = _table(model, steps, honest=honest)
    result = np.full(len(steps), np.nan)
    with torch.no_grad():
        log_p, _ = _log_probabilities(table, *_as_point(parameters), parameters.delay_steps)
        mean = average_over_members(log_p, table.asked).exp()
    result[table.rows[table.present].numpy()] = mean[table.present].numpy()
    return result


def _as_point(parameters: TemporalParameters) -> tuple[float, float, float, float]:
    return parameters.retention, parameters.cost, parameters.cdf_scale, parameters.hand_back


def _search(table: _Table, published: TemporalParameters) -> tuple[float, TemporalParameters]:
    """Return the best log-likelihood and its parameters: coarse over the delay, then its neighbours."""
    found: dict[int, tuple[float, TemporalParameters]] = {}
    start = _start(table, published)
    for delay in _DELAYS:
        found[delay] = _descend(table, start, delay)
    scanned = _scan(table, start.hand_back)
    # The scan begins far from instant decisions and can find an optimum that the descent does not reach.
    found[scanned.delay_steps] = max(
        found[scanned.delay_steps], _descend(table, scanned, scanned.delay_steps), key=lambda each: each[0]
    )
    for _ in range(MOST_DELAY):
        best = max(found, key=lambda delay: found[delay][0])
        open_neighbours = [each for each in (best - 1, best + 1) if 0 <= each <= MOST_DELAY and each not in found]
        if not open_neighbours:
            break
        found[open_neighbours[0]] = _descend(table, found[best][1], open_neighbours[0])
    return max(found.values(), key=lambda each: each[0])


def _scan(table: _Table, hand_back: float) -> TemporalParameters:
    """Return the likeliest of some parameters with much evidence, costs taken from the distances that occur."""
    costs = torch.quantile(table.distances[table.asked], torch.tensor(_COST_QUANTILES, dtype=torch.float64)).tolist()
    tried = [
        TemporalParameters(cost=cost, cdf_scale=scale, retention=retention, delay_steps=delay, hand_back=hand_back)
        for retention, cost, scale, delay in itertools.product(_RETENTIONS, costs, _SCALES, _DELAYS)
    ]
    with torch.no_grad():
        likely = [float(_log_likelihood(table, *_as_point(each), each.delay_steps)) for each in tried]
    return tried[int(np.argmax(likely))]


def _start(table: _Table, published: TemporalParameters) -> TemporalParameters:
    """Return where to begin: cost and scale of the onsets alone, and the observed rate of letting go."""
    held = table.intervention[table.before & table.present].double()
    # Away from its bounds, where the likelihood can be −∞ and has no slope.
    hand_back = min(max(1 - float(held.mean()) if len(held) else 1.0, 0.02), 0.9)
    onsets = table.flat(table.present & ~table.before)
    cost, cdf_scale = fit_cost_and_scale(onsets, start=Threshold(published.cost, published.cdf_scale))
    return TemporalParameters(cost=cost, cdf_scale=cdf_scale, retention=_START_RETENTION, hand_back=hand_back)


def _descend(table: _Table, start: TemporalParameters, delay: int) -> tuple[float, TemporalParameters]:
    """Maximise the likelihood at a given delay, from ``start``."""
    count = int(table.present.sum())

    def negative(at: Float64Array) -> tuple[float, Float64Array]:
        point = torch.tensor(at, requires_grad=True)
        # Per step, so that the tolerances mean the same for short and long recordings.
        total = -_log_likelihood(table, point[0], point[1], point[2].exp(), point[3], delay) / count
        (gradient,) = torch.autograd.grad(total, point)
        return float(total.detach()), gradient.numpy()

    result = optimize.minimize(
        negative,
        (start.retention, start.cost, math.log(start.cdf_scale), start.hand_back),
        jac=True,
        method="L-BFGS-B",
        bounds=_BOUNDS,
        options={"maxiter": 40, "ftol": 1e-7},
    )
    retention, cost, log_scale, hand_back = map(float, result.x)
    parameters = TemporalParameters(
        retention=retention, delay_steps=delay, cost=cost, cdf_scale=math.exp(log_scale), hand_back=hand_back
    )
    return -float(result.fun) * count, parameters


def _log_likelihood(  # noqa: PLR0917 - the model's five parameters
    table: _Table, retention: Scalar, cost: Scalar, cdf_scale: Scalar, hand_back: Scalar, delay: int
) -> torch.Tensor:
    log_p, log_not_p = _log_probabilities(table, retention, cost, cdf_scale, hand_back, delay)
    happened = torch.where(table.intervention, log_p, log_not_p)
    return average_over_members(happened, table.asked)[table.present].sum()


def _log_probabilities(  # noqa: PLR0917 - the model's five parameters
    table: _Table, retention: Scalar, cost: Scalar, cdf_scale: Scalar, hand_back: Scalar, delay: int
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return ln P(ν=1) and ln P(ν=0) given the ν before, float64[members, e, l], −∞ for members not asked."""
    evidence = _evidence(table.distances - cost, retention)
    late = _delayed(evidence, delay)
    asked, threshold_loss = table.asked, table.threshold_loss
    if isinstance(threshold_loss, torch.Tensor):
        threshold_loss = _delayed(threshold_loss.movedim(-1, 0), delay).movedim(0, -1)[asked]
    onset, none = intervention_log_probability_at(
        late[asked], threshold_loss, cost=0.0, cdf_scale=cdf_scale, nodes=_NODES
    )
    holding = table.before.expand_as(asked)[asked]
    again = torch.as_tensor(hand_back, dtype=torch.float64)
    # (1 − r) + r h, and its complement r (1 − h)
    kept = onset if float(again.detach()) == 1.0 else torch.log1p(again * torch.expm1(onset.clamp(max=-1e-12)))
    log_p = torch.where(holding, kept, onset)
    log_not_p = torch.where(holding, again.log() + none, none)
    nothing = torch.full_like(table.distances, -math.inf)
    return nothing.masked_scatter(asked, log_p), nothing.masked_scatter(asked, log_not_p)


def _evidence(increments: torch.Tensor, retention: Scalar) -> torch.Tensor:
    """Return e_t = ρ e_{t−1} + x_t along the last dimension, as one product with the powers of ρ."""
    length = increments.shape[-1]
    place = torch.arange(length)
    age = place[None, :] - place[:, None]
    powers = torch.as_tensor(retention, dtype=torch.float64) ** age.clamp(min=0)
    # One product instead of a loop over steps: the loop would make automatic differentiation many times slower.
    return increments @ torch.where(age >= 0, powers, 0.0)


def _delayed(evidence: torch.Tensor, delay: int) -> torch.Tensor:
    """Shift by ``delay`` steps; before there is evidence so old, the oldest counts."""
    if delay == 0:
        return evidence
    # An episode can be shorter than the delay.
    delay = min(delay, evidence.shape[-1] - 1)
    first = evidence[..., :1].expand(*evidence.shape[:-1], delay)
    return torch.cat((first, evidence[..., : evidence.shape[-1] - delay]), -1)


def _table(
    model: InterventionModel,
    steps: SupervisedSteps,
    *,
    honest: bool = True,
    most_steps: int | None = None,
    most_asked: int | None = None,
) -> _Table:
    """Lay the supervised episodes out side by side."""
    supervised = supervised_rows(steps)
    runs: list[torch.Tensor] = []
    for episode in sorted(set(steps.episode[supervised].tolist())):
        rows = (supervised & (steps.episode == episode)).nonzero()[:, 0]
        runs.append(rows[steps.step[rows].argsort()])
    if most_steps is not None:
        runs = _thinned(runs, most_steps)
    rows = torch.nn.utils.rnn.pad_sequence(runs, batch_first=True, padding_value=-1)
    present = rows >= 0
    place = rows.clamp(min=0)
    flat = place[present]
    outputs = model.member_outputs(steps.observation[flat], steps.policy_mean[flat], steps.policy_std[flat])
    distances = torch.zeros(model.config.members, *rows.shape, dtype=torch.float64)
    distances[:, present] = outputs.distances
    threshold_loss = outputs.threshold_loss
    if isinstance(threshold_loss, torch.Tensor):
        padded = torch.zeros(*distances.shape, threshold_loss.shape[-1], dtype=torch.float64)
        padded[:, present] = threshold_loss
        threshold_loss = padded
    asked = model.unseen(steps)[:, place] if honest else torch.ones_like(distances, dtype=torch.bool)
    asked = (asked | ~asked.any(0)) & present
    if most_asked is not None:
        # The first ones that may be asked: two are enough for a fit, and the rest would only take time.
        asked &= asked.cumsum(0) <= most_asked
    intervention = steps.intervention[place] & present
    before = torch.zeros_like(intervention)
    before[:, 1:] = intervention[:, :-1]
    return _Table(distances, asked, intervention, before, present, threshold_loss, rows)


def _thinned(runs: list[torch.Tensor], most_steps: int) -> list[torch.Tensor]:
    """Keep every n-th episode, so that about ``most_steps`` are left."""
    stride = max(1, math.ceil(sum(map(len, runs)) / most_steps))
    return runs[::stride]
