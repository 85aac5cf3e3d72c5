"""The number on screen: p of the step about to be taken, its band, and the data it is based on."""

import copy
import math
from collections.abc import Sequence
from statistics import fmean
from typing import Literal

import numpy as np

from mile_desktop.arrays import Float32Array, Float64Array
from mile_desktop.intervention.corrected_places import CorrectedPlaces, Place, place_entries
from mile_desktop.intervention.estimate import Caller, InterventionEstimate
from mile_desktop.intervention.forecast import LOG_ODDS_LIMIT, ForecastConfig, SignalTracker
from mile_desktop.intervention.forecast_reasons import named_reasons
from mile_desktop.intervention.model import InterventionModel
from mile_desktop.intervention.model_numpy import OneStateForecast, OneStateModel, OneStateOutputs, disagreement_of_one
from mile_desktop.intervention.posterior import BAND
from mile_desktop.intervention.probability_numpy import probabilities_of_one
from mile_desktop.intervention.success_band import SuccessBand
from mile_desktop.intervention.temporal import TemporalFilter
from mile_desktop.policies.policy import PolicyOutput
from mile_desktop.storage.reasons import MOST_REASONS, Reason

Source = Literal["ensemble", "published", "temporal"]
"""Which model the live probability comes from."""

ENOUGH_TAKEOVERS = 10
"""From here on the number is shown without reservation and may raise an alarm."""

FAMILIAR_EPISODES = 4
"""So many episodes a policy must have been supervised before it is no longer called new."""

_LEAST_P = 1e-5  # beyond the limit of the log-odds
_BAND_ERRORS = 1.28  # standard errors of c that go with the tenth and ninetieth percentile
_WIDE_ERROR = 0.5  # least standard error of c in units of σ while little is known
_NOTHING = InterventionEstimate(math.nan, math.nan, math.nan)


class LiveEstimator:
    """Computes the live number from an intervention model and the policy that is running.

    Owned by the rollout loop's thread; below a millisecond a step on one thread.

    Parameters
    ----------
    model : InterventionModel
        The model that is evaluated.
    running_policy_id : str
        The policy that is running; another one than the model was fitted to is new until it is known.
    episodes_with_policy : int
        Episodes of the running policy that were supervised before; those that begin here count on top.
    source : str
        ``ensemble``; ``published``, the first member alone; ``temporal``, the temporal model (the ensemble where none
        was fitted).
    band : SuccessBand or None
        Made from the running policy's successes; calls while the policy is new.
    observation_labels : sequence of str
        Of the observation's entries, to find the place of the end effector; may be empty.
    """

    def __init__(
        self,
        model: InterventionModel,
        *,
        running_policy_id: str,
        episodes_with_policy: int = 0,
        source: Source = "ensemble",
        band: SuccessBand | None = None,
        observation_labels: Sequence[str] = (),
    ) -> None:
        self._model = model
        self._band = band
        self._step = 0
        # Built once: it holds views of the weights and no copies.
        self._one_state = OneStateModel(model)
        self._networks = OneStateForecast(model.forecast) if model.forecast is not None else None
        entries = place_entries(observation_labels)
        self._places = CorrectedPlaces(model.forecast, entries) if model.forecast is not None and entries else None
        self._members = 1 if source == "published" else model.config.members
        temporal = model.config.temporal if source == "temporal" else None
        self._filter = TemporalFilter(temporal, self._members) if temporal else None
        self._tracker = SignalTracker()
        # A bundled model without a policy id was made for no policy in particular.
        self._is_new = bool(model.config.policy_id) and running_policy_id != model.config.policy_id
        self._episodes = episodes_with_policy
        self._begun = False

    @property
    def basis(self) -> str:
        """Which data the number is based on, for people."""
        parts = [_knowledge(self._model.config.takeovers, well_ranked=self._well_ranked)]
        forecast = self._model.config.forecast
        if forecast is not None and forecast.takeovers:
            parts.append(_forecast_basis(forecast))
        if self.calls_by == "p" and forecast is not None:
            parts.append("alarm: p")
        if self._policy_is_new:
            parts.append("new policy")
        if self._band_counts and self._band is not None:
            parts.append(f"called as in no more than {self._band.share:.0%} of its {self._band.successes} successes")
        return ", ".join(parts)

    def alarm(self, estimate: InterventionEstimate) -> float:
        """Return the number that calls: the forecast or p, whichever has earned it; NaN where none has.

        For a policy that is new only a band from its own successes calls, see ``InterventionEstimate.usual``.
        """
        return {"p": estimate.probability, "forecast": estimate.forecast}.get(self.calls_by, math.nan)

    @property
    def calls_by(self) -> Caller:
        """Which number alerts a person; for a policy that is new the one of its band, or none."""
        if self._policy_is_new:
            return "forecast" if self._band_counts else ""
        return self._earned

    @property
    def wants_band(self) -> bool:
        """Whether the policy is new and no band calls for it."""
        return self._policy_is_new and self._model.forecast is not None and not self._band_counts

    @property
    def _band_counts(self) -> bool:
        # A band that follows p is left out: p of a new policy is compared with people who have never seen it.
        return self._policy_is_new and self._band is not None and self._band.number == "forecast"

    def corrected_nearby(self, observation: Float32Array) -> tuple[Place, ...]:
        """Return the places of the corrected states that are nearest to the last observation, where they are near."""
        if self._places is None or self._networks is None:
            return ()
        return self._places.nearby(observation, [number for number, _ in self._networks.nearest_corrected()])

    def reset(self) -> None:
        """Begin a new episode."""
        # Counted at the next reset and only if a step was taken: resets without an episode must not make a policy
        # familiar.
        if self._begun:
            self._episodes += 1
        self._begun = False
        self._step = 0
        self._tracker.reset()
        if self._filter is not None:
            self._filter.reset()

    def estimate(
        self, observation: Float32Array, output: PolicyOutput, *, intervening: bool, held: bool = False
    ) -> InterventionEstimate:
        """Return p of the step about to be taken; NaN where observation or policy are not finite."""
        if not held:
            return self._estimate(observation, output, intervening=intervening)
        # What carries from step to step is put back: a hold would otherwise count as lost time and as an old takeover,
        # and the robot would call as soon as it is resumed.
        kept = copy.deepcopy((self._tracker, self._filter)), self._step, self._begun
        estimate = self._estimate(observation, output, intervening=intervening)
        (self._tracker, self._filter), self._step, self._begun = kept
        return estimate

    def _estimate(self, observation: Float32Array, output: PolicyOutput, *, intervening: bool) -> InterventionEstimate:
        self._begun = True
        # A policy that diverges gets no number; the loop's own checks hold the robot.
        if not all(np.isfinite(each).all() for each in (observation, output.mean, output.std)):
            return _NOTHING
        outputs = self._one_state.outputs(observation, output.mean, output.std)
        usual, dearer, cheaper = self._instantaneous(outputs)
        if self._filter is None:
            # Slices: for the published model only the first member counts.
            members = self._members
            estimate = _estimate(usual[:members], dearer[:members], cheaper[:members])
        else:
            # First the ν of the last step, then the prediction for this one.
            self._filter.observe(intervening=intervening)
            loss = outputs.threshold_loss
            loss = loss if isinstance(loss, int) else loss[: self._members]
            each = self._filter.predict(outputs.distances[: self._members], loss)
            estimate = _estimate(each, each, each)
        soon, reasons = self._forecast(observation, output.mean, outputs, usual, intervening=intervening)
        forecast, hand_back = (math.nan, soon) if intervening else (soon, math.nan)
        if self._earned == "p" and not intervening:
            others = [each for each in reasons if each.kind != "p"]
            reasons = (Reason("p", estimate.probability, 1.0), *others)[:MOST_REASONS]
        if intervening:
            hand_back = {"p": estimate.probability, "forecast": hand_back}.get(self.calls_by, math.nan)
        usual, reasons = self._compare_with_band(forecast, reasons)
        return InterventionEstimate(
            estimate.probability, estimate.low, estimate.high, forecast, reasons, hand_back, usual
        )

    def _compare_with_band(self, forecast: float, reasons: tuple[Reason, ...]) -> tuple[float, tuple[Reason, ...]]:
        """Return the band's edge at this step, and the reasons with the band first where the forecast is above it."""
        step, self._step = self._step, self._step + 1
        if self._band is None or not self._band_counts:
            return math.nan, reasons
        edge = self._band.edge(step)
        if forecast > edge:  # NaN, during takeovers, is not
            unusual = Reason("band", self._band.below(step, forecast), 1.0)
            reasons = (unusual, *reasons)[:MOST_REASONS]
        return edge, reasons

    def _forecast(
        self,
        observation: Float32Array,
        proposal: Float32Array,
        outputs: OneStateOutputs,
        each_p: Float64Array,
        *,
        intervening: bool,
    ) -> tuple[float, tuple[Reason, ...]]:
        """Return the forecast, which always uses the whole ensemble, and its reasons.

        NaN and no reason where there is no forecast. In takeovers it is the forecast for handing back now.
        """
        parts, networks = self._model.forecast, self._networks
        if parts is None or networks is None:
            return math.nan, ()
        p = min(max(fmean(each_p.tolist()), _LEAST_P), 1 - _LEAST_P)
        log_odds = min(max(math.log(p / (1 - p)), -LOG_ODDS_LIMIT), LOG_ODDS_LIMIT)
        # The tracker is fed during takeovers as well, so that elapsed time and counts stay right. Only the result is
        # withheld.
        time_to_go, nearness = networks.progress(observation)
        signals = self._tracker.step(
            log_odds,
            networks.onset(observation, proposal),
            time_to_go,
            disagreement_of_one(outputs.means),
            nearness,
            intervening=intervening,
        )
        contributions = parts.contributions(signals)
        if intervening:
            return parts.probability_of(contributions), ()
        return parts.probability_of(contributions), named_reasons(
            parts.config, signals, contributions, self._tracker, networks.nearest_corrected
        )

    def _instantaneous(self, outputs: OneStateOutputs) -> Float64Array:
        """Return p of each member, and with a cost by its error higher and lower, float64[3, members]."""
        config = self._model.config
        error = config.cost_error
        # Little is known about this person with this policy, and the calibration's own error would make the band too
        # narrow.
        if self._policy_is_new or config.takeovers < ENOUGH_TAKEOVERS:
            error = max(error, _WIDE_ERROR * config.cdf_scale)
        # A higher cost lowers p, so the second row is the lower edge.
        shifts = np.array((0.0, _BAND_ERRORS * error, -_BAND_ERRORS * error))
        beyond = (outputs.distances - config.cost) - shifts[:, None]
        return probabilities_of_one(beyond, config.cdf_scale, outputs.threshold_loss)

    @property
    def _earned(self) -> Caller:
        """Which number has earned an alarm: it is shipped, or based on enough takeovers; and beats a constant."""
        takeovers, forecast = self._model.config.takeovers, self._model.config.forecast
        if 0 < takeovers < ENOUGH_TAKEOVERS:
            return ""
        # The forecast first, measured on 40 unattended starts in each of four scenes: at .7 it called at least a second
        # before the end in 79 of 85 failures, and in 14 of 75 successes; p called at .5 in 66 and 16.
        if forecast is not None and forecast.score is not None and forecast.score.beats_constant:
            shipped = takeovers == forecast.takeovers == 0
            if shipped or forecast.takeovers >= ENOUGH_TAKEOVERS:
                return "forecast"
        return "p" if self._well_ranked else ""

    @property
    def _well_ranked(self) -> bool:
        score = self._model.config.score
        return score is not None and score.beats_constant

    @property
    def _policy_is_new(self) -> bool:
        return self._is_new and self._episodes < FAMILIAR_EPISODES


def _estimate(usual: Float64Array, dearer: Float64Array, cheaper: Float64Array) -> InterventionEstimate:
    """Put the mean of the members' p and the edges of the band together; rounding must not push one past the other."""
    # The mean of probabilities and not the probability at the mean: that is the posterior predictive.
    mean = min(1.0, fmean(usual.tolist()))
    return InterventionEstimate(mean, min(mean, _quantile(dearer, BAND[0])), max(mean, _quantile(cheaper, BAND[1])))


def _quantile(values: Float64Array, share: float) -> float:
    """Interpolate between the ordered ``values``."""
    ordered: list[float] = sorted(values.tolist())
    place = share * (len(ordered) - 1)
    below = int(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (place - below) * (ordered[above] - ordered[below])


def _knowledge(takeovers: int, *, well_ranked: bool) -> str:
    if takeovers == 0:
        return "shipped model"
    counted = "1 takeover" if takeovers == 1 else f"{takeovers} takeovers"
    if takeovers < ENOUGH_TAKEOVERS:
        return f"adapting to you: {counted}"
    return counted if well_ranked else f"{counted}, not better than a constant yet"


def _forecast_basis(forecast: ForecastConfig) -> str:
    """Return the basis of a forecast that was refitted to a person."""
    if forecast.takeovers < ENOUGH_TAKEOVERS or forecast.score is None or forecast.score.recall is None:
        return "forecast: adapting to you"
    return f"forecast announces {forecast.score.recall:.0%}"
