"""One step as it is recorded, and as it is sent to the window."""

import math
from collections.abc import Mapping
from typing import Any

from mile_desktop.arrays import Float32Array
from mile_desktop.intervention.estimate import InterventionEstimate
from mile_desktop.policies.policy import PolicyOutput
from mile_desktop.rollout.episode_state import EpisodeState
from mile_desktop.rollout.messages import EpisodeClosed, StepTaken
from mile_desktop.rollout.phases import Phase
from mile_desktop.storage.reasons import encode_reasons
from mile_desktop.storage.records import EpisodeRecord, Step


def recorded_step(
    episode: EpisodeState,
    output: PolicyOutput,
    estimate: InterventionEstimate,
    *,
    timestamp: float,
    scene_state: Float32Array,
    human_action: Float32Array | None,
    commanded: Float32Array,
    reward: float,
    info: Mapping[str, Any],
    phase: Phase,
    operator: str,
) -> Step:
    """Return the step that was just taken, as it is kept; time and scene state are from before it.

    Parameters
    ----------
    human_action
        What the operator wanted; None where the policy drove.
    commanded
        What was sent, after the slew limit; ``info["executed"]`` is what became of it, where a robot was slower.
    info
        As the scene gave it, with ``success``.
    """
    human = phase is Phase.TAKEOVER
    return Step(
        timestamp=timestamp,
        observation=episode.observation,
        policy_action=output.action,
        policy_mean=output.mean,
        policy_std=output.std,
        human_action=human_action,
        action=info.get("executed", commanded),  # only a robot reports what it executed
        intervention=human,
        intervention_prob=estimate.probability,
        intervention_prob_low=estimate.low,
        intervention_prob_high=estimate.high,
        forecast=estimate.forecast,
        control_phase=phase.value,
        reward=float(reward),
        success=bool(info.get("success", False)),
        scene_state=scene_state,
        starts_at_row=episode.starts_at_row,
        operator=operator if human else "",
        reasons=encode_reasons(estimate.reasons),
        call_mark=episode.call_mark,
        words=episode.words if human else "",
    )


def announcement(episode: EpisodeState, step: Step, phase: Phase, *, usual: float = math.nan) -> StepTaken:
    """Return the message about ``step`` for the window; ``usual`` as in ``InterventionEstimate``."""
    return StepTaken(
        episode_id=episode.start.episode_id,
        step=episode.step,
        timestamp=step.timestamp,
        intervention=step.intervention,
        probability=step.intervention_prob,
        low=step.intervention_prob_low,
        high=step.intervention_prob_high,
        forecast=step.forecast,
        # Messages hold plain numbers: they are msgpack, and the window then needs no array types to read them.
        proposed=tuple(step.policy_action.tolist()),
        executed=tuple(step.action.tolist()),
        std=tuple(step.policy_std.tolist()),
        phase=phase,
        reasons=step.reasons,
        usual=usual,
        words=step.words,
        observation=tuple(step.observation.tolist()),
    )


def closing(record: EpisodeRecord, *, discarded: bool) -> EpisodeClosed:
    """Return the message that an episode is on disk, or in the bin."""
    return EpisodeClosed(
        episode_id=record.episode_id,
        outcome=record.outcome,
        steps=record.steps,
        takeovers=record.takeovers,
        human_steps=record.human_steps,
        mean_intervention_prob=record.mean_intervention_prob,
        discarded=discarded,
    )
