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
from torch.nn import functional

from mile_desktop.arrays import BoolArray, Float64Array
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
from mile_desktop.intervention.forecast_level import with_level
from mile_desktop.intervention.forecast_logistic import ForecastRows, fit_weights
from mile_desktop.intervention.forecast_reasons import reason_kinds
from mile_desktop.intervention.forecast_targets import forecast_targets, steps_left
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
    targets = forecast_targets(steps)
    asked_at, marked = targets.asked, targets.ahead
    if len(supervised_episodes(steps)) < FEWEST_EPISODES or not _varies(steps, asked_at):
        return None
    # A generator of its own: the forecast does not depend on how many numbers other fits have drawn.
    random = torch.Generator().manual_seed(seed)
    left_out = deal_out(steps, FORECAST_MEMBERS, random)[:, steps.episode]
    parts = _fit_parts(steps, left_out, asked_at, marked, random)
    recorded = _rows(model, parts, steps, asked_at, targets.scored)
    rows = replace(recorded, ahead=marked[recorded.row], weight=targets.weight[recorded.row])
    if simulate_promotion:
        promoted, robot = _promoted(model, steps, random)
        # Only rows in which a member acts: others would repeat recorded rows.
        simulated = _rows(model, parts, promoted, asked_at & robot.any(0).numpy(), marked, robot=robot)
        rows = ForecastRows(*[np.concatenate(pair) for pair in zip(rows.columns, simulated.columns, strict=True)])
    config = fit_weights(rows, parts.config)
    alone = recorded.where(targets.quiet[recorded.row])
    total = [sum(replace(parts, config=config).contributions(each), config.bias) for each in alone.signals.tolist()]
    config = with_level(config, np.array(total), steps.episode.numpy()[alone.row])
    # On recorded rows only: simulated ones would flatter it.
    score = _held_out_score(recorded, rows, parts, steps)
    takeovers = 0 if shipped else takeovers_in(steps)
    return replace(parts, config=msgspec.structs.replace(config, score=score, takeovers=takeovers))


def _varies(steps: SupervisedSteps, asked_at: BoolArray) -> bool:
    """Whether a takeover is ahead at some of the steps that are learned from, and not at all of them."""
    return bool(0 < takeover_ahead(steps)[1][asked_at].sum() < asked_at.sum())


@dataclass(frozen=True, slots=True, eq=False)
class ForecastTrace:
    """The forecast of every step."""

    probability: Float64Array
    """float64[t]; NaN during takeovers and in demonstrations."""
    kinds: tuple[tuple[str, ...], ...]
    """Kinds of the reasons of each step; see ``storage.reasons``."""
    signals: Float64Array
    """float64[t, signals] in the order of ``SIGNALS``; NaN as ``probability``."""


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
    for row, of_step in zip(rows.row.tolist(), rows.signals.tolist(), strict=True):
        contributions = forecast.contributions(of_step)
        result[row] = forecast.probability_of(contributions)
        kinds[row] = reason_kinds(forecast.config, contributions)
    signals = np.full((len(steps), len(SIGNALS)), np.nan)
    signals[rows.row] = rows.signals
    return ForecastTrace(result, tuple(kinds), signals)


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
    _train(
        progress, (steps.observation, steps_left(steps) / STEPS_PER_UNIT), finished, functional.smooth_l1_loss, random
    )
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
) -> ForecastRows:
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
    return ForecastRows(
        np.array(signals).reshape(-1, len(SIGNALS)), ahead[place], fold[place], place, np.ones(len(place))
    )


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


def _held_out_score(
    recorded: ForecastRows, rows: ForecastRows, parts: Forecast, steps: SupervisedSteps
) -> ForecastScore | None:
    """Score forecasts of each third of the episodes by weights fitted to the other two."""
    probability = np.full(len(recorded.ahead), np.nan)
    for fold in np.unique(recorded.fold):
        # Simulated rows of an episode carry its third as well, so none of them informs about itself.
        others = rows.fold != fold
        if not 0 < rows.ahead[others].sum() < others.sum():
            return None
        refitted = replace(parts, config=fit_weights(rows.where(others), parts.config))
        here = recorded.fold == fold
        probability[here] = [refitted.probability(signals.tolist()) for signals in recorded.signals[here]]
    scores = score_probabilities(probability, recorded.ahead, steps.step.numpy()[recorded.row])
    trace = np.full(len(steps), np.nan)
    trace[recorded.row] = probability
    alarm = score_alarm(trace, steps.intervention.numpy(), steps.episode.numpy(), success=steps.success.numpy())
    return ForecastScore(
        steps=scores.steps,
        rate=scores.rate,
        brier=scores.brier,
        brier_constant=scores.rate * (1 - scores.rate),
        auroc=scores.auroc,
        phase_matched_auroc=None if math.isnan(scores.phase_matched_auroc) else scores.phase_matched_auroc,
        recall=None if math.isnan(alarm.recall) else alarm.recall,
    )
