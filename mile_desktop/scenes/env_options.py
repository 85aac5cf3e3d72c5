"""Options of a scene in ``gymnasium.make``: another reward, pictures as observations; and tables of its spaces."""

import re
from typing import Any, Literal, cast

import gymnasium
import numpy as np
from gymnasium.wrappers import AddRenderObservation

from mile_desktop.arrays import Float32Array
from mile_desktop.scenes.catalogue import SceneInfo

Reward = Literal["sparse", "dense"]
Observation = Literal["state", "pixels"]

_AGE = re.compile(r" @ t-\d+")
_OFFSET = re.compile(r"(?P<pair>.+ - .+) (?P<axis>[xyz])\b.*")


class DenseReward(gymnasium.Wrapper[Float32Array, Any, Float32Array, Any]):
    """Adds −Σ‖offset‖ to the scene's reward: the distances that a Panda scene measures, in metres, newest frame.

    In peg insertion these are the way from the gripper to the handle and from the tip of the peg to the hole. The sum
    is at most 0 and has no parameters; 1 is added on the step that completes the task, as without it.

    Raises ``ValueError`` where the scene measures no offset.
    """

    def __init__(self, env: gymnasium.Env[Float32Array, Any]) -> None:
        super().__init__(env)
        labels: tuple[str, ...] = cast("Any", env.unwrapped).observation_labels
        groups: dict[str, list[int]] = {}
        for index, label in enumerate(labels):
            found = None if _AGE.search(label) else _OFFSET.match(label)
            if found is not None:
                groups.setdefault(found["pair"], []).append(index)
        self._offsets = [columns for columns in groups.values() if len(columns) == 3]
        if not self._offsets:
            raise ValueError("reward: found 'dense', expected 'sparse': this scene measures no offsets")

    def step(self, action: Any) -> tuple[Float32Array, float, bool, bool, dict[str, Any]]:  # noqa: ANN401 - as gymnasium's
        """Take one step."""
        observation, reward, terminated, truncated, info = self.env.step(action)
        distance = sum(float(np.linalg.norm(observation[columns])) for columns in self._offsets)
        return observation, float(reward) - distance, terminated, truncated, info


def with_options(
    env: gymnasium.Env[Float32Array, Any], info: SceneInfo, reward: str, observation: str
) -> gymnasium.Env[Any, Any]:
    """Return ``env`` with the reward and the observation that were asked for.

    Scenes of kind ``own`` and ``gymnasium`` have the reward of their environment, which both words stand for.

    Raises ``ValueError`` where a word is none of those known.
    """
    if reward not in {"sparse", "dense"}:
        raise ValueError(f"reward: found {reward!r}, expected 'sparse' or 'dense'")
    if observation not in {"state", "pixels"}:
        raise ValueError(f"observation: found {observation!r}, expected 'state' or 'pixels'")
    if reward == "dense" and info.kind == "panda":
        env = DenseReward(env)
    # only the picture: what a camera would see, for policies that look
    return AddRenderObservation(env, render_only=True) if observation == "pixels" else env


def space_tables(info: SceneInfo, env: gymnasium.Env[Any, Any]) -> str:
    """Return the tables of actions and observations in the form of gymnasium's documents, in Markdown."""
    bare = cast("Any", env.unwrapped)
    space: Any = bare.observation_space
    lines = [info.summary, "", "| number | action | lowest | highest |", "| --- | --- | --- | --- |"]
    if info.choices:
        lines += [f"| {number} | {choice.title} | | |" for number, choice in enumerate(info.choices)]
    else:
        titles = [each.title or each.label for each in info.entries] or list(info.action_labels)
        lines += [f"| {number} | {title} | -1 | 1 |" for number, title in enumerate(titles)]
    lines += ["", "| number | observation | lowest | highest |", "| --- | --- | --- | --- |"]
    # Not strict: a scene whose labels do not fit its space is refused by the check of scenes, with a better sentence.
    rows = zip(bare.observation_labels, space.low, space.high, strict=False)
    lines += [f"| {number} | {label} | {low:.4g} | {high:.4g} |" for number, (label, low, high) in enumerate(rows)]
    lines += [
        "",
        f"{info.rate_hz:g} steps a second, at most {info.max_steps} steps. `info` has `success` and `is_success`.",
    ]
    return "\n".join(lines)
