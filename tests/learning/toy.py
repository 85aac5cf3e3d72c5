"""A point that has to reach the origin, an expert who knows how, and a policy that is wrong on one side."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from mile_desktop.intervention.data import SupervisedSteps
from mile_desktop.learning.dataset import supervised_steps
from mile_desktop.learning.settings import TrainingSettings
from mile_desktop.learning.trainer.trainer import Trainer
from mile_desktop.policies.networks import GaussianMlp
from mile_desktop.policies.torch_policy import TorchPolicy
from mile_desktop.storage.records import Episode, EpisodeStart, Outcome, Step
from mile_desktop.storage.steps import stack, summarise

OBSERVATIONS, ACTIONS = 3, 2
STEPS = 30
FAST = TrainingSettings(
    warm_start=True, epochs=12, batch=64, hidden=(32, 32), learning_rate=3e-3, device="cpu", held_out=0.2, fit_epochs=5
)


@dataclass
class Point:
    """Moves by a tenth of the action each step; starts on the unit square."""

    random: np.random.Generator
    least: float = -1.0
    most: float = 1.0
    """Where x starts; the biased policy is wrong on the right."""

    def __post_init__(self) -> None:
        self.place = self.random.uniform((self.least, -1), (self.most, 1)).astype(np.float32)

    def observe(self) -> np.ndarray:
        return np.array([*self.place, 0.5], dtype=np.float32)

    def step(self, action: np.ndarray) -> bool:
        self.place = (self.place + 0.1 * np.clip(action, -1, 1)).astype(np.float32)
        return bool(np.abs(self.place).max() < 0.1)


def expert(observation: np.ndarray) -> np.ndarray:
    return np.clip(-4 * observation[:2], -1, 1).astype(np.float32)


def biased_expert(observation: np.ndarray) -> np.ndarray:
    """Runs away to the upper right wherever x is positive: what the initial policy learned."""
    return np.array([0.6, 0.8], dtype=np.float32) if observation[0] > 0.15 else expert(observation)


def a_start(name: str, operator: str) -> EpisodeStart:
    return EpisodeStart(
        episode_id=name,
        scene="toy",
        seed=0,
        policy_id="toy-v0",
        operator=operator,
        device="",
        rate_hz=20.0,
        started_at="2026-01-01T00:00:00+00:00",
        software_version="0.1.0",
    )


def a_step(observation: np.ndarray, action: np.ndarray, *, human: bool, mean: np.ndarray, std: np.ndarray) -> Step:
    return Step(
        timestamp=0.0,
        observation=observation,
        policy_action=mean,
        policy_mean=mean,
        policy_std=std,
        human_action=action if human else None,
        action=action,
        intervention=human,
        intervention_prob=np.nan,
        intervention_prob_low=np.nan,
        intervention_prob_high=np.nan,
        forecast=np.nan,
        control_phase="takeover" if human else "autonomous",
        reward=0.0,
        success=False,
        scene_state=observation,
    )


def as_episode(name: str, steps: Sequence[Step], *, operator: str = "probit", outcome: Outcome = "success") -> Episode:
    return stack(summarise(a_start(name, operator), steps, outcome), steps)


def demonstration(name: str, seed: int, teacher: object = expert, *, left: bool = True) -> Episode:
    random = np.random.default_rng(seed)
    point, steps = Point(random, most=0.0 if left else 1.0), []
    for _ in range(STEPS):
        seen = point.observe()
        action = teacher(seen)  # type: ignore[operator]
        steps.append(a_step(seen, action, human=False, mean=action, std=np.full(2, 0.1, np.float32)))
        point.step(action + random.normal(0, 0.3, 2).astype(np.float32))
    return as_episode(name, steps, operator="demonstration")


def supervised(name: str, seed: int, policy: TorchPolicy, *, tolerance: float = 0.6) -> Episode:
    """Roll ``policy`` out; from the second step on the supervisor steps in where it is off by ``tolerance``, mostly."""
    random = np.random.default_rng(seed)
    point, steps = Point(random, least=-0.2), []
    for step in range(STEPS):
        seen = point.observe()
        output = policy.act(seen)
        wanted = expert(seen)
        off = np.abs(output.mean - wanted).max() + random.normal(0, 0.1)
        human = bool(step > 0 and off > tolerance)
        action = wanted if human else output.action
        steps.append(a_step(seen, action, human=human, mean=output.mean, std=output.std))
        point.step(action + random.normal(0, 0.2, 2).astype(np.float32))
    return as_episode(name, steps, outcome="success" if random.random() < 0.7 else "failure")


def demonstrations(count: int = 8) -> list[Episode]:
    """Demonstrations that say nothing about the side where the initial policy is wrong."""
    return [demonstration(f"demo-{index}", 100 + index) for index in range(count)]


def initial_policy() -> GaussianMlp:
    """Clone the biased expert."""
    steps = supervised_steps(
        [], [demonstration(f"old-{index}", index, biased_expert, left=False) for index in range(30)]
    )
    result = Trainer(
        steps, TrainingSettings(method="bc", epochs=60, batch=64, hidden=(32, 32), learning_rate=3e-3)
    ).run()
    assert isinstance(result.network, GaussianMlp)
    return result.network


def collected(network: GaussianMlp, count: int, first: int = 0) -> list[Episode]:
    policy = TorchPolicy(network, "toy-v0")
    return [supervised(f"ep-{first + index:03d}", 1000 + first + index, policy) for index in range(count)]


def round_of_data(network: GaussianMlp, episodes: int = 20, anchors: int = 8) -> SupervisedSteps:
    return supervised_steps(collected(network, episodes), demonstrations(anchors))


def success_rate(network: GaussianMlp, episodes: int = 200) -> float:
    policy = TorchPolicy(network, "toy")
    done = 0
    for seed in range(episodes):
        point = Point(np.random.default_rng(9000 + seed))
        done += any(point.step(policy.act(point.observe()).action) for _ in range(25))
    return done / episodes


def error_where_wrong(network: GaussianMlp) -> float:
    """Mean distance from the expert where the initial policy is biased."""
    random = np.random.default_rng(5)
    places = np.column_stack([random.uniform(0.2, 1, 400), random.uniform(-1, 1, 400), np.full(400, 0.5)])
    seen = places.astype(np.float32)
    wanted = np.stack([expert(each) for each in seen])
    with torch.inference_mode():
        mean, _ = network(torch.from_numpy(seen))
    return float(np.abs(mean.numpy().clip(-1, 1) - wanted).mean())
