from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from mile_desktop.paths import SCENES_VARIABLE
from mile_desktop.scenes.environment import make_scene
from mile_desktop.scenes.gymnasium.environment import GymnasiumEnv

ODD = "tests.scenes.gymnasium.odd_environments:odd"
PENDULUM = """
kind = "gymnasium"
id = "Pendulum-v1"
title = "Pendulum"
max_steps = 50

[success]
return_at_least = -250.0

[[actions]]
label = "torque"
drive = "right"
"""
WALK = f"""
kind = "gymnasium"
id = "{ODD}/Walk-v0"
title = "Walk"
max_steps = 30

[success]
info = ["is_success"]

[[actions]]
label = "dx"
drive = "right"

[[actions]]
label = "dy"
drive = "away"
mode = "rate"
seconds = 0.5
"""

AddScene = Callable[..., Path]
OpenScene = Callable[..., GymnasiumEnv]


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(SCENES_VARIABLE, str(tmp_path / "scenes"))
    return tmp_path / "scenes"


@pytest.fixture
def add(own: Path) -> AddScene:
    """Write a scene into the user's folder of scenes and return its folder."""

    def write(text: str, name: str = "foreign", module: str = "") -> Path:
        folder = own / name
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "scene.toml").write_text(text)
        if module:
            (folder / "scene.py").write_text(module)
        return folder

    return write


@pytest.fixture
def opened(add: AddScene) -> Iterator[OpenScene]:
    """Write a scene and open its environment."""
    made: list[GymnasiumEnv] = []

    def open_it(text: str, name: str = "foreign", module: str = "") -> GymnasiumEnv:
        add(text, name, module)
        env = make_scene(name.replace("_", "-")).unwrapped
        assert isinstance(env, GymnasiumEnv)
        made.append(env)
        return env

    yield open_it
    for env in made:
        env.close()
