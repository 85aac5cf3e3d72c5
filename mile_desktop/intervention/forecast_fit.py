"""Fitting the forecast: two small networks, then a logistic with weights ≥ 0 over what they and the model say.

Every row the logistic is fitted to is scored by parts that have not seen its episode. Rows are the recorded ones and,
just after a promotion, simulated ones: a member that never saw the episode plays the robot.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import msgspec
import numpy as np
import torch
from numpy.typing import NDArray
from scipy import optimize
from torch.nn import functional

from mile_desktop.arrays import BoolArray, Float64Array, IntArray
from mile_desktop.intervention.call_marks import apply_marks
from mile_desktop.intervention.data import SupervisedSteps
from mile_desktop.intervention.ensemble import StackedMlp
from mile_desktop.intervention.forecast import (
    FORECAST_MEMBERS,
    LOG_ODDS_LIMIT,
    SIGNALS,
    STEPS_PER_UNIT,
    Forecast,
    ForecastConfig,
    ForecastScore,
    SignalTracker,
    StateSignals,
    build_forecast_networks,
    disagreement,
)
from mile_desktop.intervention.forecast_reasons import reason_kinds
from mile_desktop.intervention.model import InterventionModel
from mile_desktop.intervention.posterior import posterior_predictive
from mile_desktop.intervention.scores import score_alarm, score_probabilities, takeover_ahead
from mile_desktop.intervention.strata import (
    Pool,
    deal_out,
    left_out_names,
    pool_of,
    supervised_episodes,
    supervised_rows,
    takeover_begins,
    takeovers_in,
    unseen_by,
)

FEWEST_EPISODES = 3
"""With fewer nothing could be held out."""

MOST_CORRECTED = 300

_BATCH, _LEARNING_RATE, _DECAY = 128, 2e-3, 1e-3
_PASSES, _FEWEST_UPDATES, _MOST_UPDATES = 15, 300, 1500
"""So often the networks see every step, within limits: few steps need no fewer updates, and many must not take long."""
_PENALTY = 1.0
"""Of the squared weights, in rows: keeps the weights small while there are few takeovers."""

_DISTANCE_SCALE_FLOOR = 1e-3


@dataclass(frozen=True, slots=True, eq=False)
class _Rows:
    """What the logistic is fitted to."""

    signals: Float64Array
    """[r, signals]."""
    ahead: BoolArray
    fold: IntArray
    """Third of the episodes the row belongs to."""
    row: IntArray
    """Step the row came from."""
    weight: Float64Array
    """By how much a person's judgement counts more than silence; 1 where there is none."""

    @property
    def columns(self) -> tuple[NDArray[np.generic], ...]:
        return self.signals, self.ahead, self.fold, self.row, self.weight


def fit_forecast(
    model: InterventionModel,
    steps: SupervisedSteps,
    *,
    simulate_promotion: bool = False,
    shipped: bool = False,
    seed: int = 0,
) -> Forecast | None:
    """Fit the forecast to go with ``model``; about three seconds for 5,000 steps.

    Parameters
    ----------
    steps : SupervisedSteps
        Recorded episodes; for those that ``model`` was fitted to, only members are used that have not seen them.
    simulate_promotion : bool
        The policy that will run is new: add rows in which a member plays the robot.
    shipped : bool
        The takeovers are those of a simulated supervisor, and do not count as a person's.

    Returns
    -------
    Forecast or None
        None with fewer than three supervised episodes, or where a takeover is never or always ahead.
    """
    asked_at, ahead = takeover_ahead(steps)
    if len(supervised_episodes(steps)) < FEWEST_EPISODES or not 0 < ahead[asked_at].sum() < asked_at.sum():
        return None
    # A generator of its own: the forecast does not depend on how many numbers other fits have drawn.
    random = torch.Generator().manual_seed(seed)
    left_out = deal_out(steps, FORECAST_MEMBERS, random)[:, steps.episode]
    marked, weight = apply_marks(steps, ahead)
    parts = _fit_parts(steps, left_out, asked_at, marked, random)
    recorded = _rows(model, parts, steps, asked_at, ahead)
    rows = replace(recorded, ahead=marked[recorded.row], weight=weight[recorded.row])
    if simulate_promotion:
        promoted, robot = _promoted(model, steps, random)
        # Only rows in which a member acts: others would repeat recorded rows.
        simulated = _rows(model, parts, promoted, asked_at & robot.any(0).numpy(), marked, robot=robot)
        rows = _Rows(*[np.concatenate(pair) for pair in zip(rows.columns, simulated.columns, strict=True)])
    config = _fit_weights(rows, parts.config)
    # On recorded rows only: simulated ones would flatter it.
    score = _held_out_score(recorded, rows, parts, steps)
    takeovers = 0 if shipped else takeovers_in(steps)
    return replace(parts, config=msgspec.structs.replace(config, score=score, takeovers=takeovers))


@dataclass(frozen=True, slots=True, eq=False)
class ForecastTrace:
    """The forecast of every step."""

    probability: Float64Array
    """float64[t]; NaN during takeovers and in demonstrations."""
    kinds: tuple[tuple[str, ...], ...]
    """Kinds of the reasons of each step; see ``storage.reasons``."""


def forecast_probabilities(
    model: InterventionModel, steps: SupervisedSteps, forecast: Forecast | None = None
) -> Float64Array:
    """Return the forecast of every autonomous step, float64[t]; see ``forecast_trace``."""
    return forecast_trace(model, steps, forecast).probability


def forecast_trace(model: InterventionModel, steps: SupervisedSteps, forecast: Forecast | None = None) -> ForecastTrace:
    """Return the forecast of every autonomous step, with its reasons, by parts that have not seen the episode.

    ``forecast`` defaults to the model's; raises ``ValueError`` where there is none.
    """
    forecast = forecast or model.forecast
    if forecast is None:
        raise ValueError("This intervention model has no forecast; fit one first.")
    asked_at, ahead = takeover_ahead(steps)
    rows = _rows(model, forecast, steps, asked_at, ahead)
    result = np.full(len(steps), np.nan)
    kinds: list[tuple[str, ...]] = [()] * len(steps)
    for row, signals in zip(rows.row.tolist(), rows.signals.tolist(), strict=True):
        contributions = forecast.contributions(signals)
        result[row] = forecast.probability_of(contributions)
        kinds[row] = reason_kinds(forecast.config, contributions)
    return ForecastTrace(result, tuple(kinds))


# ── the parts ────────────────────────────────────────────────────────────────────────────────────────────────────


def _fit_parts(
    steps: SupervisedSteps,
    left_out: torch.Tensor,
    asked_at: BoolArray,
    ahead: BoolArray,
    random: torch.Generator,
) -> Forecast:
    """Fit the networks and remember the corrected states; the weights are still to come."""
    size, actions = steps.observation.shape[1], steps.action.shape[1]
    names = supervised_episodes(steps)
    begins = _onsets(steps)
    config = ForecastConfig(
        inputs=size + actions,
        observation_size=size,
        corrected=tuple(steps.episode_ids[each] for each in steps.episode[begins].tolist()),
        corrected_steps=tuple(steps.step[begins].tolist()),
        bias=0.0,
        weights=(0.0,) * len(SIGNALS),
        centre=(0.0,) * len(SIGNALS),
        scale=(1.0,) * len(SIGNALS),
        episode_ids=names,
        left_out=left_out_names(steps, left_out, names),
    )
    onset, progress = build_forecast_networks(config)
    for network in (onset, progress):
        network.initialise(random)
    asked = torch.from_numpy(asked_at)
    inputs = torch.cat((steps.observation, steps.policy_mean), 1)
    onset.fit_normalisation(inputs[asked])
    soon = torch.from_numpy(ahead).float()
    _train(onset, (inputs, soon), pool_of(asked, left_out), functional.binary_cross_entropy_with_logits, random)
    progress.fit_normalisation(steps.observation)
    # Only episodes that ended well: their last step is the goal, and other episodes end anywhere.
    finished = pool_of(steps.demonstration | steps.success, left_out)
    _train(progress, (steps.observation, _time_to_go(steps)), finished, functional.smooth_l1_loss, random)
    return Forecast(config, onset.eval(), progress.eval(), progress.standardised(steps.observation[begins]))


def _train(
    network: StackedMlp,
    data: tuple[torch.Tensor, torch.Tensor],
    pool: Pool | None,
    loss: Callable[[torch.Tensor, torch.Tensor], torch.Tensor],
    random: torch.Generator,
) -> None:
    """Train all members at once on inputs and target; without rows the network stays as it was drawn."""
    if pool is None:
        return
    inputs, target = data
    optimiser = torch.optim.AdamW(network.parameters(), lr=_LEARNING_RATE, weight_decay=_DECAY)
    for _ in range(_updates(pool)):
        rows = pool.draw(_BATCH, random)
        # members do not share weights: the mean over members times their number trains each as if alone
        total = loss(network(inputs[rows])[..., 0], target[rows]) * network.members
        optimiser.zero_grad()
        total.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
    network.requires_grad_(requires_grad=False)


def _updates(pool: Pool) -> int:
    """Return how long to train on what the members draw from."""
    wanted = _PASSES * int(pool.length.max()) // _BATCH
    return min(max(wanted, _FEWEST_UPDATES), _MOST_UPDATES)


def _onsets(steps: SupervisedSteps) -> torch.Tensor:
    """Return the steps at which a takeover began, thinned to ``MOST_CORRECTED``."""
    rows = takeover_begins(steps).nonzero()[:, 0]
    return rows[:: max(1, -(-len(rows) // MOST_CORRECTED))]


def _time_to_go(steps: SupervisedSteps) -> torch.Tensor:
    """Return how long each episode still lasts, in units of ``STEPS_PER_UNIT``."""
    last = torch.zeros(len(steps.episode_ids), dtype=torch.int64)
    last.scatter_reduce_(0, steps.episode, steps.step, "amax")
    return (last[steps.episode] - steps.step).float() / STEPS_PER_UNIT


# ── rows ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def _promoted(
    model: InterventionModel, steps: SupervisedSteps, random: torch.Generator
) -> tuple[SupervisedSteps, torch.Tensor]:
    """Let a member that has not seen the episode act as the robot, where another such member is left to predict.

    Returns
    -------
    tuple
        The steps with that member's distribution as π̂, and bool[members, t], who acted; none where there are not
        two members that have not seen the episode.
    """
    unseen = model.unseen(steps)
    order = torch.rand(model.config.members, len(steps.episode_ids), generator=random)[:, steps.episode]
    player = torch.where(unseen, order, -1.0).argmax(0)
    outputs = model.member_outputs(steps.observation, steps.policy_mean, steps.policy_std)
    place = torch.arange(len(steps))
    played = torch.zeros_like(unseen)
    # Two members at least: one acts, and another one that has not seen the episode either predicts.
    played[player, place] = unseen.sum(0) >= 2
    return replace(steps, policy_mean=outputs.means[player, place], policy_std=outputs.stds[player, place]), played


def _rows(
    model: InterventionModel,
    forecast: Forecast,
    steps: SupervisedSteps,
    asked_at: BoolArray,
    ahead: BoolArray,
    *,
    robot: torch.Tensor | None = None,
) -> _Rows:
    """Return the signals of the autonomous steps; ``robot`` (bool[members, t]) acts and is not asked."""
    states = _state_signals(model, forecast, steps, robot)
    columns = [
        getattr(states, name).tolist() for name in ("log_odds", "onset", "time_to_go", "disagreement", "nearness")
    ]
    supervised = supervised_rows(steps).numpy()
    episode, intervention = steps.episode.tolist(), steps.intervention.tolist()
    tracker, signals, rows = SignalTracker(), [], []
    before: tuple[int, bool] = (-1, False)
    # In order and without gaps: the tracker carries signals from step to step, also through takeovers.
    for row in np.flatnonzero(supervised).tolist():
        if episode[row] != before[0]:
            tracker.reset()
            before = (episode[row], False)
        of_step = tracker.step(*[column[row] for column in columns], intervening=before[1])
        before = (episode[row], intervention[row])
        if asked_at[row]:
            signals.append(of_step)
            rows.append(row)
    place = np.array(rows, dtype=np.int64)
    fold = _unseen(forecast, steps).double().argmax(0).numpy()
    return _Rows(np.array(signals).reshape(-1, len(SIGNALS)), ahead[place], fold[place], place, np.ones(len(place)))


def _state_signals(
    model: InterventionModel, forecast: Forecast, steps: SupervisedSteps, robot: torch.Tensor | None
) -> StateSignals:
    """Return what parts that have not seen the episode say of each step."""
    outputs = model.member_outputs(steps.observation, steps.policy_mean, steps.policy_std)
    asked = model.unseen(steps)
    if robot is not None:
        asked = asked & ~robot
    asked = asked | ~asked.any(0)
    config = model.config
    # NaN would spread from demonstrations to all rows in the sums over members; these rows are not used.
    distances = torch.nan_to_num(outputs.distances)  # demonstrations, which have no π̂
    predicted = posterior_predictive(
        distances, outputs.threshold_loss, cost=config.cost, cdf_scale=config.cdf_scale, asked=asked
    )
    with torch.no_grad():
        onset, time_to_go = forecast.network_outputs(
            steps.observation, torch.nan_to_num(steps.policy_mean), _unseen(forecast, steps)
        )
        nearness = forecast.nearness(steps.observation, _own(forecast, steps))
    log_odds = (predicted.log_probability - predicted.log_complement).clamp(-LOG_ODDS_LIMIT, LOG_ODDS_LIMIT)
    return StateSignals(log_odds, onset, time_to_go, disagreement(outputs.means, asked), nearness)


def _own(forecast: Forecast, steps: SupervisedSteps) -> torch.Tensor:
    """Return bool[t, c]: the corrected state comes from the step's own episode."""
    table = torch.tensor([[name == theirs for theirs in forecast.config.corrected] for name in steps.episode_ids])
    return table[steps.episode]


def _unseen(forecast: Forecast, steps: SupervisedSteps) -> torch.Tensor:
    """Return bool[members, t], who of the forecast's networks has not seen the episode; everybody where all have."""
    unseen = unseen_by(steps, forecast.config.episode_ids, forecast.config.left_out)
    return unseen | ~unseen.any(0)


# ── the logistic ─────────────────────────────────────────────────────────────────────────────────────────────────


def _fit_weights(rows: _Rows, config: ForecastConfig) -> ForecastConfig:
    """Fit bias and weights ≥ 0 by penalised maximum likelihood."""
    centre = rows.signals.mean(0)
    scale = np.maximum(rows.signals.std(0), _DISTANCE_SCALE_FLOOR)
    # The same limit as in ``Forecast.probability``, so that fit and use agree.
    inputs = np.clip((rows.signals - centre) / scale, -4, 4)
    target = rows.ahead.astype(np.float64)

    def negative(at: Float64Array) -> tuple[float, Float64Array]:
        total = at[0] + inputs @ at[1:]
        residual = rows.weight * (1 / (1 + np.exp(-total)) - target)
        # ``logaddexp`` instead of the logarithm of the sigmoid, which is −∞ for a confident wrong answer.
        loss = rows.weight @ (np.logaddexp(0, total) - target * total) + 0.5 * _PENALTY * at[1:] @ at[1:]
        gradient = np.concatenate(([residual.sum()], inputs.T @ residual + _PENALTY * at[1:]))
        return float(loss) / len(target), gradient / len(target)

    rate = target.mean()
    # From the mean rate and equal small weights: with weights of 0 at their bound, the descent would begin in a corner.
    start = np.concatenate(([math.log(rate / (1 - rate))], np.full(len(SIGNALS), 0.1)))
    found = optimize.minimize(
        negative, start, jac=True, method="L-BFGS-B", bounds=[(None, None)] + [(0, None)] * len(SIGNALS)
    )
    return msgspec.structs.replace(
        config,
        bias=float(found.x[0]),
        weights=tuple(found.x[1:].tolist()),
        centre=tuple(centre.tolist()),
        scale=tuple(scale.tolist()),
    )


def _held_out_score(recorded: _Rows, rows: _Rows, parts: Forecast, steps: SupervisedSteps) -> ForecastScore | None:
    """Score forecasts of each third of the episodes by weights fitted to the other two."""
    probability = np.full(len(recorded.ahead), np.nan)
    for fold in np.unique(recorded.fold):
        # Simulated rows of an episode carry its third as well, so none of them informs about itself.
        others = rows.fold != fold
        if not 0 < rows.ahead[others].sum() < others.sum():
            return None
        kept = _Rows(*[column[others] for column in rows.columns])
        refitted = replace(parts, config=_fit_weights(kept, parts.config))
        here = recorded.fold == fold
        probability[here] = [refitted.probability(signals.tolist()) for signals in recorded.signals[here]]
    scores = score_probabilities(probability, recorded.ahead, steps.step.numpy()[recorded.row])
    trace = np.full(len(steps), np.nan)
    trace[recorded.row] = probability
    alarm = score_alarm(trace, steps.intervention.numpy(), steps.episode.numpy())
    return ForecastScore(
        steps=scores.steps,
        rate=scores.rate,
        brier=scores.brier,
        brier_constant=scores.rate * (1 - scores.rate),
        auroc=scores.auroc,
        phase_matched_auroc=None if math.isnan(scores.phase_matched_auroc) else scores.phase_matched_auroc,
        recall=None if math.isnan(alarm.recall) else alarm.recall,
    )
