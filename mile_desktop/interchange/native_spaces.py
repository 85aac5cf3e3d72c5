"""Sizes and bounds that a scene's environment has by itself, which policies of other programs were made for."""

from contextlib import closing
from dataclasses import dataclass

import gymnasium
import numpy as np
import torch

from mile_desktop.scenes.catalogue import scene_info
from mile_desktop.scenes.environment import make_scene
from mile_desktop.scenes.gymnasium.inner import InnerEnv
from mile_desktop.scenes.gymnasium.spaces import ContinuousActions
from mile_desktop.scenes.scene_file import load_gymnasium_description


@dataclass(frozen=True, slots=True, eq=False)
class NativeSpaces:
    """What an environment takes and gives, before this program scales actions and puts frames side by side."""

    scene: str
    frame_size: int
    """Entries of one frame of the observation."""
    frames: int
    """Frames that a policy of this program sees, the newest one last."""
    largest: tuple[float, ...]
    """Largest magnitude of each entry of a frame; infinite where the environment has no bound."""
    action_size: int
    bounds: tuple[torch.Tensor, torch.Tensor] | None
    """Lowest and highest value of each entry of the action; None where actions are discrete."""


def native_spaces(scene: str) -> NativeSpaces:
    """Make the environment of ``scene`` once; imports its simulator.

    Raises ``UnknownSceneError`` or ``SceneDescriptionError`` as ``make_scene``.
    """
    info = scene_info(scene)
    if info.kind == "gymnasium":
        description = load_gymnasium_description(info.folder)
        with closing(InnerEnv(description)) as inner:
            rows, actions = inner.observations, inner.actions
            space = inner.env.action_space
        # The environment inside the scene's wrappers: a foreign policy knows nothing of our scaling and frames.
        frames = description.observation.frames
        continuous = isinstance(actions, ContinuousActions)
        return NativeSpaces(
            scene, len(rows.labels), frames, _largest(rows.low, rows.high), actions.size,
            _bounds(space) if continuous else None,
        )  # fmt: skip
    # Scenes of other kinds have no inner environment: what policies see is what the environment gives, one frame of it.
    with closing(make_scene(scene)) as env:
        observed, acted = env.observation_space, env.action_space
    assert isinstance(observed, gymnasium.spaces.Box)
    discrete = isinstance(acted, gymnasium.spaces.Discrete)
    size = int(acted.n) if isinstance(acted, gymnasium.spaces.Discrete) else int(np.prod(acted.shape or (1,)))
    return NativeSpaces(
        scene, observed.shape[0], 1, _largest(observed.low, observed.high), size, None if discrete else _bounds(acted)
    )


def _largest(low: np.ndarray, high: np.ndarray) -> tuple[float, ...]:
    return tuple(float(each) for each in np.maximum(np.abs(low), np.abs(high)))


def _bounds(space: gymnasium.spaces.Space[object]) -> tuple[torch.Tensor, torch.Tensor]:
    low, high = (torch.from_numpy(np.ravel(getattr(space, name)).astype(np.float32)) for name in ("low", "high"))
    return low, high
