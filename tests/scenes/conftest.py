from collections.abc import Iterator

import numpy as np
import pytest

from mile_desktop.scenes.catalogue import scenes
from mile_desktop.scenes.environment import make_scene
from mile_desktop.scenes.manipulation import ManipulationEnv
from mile_desktop.scenes.task import Expert

PANDA_SCENES = tuple(info.name for info in scenes() if info.kind == "panda")


def open_env(scene: str) -> ManipulationEnv:
    unwrapped = make_scene(scene).unwrapped
    assert isinstance(unwrapped, ManipulationEnv)
    return unwrapped


def run(env: ManipulationEnv, expert: Expert, seed: int) -> tuple[bool, int]:
    """Let the expert drive an episode; return whether it succeeds, and its steps."""
    observation, info = env.reset(seed=seed)
    while True:
        action = expert(observation)
        assert action.dtype == np.float32
        assert action.shape == (4,)
        assert (np.abs(action) <= 1).all()
        observation, _, terminated, truncated, info = env.step(action)
        if terminated or truncated:
            return info["success"], info["step"]


@pytest.fixture(scope="module")
def peg_env() -> Iterator[ManipulationEnv]:
    made = open_env("peg-insertion")
    yield made
    made.close()


@pytest.fixture(scope="module", params=PANDA_SCENES)
def env(request: pytest.FixtureRequest) -> Iterator[ManipulationEnv]:
    """Each Panda scene in turn."""
    made = open_env(request.param)
    yield made
    made.close()
