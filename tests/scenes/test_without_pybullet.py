"""The program without PyBullet, which is an extra on Python 3.12 and newer."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from mile_desktop.paths import SCENES_VARIABLE
from tests.scenes.gymnasium.conftest import PENDULUM

MISSING = "raise ModuleNotFoundError(\"No module named 'pybullet'\", name='pybullet')\n"
ADVICE = "The scene needs the package pybullet, which is not installed. Install it with `pip install pybullet`"
PARTS = """
import importlib
for name in (
    "app", "cli", "rollout.worker", "viewer.process", "viewer.robot_cameras", "inspection.worker", "evaluation.worker",
    "cameras.process", "cameras.replay_process", "robots.server", "interchange.dataset_formats",
):
    importlib.import_module(f"mile_desktop.{name}")
from mile_desktop.scenes.catalogue import broken_scenes, scene_info
assert not broken_scenes() and scene_info("peg-insertion")
from mile_desktop.viewer.stages import open_stage
for scene in ("lunar-lander", "pendulum"):
    stage = open_stage(scene, try_opengl=False)
    print(scene, stage.scene)
    stage.close()
try:
    open_stage("peg-insertion")
except Exception as error:
    print(type(error).__name__, error)
"""


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    hidden = tmp_path / "hidden"
    hidden.mkdir()
    for name in ("pybullet", "pybullet_data"):
        (hidden / f"{name}.py").write_text(MISSING)
    folder = tmp_path / "scenes" / "pendulum"
    folder.mkdir(parents=True)
    (folder / "scene.toml").write_text(PENDULUM)
    root = str(Path(__file__).parents[2])
    path = os.pathsep.join([str(hidden), root])
    return os.environ | {"PYTHONPATH": path, SCENES_VARIABLE: str(tmp_path / "scenes"), "QT_QPA_PLATFORM": "offscreen"}


def python(environment: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, *arguments], env=environment, capture_output=True, text=True, check=False)


def test_every_process_starts_and_draws_what_needs_no_pybullet(environment: dict[str, str]) -> None:
    found = python(environment, "-c", PARTS)
    assert found.returncode == 0, found.stderr
    lander, pendulum, peg = found.stdout.splitlines()
    assert (lander, pendulum) == ("lunar-lander lunar-lander", "pendulum pendulum")
    assert peg.startswith(f"MissingEngineError {ADVICE}")


def test_gymnasium_scenes_run_and_a_panda_scene_says_what_it_needs(environment: dict[str, str], tmp_path: Path) -> None:
    common = ("-m", "mile_desktop", "rollout", "--workspace", str(tmp_path / "w"), "--scene")
    assert python(environment, *common, "pendulum").returncode == 0
    found = python(environment, *common, "peg-insertion")
    assert found.returncode == 1
    assert found.stderr.startswith(f"mile-desktop: {ADVICE}")
    assert "or choose another scene" in found.stderr
