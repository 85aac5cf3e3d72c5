"""A scene, a policy and an operator small enough to reason about: a point on a line."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from mile_desktop.arrays import Float32Array
from mile_desktop.intervention.corrected_places import Place
from mile_desktop.intervention.estimate import Caller, InterventionEstimate
from mile_desktop.operators.operator import OperatorContext, OperatorReading, OperatorRequest
from mile_desktop.policies.policy import PolicyOutput
from mile_desktop.registry.running_policy import RunningPolicy
from mile_desktop.rollout.clock import SimulatedClock
from mile_desktop.rollout.live_robot import LiveRobot
from mile_desktop.rollout.loop import RolloutLoop
from mile_desktop.rollout.messages import Event
from mile_desktop.storage.reasons import Reason
from mile_desktop.storage.records import EpisodeStart, Outcome, Step


def vector(*values: float) -> Float32Array:
    return np.asarray(values, np.float32)


class PointScene:
    """The point starts at 0 and is to reach 1; each action moves it by a tenth."""

    action_size = 1
    discrete = False
    max_steps = 30

    def __init__(self) -> None:
        self.position = 0.0
        self.steps = 0
        self.seeds: list[int] = []
        self.rebased = 0
        self.breaks_at: int | None = None
        self.taken = 0
        self.kept: dict[int, tuple[float, int]] = {}

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Float32Array, dict[str, Any]]:
        self.position, self.steps = 0.0, 0
        self.kept.clear()
        self.seeds.append(-1 if seed is None else seed)
        return vector(self.position), {}

    def step(self, action: Float32Array) -> tuple[Float32Array, float, bool, bool, dict[str, Any]]:
        if self.steps == self.breaks_at:
            raise RuntimeError("the physics server does not answer")
        self.position += 0.1 * float(action[0])
        self.steps += 1
        success = self.position > 0.999
        return vector(self.position), float(success), success, self.steps >= self.max_steps, {"success": success}

    def scene_state(self) -> Float32Array:
        return vector(self.position)

    def view_state(self) -> Float32Array:
        return self.scene_state()

    def rebase(self) -> None:
        self.rebased += 1

    rewinds_exactly = True

    def snapshot(self) -> int:
        self.taken += 1
        self.kept[self.taken] = (self.position, self.steps)
        return self.taken

    def restore(self, token: int) -> Float32Array:
        self.position, self.steps = self.kept[token]
        return vector(self.position)

    def release(self, token: int) -> None:
        del self.kept[token]

    def close(self) -> None:
        return


class ConstantPolicy:
    def __init__(self, action: float, policy_id: str = "constant") -> None:
        self.action = action
        self._policy_id = policy_id

    @property
    def policy_id(self) -> str:
        return self._policy_id

    def reset(self, seed: int) -> None:
        return

    def act(self, observation: Float32Array) -> PolicyOutput:
        return PolicyOutput(vector(self.action), vector(self.action), vector(0.1))


class FixedEstimator:
    basis = "fixed"
    earned = True
    wants_band = False

    def __init__(self, probability: float = 0.25) -> None:
        self.probability = probability
        self.hand_back = math.nan
        self.held: list[bool] = []

    @property
    def calls_by(self) -> Caller:
        return "p" if self.earned else ""

    def alarm(self, estimate: InterventionEstimate) -> float:
        return estimate.probability if self.earned else math.nan

    def corrected_nearby(self, observation: Float32Array) -> tuple[Place, ...]:
        return ((float(observation[0]), 0.0, 0.5),)

    def reset(self) -> None:
        return

    def estimate(
        self, observation: Float32Array, output: PolicyOutput, *, intervening: bool, held: bool = False
    ) -> InterventionEstimate:
        self.held.append(held)
        return InterventionEstimate(
            self.probability,
            self.probability - 0.1,
            self.probability + 0.1,
            reasons=(Reason("stalled", 12.0, 0.6),),
            hand_back=self.hand_back if intervening else math.nan,
        )


class ScriptedOperator:
    """Says what the test tells it to, until told otherwise; requests are given once."""

    kind = "scripted"
    device = "Test pad"
    instruction = "hold T"

    def __init__(self) -> None:
        self.takeover = False
        self.connected = True
        self.rewind = False
        self.action = 1.0
        self.requests: list[OperatorRequest] = []
        self.seen: list[OperatorContext] = []

    def reset(self, seed: int) -> None:
        return

    def poll(self, context: OperatorContext) -> OperatorReading:
        self.seen.append(context)
        requests, self.requests = tuple(self.requests), []
        return OperatorReading(
            self.takeover, vector(self.action), requests, rewind=self.rewind, connected=self.connected
        )

    def close(self) -> None:
        return


class MemorySink:
    """Keeps what a recorder would write."""

    def __init__(self) -> None:
        self.problem = ""
        self.settling = False
        self.starts: list[EpisodeStart] = []
        self.steps: list[Step] = []
        self.ends: list[Outcome | str] = []

    def begin(self, start: EpisodeStart) -> None:
        self.starts.append(start)

    def append(self, step: Step) -> None:
        self.steps.append(step)

    def end(self, outcome: Outcome) -> None:
        self.ends.append(outcome)

    def discard(self) -> None:
        self.ends.append("discarded")


class PointRollout:
    """The loop over the point scene, with everything around it in reach of the test."""

    def __init__(self, *, action: float = 0.5, probability: float = 0.25, live: LiveRobot | None = None) -> None:
        self.scene = PointScene()
        self.policy = ConstantPolicy(action)
        self.estimator = FixedEstimator(probability)
        self.operator = ScriptedOperator()
        self.sink = MemorySink()
        self.events: list[Event] = []
        self.clock = SimulatedClock()
        self.shown: list[float] = []
        self.hazard = ""
        self.loop = RolloutLoop(
            env=self.scene,
            running=RunningPolicy(self.policy, "v0", self.estimator),
            operator=self.operator,
            sink=self.sink,
            publish=self.events.append,
            clock=self.clock,
            describe_episode=self._describe,
            show=lambda state, _step: self.shown.append(float(state[0])),
            first_seed=7,
            dwell_steps=2,
            rewind_steps=10,
            hazard=lambda: self.hazard,
            live=live,
        )

    def tick(self, times: int = 1) -> None:
        for _ in range(times):
            self.loop.tick()
            self.clock.advance(0.05)

    def executed(self) -> Sequence[float]:
        return [round(float(step.action[0]), 3) for step in self.sink.steps]

    def _describe(self, seed: int, running: RunningPolicy) -> EpisodeStart:
        return EpisodeStart(
            episode_id=f"e{seed}-{len(self.sink.starts)}",
            scene="point",
            seed=seed,
            policy_id=running.policy.policy_id,
            operator="",
            device="",
            rate_hz=20.0,
            started_at="2026-01-01T00:00:00+00:00",
            software_version="test",
        )
