"""Supervised episodes in memory: the real rollout loop, with a list instead of the recorder, in simulated time."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import mile_desktop
from mile_desktop.arrays import Float32Array
from mile_desktop.operators.operator import Operator
from mile_desktop.policies.policy import Policy
from mile_desktop.registry.intervention_models import NoEstimate
from mile_desktop.registry.running_policy import RunningPolicy
from mile_desktop.rollout.clock import SimulatedClock
from mile_desktop.rollout.headless import RolloutHeldError
from mile_desktop.rollout.loop import RolloutLoop
from mile_desktop.rollout.messages import Event
from mile_desktop.rollout.phases import Phase
from mile_desktop.rollout.scene import DrivenScene
from mile_desktop.scenes.catalogue import SceneInfo
from mile_desktop.storage.records import Episode, EpisodeStart, Outcome, Step
from mile_desktop.storage.steps import stack, summarise


class EpisodeList:
    """Keeps in memory what the recorder would write; a ``StepSink``."""

    problem = ""
    settling = False

    def __init__(self) -> None:
        self.episodes: list[Episode] = []
        self._start: EpisodeStart | None = None
        self._steps: list[Step] = []

    def begin(self, start: EpisodeStart) -> None:
        """Open an episode."""
        self._start, self._steps = start, []

    def append(self, step: Step) -> None:
        """Keep one step."""
        self._steps.append(step)

    def end(self, outcome: Outcome) -> None:
        """Keep the episode if it has a step."""
        if self._start is not None and self._steps:
            self.episodes.append(stack(summarise(self._start, self._steps, outcome), self._steps))
        self._start = None

    def discard(self) -> None:
        """Drop the episode."""
        self._start = None


def collect(
    scene: DrivenScene,
    info: SceneInfo,
    policy: Policy,
    operator: Operator,
    *,
    first_seed: int,
    episodes: int,
    notes: Mapping[str, Any] | None = None,
    cancelled: Callable[[], bool] = lambda: False,
) -> tuple[Episode, ...]:
    """Roll ``policy`` out under ``operator`` on ``episodes`` seeds from ``first_seed`` on, as fast as the machine can.

    Equal arguments give equal episodes; their ids follow from the seed and the policy.

    Parameters
    ----------
    notes
        Kept with every episode, in ``EpisodeStart.extra``.
    cancelled
        Asked before every step; when it returns True, the episode that runs is dropped and the others are returned.

    Raises
    ------
    RolloutHeldError
        When the robot has to hold: no person can resume.
    """
    kept = EpisodeList()
    clock = SimulatedClock()
    loop = RolloutLoop(
        env=scene,
        running=RunningPolicy(policy, policy.policy_id, NoEstimate()),
        operator=operator,
        sink=kept,
        publish=_no_listener,
        clock=clock,
        describe_episode=partial(_described, info, operator, notes or {}),
        show=_no_view,
        first_seed=first_seed,
        dwell_steps=0,
    )
    loop.start(episodes)
    while loop.phase is not Phase.IDLE:
        if cancelled():
            break
        loop.tick()
        clock.advance(1 / info.rate_hz)
        if loop.phase in {Phase.HOLD, Phase.STOPPED}:
            raise RolloutHeldError(loop.reason)
    return tuple(kept.episodes)


def _described(
    info: SceneInfo, operator: Operator, notes: Mapping[str, Any], seed: int, running: RunningPolicy
) -> EpisodeStart:
    return EpisodeStart(
        episode_id=f"{running.policy.policy_id}-{seed}",
        scene=info.name,
        seed=seed,
        policy_id=running.policy.policy_id,
        operator=operator.kind,
        device=operator.device,
        rate_hz=info.rate_hz,
        started_at="",
        software_version=mile_desktop.__version__,
        extra=dict(notes),
    )


def _no_listener(_event: Event) -> None:
    return


def _no_view(_state: Float32Array, _step: int) -> None:
    return
