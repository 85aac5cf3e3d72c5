from collections.abc import Iterator

import pytest

from mile_desktop.scenes.environment import make_scene
from mile_desktop.scenes.peg_insertion import PegInsertionEnv


@pytest.fixture(scope="module")
def env() -> Iterator[PegInsertionEnv]:
    made = make_scene("peg-insertion")
    unwrapped = made.unwrapped
    assert isinstance(unwrapped, PegInsertionEnv)
    yield unwrapped
    made.close()
