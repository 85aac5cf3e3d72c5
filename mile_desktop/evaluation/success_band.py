"""Makes the band of a new policy: its successful evaluation episodes are run again, with the forecast watching."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from mile_desktop.arrays import Float32Array, Float64Array
from mile_desktop.evaluation.evaluate import evaluate_episode, evaluation_seeds
from mile_desktop.intervention.estimate import InterventionEstimator
from mile_desktop.intervention.live_estimator import LiveEstimator
from mile_desktop.intervention.model import InterventionModel
from mile_desktop.intervention.success_band import FEWEST_SUCCESSES, SuccessBand, fit_success_band
from mile_desktop.policies.policy import Policy, PolicyOutput
from mile_desktop.registry.intervention_models import episodes_driven_by, intervention_folder, load_with_forecast
from mile_desktop.registry.policies import load_named_policy
from mile_desktop.registry.success_bands import load_success_band, model_mark, needs_band, save_success_band
from mile_desktop.rollout.scene import DrivenScene, GymScene
from mile_desktop.storage.catalogue import Catalogue
from mile_desktop.storage.workspace import Workspace

MOST_SUCCESSES = 24
"""More would make the band only a little narrower, and take longer than a person takes to begin."""
_STARTS = 20
"""Evaluated where a policy has no evaluation yet."""


@dataclass(frozen=True, slots=True)
class FoundBand:
    """The band of a policy, or why there is none."""

    band: SuccessBand | None
    changed: bool
    """Whether another band is in force than before."""
    reason: str
    """One sentence."""


def make_success_band(
    workspace: Workspace,
    scene: str,
    policy: str,
    *,
    only_new: bool = False,
    report: Callable[[float, str], None] = lambda _share, _text: None,
) -> FoundBand:
    """Make the band of ``policy`` and keep it in the workspace; one that is there for the same model is kept.

    The successes are those of its kept evaluations, or else of the first evaluation starts. Episodes are exact
    repetitions, so that a start that succeeded succeeds again. With ``only_new`` nothing is run for a policy that
    people have supervised, or that the intervention model was fitted to: its band would not be used.

    Raises
    ------
    UnknownPolicyError, PolicyFileError, InterventionModelError, UnknownSceneError
        When a part cannot be loaded.
    """
    driven = GymScene.make(scene)
    try:
        loaded = load_named_policy(workspace, scene, policy, driven)
        policy_id = loaded.policy.policy_id
        folder = intervention_folder(workspace, scene, policy_id)
        if folder is None:
            return FoundBand(None, changed=False, reason=f"{scene} has no intervention model yet; train one.")
        model = load_with_forecast(workspace, folder)
        if only_new and not _is_new(workspace, scene, policy_id, model):
            return FoundBand(None, changed=False, reason="The policy is no longer new, so its band is not used.")
        known = load_success_band(workspace, policy_id, model)
        if known is not None:
            return FoundBand(known, changed=False, reason="The band is there already.")
        watched = _WatchedPolicy(loaded.policy, LiveEstimator(model, running_policy_id=policy_id))
        courses = _courses(driven, watched, _starts(workspace, scene, policy_id), report)
    finally:
        driven.close()
    number = "forecast" if model.forecast is not None else "p"
    band = fit_success_band(courses, policy_id=policy_id, model_mark=model_mark(model), number=number)
    if band is None:
        reason = f"It succeeded from {len(courses)} starts; a band needs {FEWEST_SUCCESSES}."
        return FoundBand(None, changed=False, reason=reason)
    save_success_band(workspace, band)
    return FoundBand(band, changed=True, reason=f"Made from {band.successes} successes.")


def _is_new(workspace: Workspace, scene: str, policy_id: str, model: InterventionModel) -> bool:
    # A bundled model without a policy id was made for no policy in particular, as in ``LiveEstimator``.
    fitted_to = model.config.policy_id
    return bool(fitted_to) and fitted_to != policy_id and needs_band(episodes_driven_by(workspace, scene, policy_id))


class _WatchedPolicy:
    """A policy whose number is noted at every step."""

    def __init__(self, policy: Policy, estimator: InterventionEstimator) -> None:
        self._policy, self._estimator = policy, estimator
        self.course: list[float] = []

    @property
    def policy_id(self) -> str:
        """Of the policy that is watched."""
        return self._policy.policy_id

    def reset(self, seed: int) -> None:
        """Begin a new episode."""
        self._policy.reset(seed)
        self._estimator.reset()
        self.course = []

    def act(self, observation: Float32Array) -> PolicyOutput:
        """Act as the policy does, and note the number."""
        output = self._policy.act(observation)
        estimate = self._estimator.estimate(observation, output, intervening=False)
        self.course.append(estimate.probability if math.isnan(estimate.forecast) else estimate.forecast)
        return output


def _starts(workspace: Workspace, scene: str, policy_id: str) -> tuple[int, ...]:
    """Return the starts to run: those known to succeed, or the first ones where nothing is known."""
    found: dict[int, bool] = {}
    for record in Catalogue(workspace).evaluations(scene, policy_id=policy_id):
        found |= dict(zip(record.seeds, record.outcomes, strict=True))
    if not found:
        return evaluation_seeds(_STARTS)
    return tuple(sorted(seed for seed, success in found.items() if success))[:MOST_SUCCESSES]


def _courses(
    driven: DrivenScene, policy: _WatchedPolicy, starts: tuple[int, ...], report: Callable[[float, str], None]
) -> list[Float64Array]:
    courses = []
    for done, seed in enumerate(starts):
        report(done / len(starts), f"Start {done + 1} of {len(starts)}")
        # An outcome that differs from the kept one, as after a change of the simulator, decides.
        if evaluate_episode(driven, policy, seed).success:
            courses.append(np.array(policy.course))
    return courses
