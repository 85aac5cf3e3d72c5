from pathlib import Path

import numpy as np
import pytest

from mile_desktop import paths
from mile_desktop.paths import RESOURCES, SCENES_VARIABLE, bundle_folder, bundled_models, scene_folder
from mile_desktop.scenes.catalogue import BrokenSceneError, broken_scenes, scene_info, scenes
from mile_desktop.scenes.environment import make_scene
from mile_desktop.scenes.experts import UnknownExpertError, load_expert
from mile_desktop.scenes.modules import load_module
from mile_desktop.scenes.scene_code import SceneModuleError

_OWN = """
kind = "own"
title = "Tea making"
summary = "Boil the water."
env_id = "mine/TeaMaking-v0"
max_steps = 50
rate_hz = 10.0
action_labels = ["heat"]
"""


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's folder with one scene in it."""
    monkeypatch.setenv(SCENES_VARIABLE, str(tmp_path))
    add(tmp_path / "tea_making", _OWN)
    return tmp_path


def add(folder: Path, description: str, module: str = "def make_env():\n    return None\n") -> Path:
    folder.mkdir()
    (folder / "scene.toml").write_text(description)
    (folder / "scene.py").write_text(module)
    return folder


def test_a_scene_in_the_users_folder_is_found_beside_those_that_ship(own: Path) -> None:
    assert next(info.name for info in scenes()) == "peg-insertion"
    info = scene_info("tea-making")
    assert (info.title, info.action_labels, info.rate_hz, info.max_steps) == ("Tea making", ("heat",), 10.0, 50)
    assert info.folder == scene_folder("tea-making") == own / "tea_making"
    assert not broken_scenes()


def test_what_is_bundled_with_a_users_scene_lies_in_its_folder(own: Path) -> None:
    assert bundled_models("tea-making") == own / "tea_making" / "models"
    assert bundled_models("peg-insertion") == RESOURCES / "models" / "peg-insertion"


def test_an_installed_package_is_never_written_to(own: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shipped = RESOURCES / "models" / "peg-insertion"
    assert bundle_folder("peg-insertion", "models") == shipped, "in a checkout the files of the repository are made"
    monkeypatch.setattr(paths, "INSTALLED", True)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    made = bundle_folder("peg-insertion", "models")
    assert made == tmp_path / "data" / "mile-desktop" / "bundles" / "models" / "peg-insertion"
    assert bundle_folder("tea-making", "models") == own / "tea_making" / "models"
    assert bundled_models("peg-insertion") == shipped
    made.mkdir(parents=True)
    assert bundled_models("peg-insertion") == made, "what the person made comes before what ships"


@pytest.mark.parametrize(
    ("folder", "description", "error"),
    [
        ("tea_pouring", _OWN, r"env_id: found 'mine/TeaMaking-v0', which .*tea_making has already"),
        ("peg_insertion", _OWN.replace("TeaMaking", "Peg"), "the name: found 'peg-insertion', which"),
        ("Tea Pouring", _OWN, "lower-case letters"),
        ("tea_pouring", _OWN.replace("50", "0"), r"tea_pouring/scene.toml: .*max_steps"),
        ("tea_pouring", _OWN.replace('"own"', '"toy"'), r"kind: found 'toy', expected 'panda'"),
        ("tea_pouring", "title = 'Tea'", r"tea_pouring/scene.toml: .*missing required field"),
        ("tea_pouring", "[", r"tea_pouring/scene.toml: "),
    ],
)
def test_a_broken_scene_is_named_with_its_error_and_stops_nothing(
    own: Path, folder: str, description: str, error: str
) -> None:
    add(own / folder, description)
    (broken,) = broken_scenes()
    assert broken.folder == own / folder
    with pytest.raises(BrokenSceneError, match=error):
        raise BrokenSceneError(broken.error)
    assert {"peg-insertion", "tea-making"} <= {info.name for info in scenes()}


def test_asking_for_a_broken_scene_says_what_is_wrong(own: Path) -> None:
    (own / "tea_making" / "scene.py").unlink()
    with pytest.raises(BrokenSceneError, match=r"found no scene.py"):
        make_scene("tea-making")


@pytest.mark.parametrize(
    ("module", "error"),
    [
        ("import tea_leaves\n", r"scene.py, line 1: found ModuleNotFoundError \(No module named 'tea_leaves'\)"),
        ("\ndef make_env(:\n", "scene.py, line 2: found SyntaxError"),
        ("EXPERT = abs\n", "found no function make_env"),
        ("def make_env(): ...\nEXPERT = 3\n", "EXPERT: found 3"),
        ("def make_env(): ...\nFLAWS = ['hot']\n", "FLAWS: found"),
    ],
)
def test_a_broken_module_is_said_with_file_and_line(own: Path, module: str, error: str) -> None:
    (own / "tea_making" / "scene.py").write_text(module)
    with pytest.raises(SceneModuleError, match=error):
        load_module("tea-making")


def test_an_environment_that_cannot_be_made_is_said_with_its_line(own: Path) -> None:
    (own / "tea_making" / "scene.py").write_text("def make_env():\n    raise RuntimeError('no water')\n")
    with pytest.raises(SceneModuleError, match=r"scene.py, line 2: make_env: found RuntimeError \(no water\)"):
        make_scene("tea-making")


def test_a_changed_module_is_loaded_again_and_a_scene_needs_no_expert(own: Path) -> None:
    with pytest.raises(UnknownExpertError, match="tea-making"):
        load_expert("tea-making")
    (own / "tea_making" / "scene.py").write_text("def make_env(): ...\ndef EXPERT(observation): return observation\n")
    assert load_expert("tea-making")("leaves") == "leaves"  # type: ignore[arg-type, comparison-overlap]


def test_an_expert_that_fails_is_said_with_its_line(own: Path) -> None:
    module = own / "tea_making" / "scene.py"
    module.write_text("def make_env(): ...\ndef EXPERT(observation):\n    return observation[7]\n")
    with pytest.raises(SceneModuleError, match=r"scene.py, line 3: EXPERT: found IndexError"):
        load_expert("tea-making")(np.zeros(3, np.float32))
