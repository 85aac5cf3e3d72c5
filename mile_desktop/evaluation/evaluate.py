"""Success of a policy on fixed seeds, without an operator and as fast as the machine can."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from mile_desktop.policies.policy import Policy
from mile_desktop.rollout.safety import output_problem
from mile_desktop.rollout.scene import DrivenScene

FIRST_EVALUATION_SEED = 1_000_000
"""Evaluation seeds begin here; seeds of training episodes begin at 0 and stay far below."""
FIRST_TRIAL_SEED = 2_000_000
"""Those on which a training tries its candidates: a policy that was chosen on a start is not evaluated on it."""

_log = logging.getLogger(__name__)


class EvaluationCancelledError(Exception):
    """The evaluation was cancelled by request."""


@dataclass(frozen=True, slots=True)
class EpisodeResult:
    """Result of one evaluation episode."""

    seed: int
    success: bool
    steps: int
    """Control steps taken."""
    crash: str = ""
    """Why the episode crashed; a crashed episode counts neither as success nor as failure."""
    total_reward: float = 0.0
    """Sum of rewards (the return)."""


def evaluation_seeds(episodes: int, first: int = FIRST_EVALUATION_SEED) -> tuple[int, ...]:
    """Return the fixed seeds of an evaluation over ``episodes`` episodes."""
    return tuple(range(first, first + episodes))


def evaluate(
    env: DrivenScene,
    policy: Policy,
    seeds: Sequence[int],
    *,
    on_result: Callable[[EpisodeResult], None] = lambda _: None,
    cancelled: Callable[[], bool] = lambda: False,
) -> tuple[EpisodeResult, ...]:
    """Roll ``policy`` out once for each seed.

    Parameters
    ----------
    on_result
        Called after each episode.
    cancelled
        Called before every step; True cancels the evaluation.

    Raises
    ------
    EvaluationCancelledError
        When ``cancelled`` returned True.
    """
    results = []
    for seed in seeds:
        result = evaluate_episode(env, policy, seed, cancelled=cancelled)
        results.append(result)
        on_result(result)
    return tuple(results)


def evaluate_episode(
    env: DrivenScene,
    policy: Policy,
    seed: int,
    *,
    before_step: Callable[[int], None] = lambda _: None,
    cancelled: Callable[[], bool] = lambda: False,
) -> EpisodeResult:
    """Roll ``policy`` out once, from the start that ``seed`` stands for.

    Parameters
    ----------
    before_step
        Called before every step with the number of steps taken so far; before ``cancelled``, so that it may receive
        the request to cancel.
    cancelled
        Called before every step; True cancels the episode.

    Raises
    ------
    EvaluationCancelledError
        When ``cancelled`` returned True.
    """
    steps, total_reward = 0, 0.0
    try:
        # Inside the ``try``: a scene can also fail at its start, which is a crash of this episode only.
        observation, _ = env.reset(seed=seed)
        policy.reset(seed)
        while True:
            # First, because it receives the commands, among them the one to cancel.
            before_step(steps)
            if cancelled():
                break
            output = policy.act(observation)
            # The same check as in supervision: a policy that would make the robot hold must not count as one that fails
            # the task.
            if problem := output_problem(output, env.action_size, discrete=env.discrete):
                return EpisodeResult(seed, success=False, steps=steps, crash=problem, total_reward=total_reward)
            observation, reward, terminated, truncated, info = env.step(output.action)
            steps += 1
            total_reward += reward
            if terminated or truncated:
                success = bool(info.get("success", False))
                return EpisodeResult(seed, success=success, steps=steps, total_reward=total_reward)
    except (RuntimeError, ValueError, ArithmeticError) as error:
        _log.warning("The episode of evaluation seed %d crashed: %s", seed, error)
        return EpisodeResult(seed, success=False, steps=steps, crash=str(error), total_reward=total_reward)
    raise EvaluationCancelledError(f"Cancelled during seed {seed}.")
