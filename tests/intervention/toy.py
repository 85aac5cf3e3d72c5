"""A point on a table: a policy that goes wrong on one side, and a supervisor whose every parameter is known."""

import math
from dataclasses import dataclass

import numpy as np
import torch

from mile_desktop.intervention.data import SupervisedSteps

HUMAN_STD = 0.25
POLICY_STD = 0.2
ACTIONS = 2
OBSERVATIONS = 4


@dataclass(frozen=True)
class Supervisor:
    """Decides with the model of the publication on evidence that may be old and gathered, and may hold on."""

    cost: float = 4.0
    cdf_scale: float = 1.0
    retention: float = 0.0
    delay_steps: int = 0
    hand_back: float = 1.0
    """Probability of deciding afresh at each step of a takeover."""


def expert(position: np.ndarray, goal: np.ndarray) -> np.ndarray:
    return np.clip(4 * (goal - position), -0.8, 0.8)


def robot(position: np.ndarray, goal: np.ndarray, flaw: float) -> np.ndarray:
    """The expert, drawn aside where x > 0."""
    aside = flaw * max(0.0, float(position[0])) * np.array([0.4, -1.0])
    return np.clip(expert(position, goal) + aside, -1, 1)


def recorded(
    episodes: int,
    *,
    supervisor: Supervisor | None = None,
    flaw: float = 1.2,
    demonstrations: int = 4,
    length: int = 60,
    seed: int = 0,
) -> SupervisedSteps:
    """Record ``episodes`` supervised ones and ``demonstrations`` of the expert, ``length`` steps each."""
    random = np.random.default_rng(seed)
    rows: list[dict[str, object]] = []
    for episode in range(episodes + demonstrations):
        rows += _episode(random, episode, episode >= episodes, supervisor or Supervisor(), flaw, length)
    columns = {name: np.stack([np.asarray(row[name]) for row in rows]) for name in rows[0]}
    kinds = {"intervention": torch.bool, "demonstration": torch.bool, "success": torch.bool}
    kinds |= {"episode": torch.int64, "step": torch.int64}
    return SupervisedSteps(
        **{name: torch.from_numpy(values).to(kinds.get(name, torch.float32)) for name, values in columns.items()},
        episode_ids=tuple(f"e{seed}-{episode}" for episode in range(episodes + demonstrations)),
    )


def _episode(  # noqa: PLR0917 - called once
    random: np.random.Generator, episode: int, demonstration: bool, supervisor: Supervisor, flaw: float, length: int
) -> list[dict[str, object]]:
    position, goal = random.uniform(-1, 1, 2), random.uniform(-1, 1, 2)
    evidence: list[float] = []
    rows, holding = [], False
    for step in range(length):
        if random.random() < 0.05:
            goal = random.uniform(-1, 1, 2)
        human, mean = expert(position, goal), robot(position, goal, flaw)
        distance = 0.5 * np.sum((POLICY_STD**2 + (mean - human) ** 2) / HUMAN_STD**2)
        gathered = supervisor.retention * (evidence[-1] if evidence else 0.0) + distance - supervisor.cost
        evidence.append(gathered)
        used = evidence[max(0, step - supervisor.delay_steps)]
        noise = random.gamma(ACTIONS / 2) + supervisor.cdf_scale * random.standard_normal()
        if not (holding and random.random() >= supervisor.hand_back):
            holding = bool(used > noise)
        command = np.clip(random.normal(human, HUMAN_STD), -1, 1)
        proposal = np.clip(random.normal(mean, POLICY_STD), -1, 1)
        by_human = holding and not demonstration
        action = command if by_human or demonstration else proposal
        unknown = np.full(ACTIONS, math.nan)
        rows.append(
            {
                "observation": np.concatenate((position, goal)),
                "action": action,
                "human_action": command if by_human else unknown,
                "policy_mean": unknown if demonstration else mean,
                "policy_std": unknown if demonstration else np.full(ACTIONS, POLICY_STD),
                "intervention": by_human,
                "demonstration": demonstration,
                "success": True,
                "episode": episode,
                "step": step,
            }
        )
        position = np.clip(position + 0.08 * action, -1, 1)
    return rows
