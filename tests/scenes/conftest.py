from collections.abc import Iterator

import pytest

from mile_desktop.scenes.catalogue import scenes
from mile_desktop.scenes.environment import make_scene
from mile_desktop.scenes.manipulation import ManipulationEnv

PANDA_SCENES = tuple(info.name for info in scenes() if info.kind == "panda")


def open_env(scene: str) -> ManipulationEnv:
    unwrapped = make_scene(scene).unwrapped
    assert isinstance(unwrapped, ManipulationEnv)
    return unwrapped


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
