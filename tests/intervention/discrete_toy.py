"""A point on a line that is pushed left, right or not at all: discrete actions and a supervisor who is known."""

import math

import numpy as np
import torch
from numpy.typing import NDArray

from mile_desktop.intervention.data import SupervisedSteps

ACTIONS = 3
SLIP = 0.05
COST, CDF_SCALE = 1.5, 0.7

Array = NDArray[np.float64]


def human(position: float, goal: float) -> Array:
    """Probabilities of left, nothing and right: towards the goal, with a slip now and then."""
    meant = 1 if abs(goal - position) < 0.1 else 2 * (goal > position)
    return np.where(np.arange(ACTIONS) == meant, 1 - SLIP + SLIP / ACTIONS, SLIP / ACTIONS)


def robot(position: float, goal: float) -> Array:
    """The human, who goes the wrong way on the right side."""
    towards = human(position, goal)
    return 0.9 * (towards[::-1] if position > 0.3 else towards) + 0.1 / ACTIONS


def intervention_probability(policy: Array, mental: Array) -> float:
    """Return the published p as it is written, without logarithms of sums."""
    log_policy = np.log(policy)
    expected = float(mental @ log_policy)
    normal = np.array([0.5 * math.erfc(-(log - expected - COST) / CDF_SCALE / math.sqrt(2)) for log in log_policy])
    return float(policy @ normal)


def one_hot(action: int) -> Array:
    return np.eye(ACTIONS)[action]


def recorded(episodes: int, *, demonstrations: int = 3, length: int = 60, seed: int = 0) -> SupervisedSteps:
    """Record supervised episodes and demonstrations of the human."""
    random = np.random.default_rng(seed)
    rows: list[dict[str, object]] = []
    for episode in range(episodes + demonstrations):
        position, goal = random.uniform(-1, 1, 2)
        for step in range(length):
            if random.random() < 0.08:
                goal = random.uniform(-1, 1)
            rows.append(_step(random, position, goal, episode, step, demonstration=episode >= episodes))
            position = float(np.clip(position + 0.08 * (np.argmax(rows[-1]["action"]) - 1), -1, 1))  # type: ignore[call-overload]
    columns = {name: np.stack([np.asarray(row[name]) for row in rows]) for name in rows[0]}
    kinds = {"intervention": torch.bool, "demonstration": torch.bool, "success": torch.bool}
    kinds |= {"episode": torch.int64, "step": torch.int64}
    return SupervisedSteps(
        **{name: torch.from_numpy(values).to(kinds.get(name, torch.float32)) for name, values in columns.items()},
        episode_ids=tuple(f"d{seed}-{episode}" for episode in range(episodes + demonstrations)),
    )


def _step(
    random: np.random.Generator, position: float, goal: float, episode: int, step: int, *, demonstration: bool
) -> dict[str, object]:
    wanted, expected = human(position, goal), robot(position, goal)
    command = one_hot(random.choice(ACTIONS, p=wanted))
    proposal = one_hot(random.choice(ACTIONS, p=expected))
    by_human = not demonstration and random.random() < intervention_probability(wanted, expected)
    unknown = np.full(ACTIONS, math.nan)
    return {
        "observation": np.array([position, goal]),
        "action": command if by_human or demonstration else proposal,
        "human_action": command if by_human else unknown,
        "policy_mean": unknown if demonstration else expected,
        "policy_std": unknown if demonstration else np.sqrt(expected * (1 - expected)),
        "intervention": by_human,
        "demonstration": demonstration,
        "success": True,
        "episode": episode,
        "step": step,
    }
