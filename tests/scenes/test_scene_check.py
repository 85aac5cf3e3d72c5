from pathlib import Path

import pytest

from mile_desktop.cli import main
from mile_desktop.paths import SCENES_VARIABLE
from mile_desktop.scenes.catalogue import UnknownSceneError
from mile_desktop.scenes.scene_check import check_scene

_HEAD = """
kind = "own"
title = "Line"
summary = "Go to the end of a line."
env_id = "mine/Line-v0"
max_steps = 60
rate_hz = 20.0
action_labels = ["dx"]
"""
_ENV = """
import time

import gymnasium
import numpy as np


class Line(gymnasium.Env):
    observation_space = gymnasium.spaces.Box(-10.0, 10.0, (1,), np.float32)
    action_space = gymnasium.spaces.Box(-1.0, 1.0, (1,), np.float32)
    observation_labels = ("x (m)",)

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.x, self.steps, self.kept = self.np_random.uniform(-1.0, 0.0), 0, []
        return self.seen(), {"success": False}

    def seen(self):
        return np.array([self.x], np.float32)

    def step(self, action):
        self.x, self.steps = float(np.clip(self.x + 0.1 * float(action[0]), -10, 10)), self.steps + 1
        done = self.x > 1.0
        return self.seen(), float(done), done, self.steps >= 60, {"success": done}

    def scene_state(self):
        return self.seen()

    def snapshot(self):
        self.kept.append(self.x)
        return len(self.kept)

    def restore(self, token):
        self.x = self.kept[token - 1]
        return self.seen()

    def release(self, token):
        pass


def make_env():
    return Line()


def EXPERT(observation):
    return np.array([1.0], np.float32)
"""


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(SCENES_VARIABLE, str(tmp_path))
    folder = tmp_path / "line"
    folder.mkdir()
    (folder / "scene.toml").write_text(_HEAD)
    (folder / "scene.py").write_text(_ENV)
    return folder / "scene.py"


def problems(scene: str = "line") -> dict[str, str]:
    return {finding.check: finding.problem for finding in check_scene(scene) if finding.problem}


def test_a_sound_scene_passes_and_says_what_was_measured(module: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["scenes", "--check", "line"]) == 0
    said = capsys.readouterr().out
    assert "✓ rewind     35 steps repeated to the bit" in said
    assert "✓ expert     5 of 5 successes" in said


@pytest.mark.parametrize(
    ("before", "after", "check", "problem"),
    [
        ('("x (m)",)', '("x", "y")', "labels", "observation_labels: found 2, expected 1, one for each entry"),
        ("self.x = self.kept[token - 1]", "self.x = 0.0", "restore", "found a difference of"),
        ("float(done), done,", "float('nan'), done,", "numbers", "found the reward nan, expected a finite number"),
        ('{"success": done}', '{"done": done}', "numbers", "info['success']: found None, expected a bool"),
        ("return self.seen()\n\n    def snapshot", "return np.zeros(5000, np.float32)\n\n    def snapshot", "state",
         "found float32(5000,), expected at most 4096 finite values"),
        ("self.np_random.uniform", "np.random.default_rng().uniform", "seed", "two starts for one seed, expected"),
        ("done = self.x > 1.0", "time.sleep(0.03); done = self.x > 1.0", "time", "expected at most 25 ms"),
        ("np.array([1.0], np.float32)\n", "np.array([-1.0], np.float32)\n", "expert", "found 0 of 5 successes"),
        ("return np.array([1.0]", "return np.array([2.0]", "expert", "expected 1 values in [−1, 1]"),
        ("self.kept.append(self.x)", "raise OSError('full')", "rewind", "found OSError (full), expected none"),
    ],
)  # fmt: skip
def test_each_fault_is_found_by_its_check(module: Path, before: str, after: str, check: str, problem: str) -> None:
    assert before in _ENV
    module.write_text(_ENV.replace(before, after))
    found = problems()
    assert problem in found["rewind" if check == "restore" else check]


def test_a_warning_of_gymnasium_is_plain_text(module: Path) -> None:
    module.write_text(_ENV.replace("Box(-10.0, 10.0, (1,)", "Box(-np.inf, np.inf, (1,)"))
    details = {finding.check: finding.detail for finding in check_scene("line")}
    assert details["gymnasium"].startswith("its checker warns: A Box observation space maximum value is infinity.")
    assert "\x1b" not in details["gymnasium"]


def test_a_scene_that_cannot_be_made_is_said_and_the_command_fails(
    module: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    module.write_text("def make_env():\n    raise ValueError('no motor')\n")
    assert main(["scenes", "--check", "line"]) == 1
    captured = capsys.readouterr()
    assert "✗ make" in captured.out
    assert "make_env: found ValueError (no motor), expected none" in captured.out
    assert "line: 1 checks found something wrong: make." in captured.err


def test_an_unknown_scene_is_said() -> None:
    with pytest.raises(UnknownSceneError, match="There is no scene 'nowhere'"):
        list(check_scene("nowhere"))
