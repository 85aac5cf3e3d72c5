import shutil
from pathlib import Path

import pytest

from mile_desktop.paths import scene_folder
from mile_desktop.scenes.bullet import BulletWorld
from mile_desktop.scenes.catalogue import SceneInfo, scenes
from mile_desktop.scenes.description import SceneDescriptionError, load_description, model_path

FOLDER = scene_folder("peg-insertion")


@pytest.mark.parametrize("info", scenes(), ids=lambda info: info.name)
def test_every_scene_of_the_catalogue_has_a_description_that_agrees_with_it(info: SceneInfo) -> None:
    assert (info.folder / "LICENSE.md").is_file()
    if info.kind == "panda":
        description = load_description(info.folder)
        assert (description.title, description.control.rate_hz) == (info.title, info.rate_hz)
        assert [camera.name for camera in description.cameras] == ["main", "wrist", "top", "close"]


def test_physics_runs_a_whole_number_of_times_a_control_step() -> None:
    assert load_description(FOLDER).control.substeps == 12


def test_models_of_pybullet_and_of_the_folder_are_found() -> None:
    description = load_description(FOLDER)
    for urdf in (description.robot.urdf, description.robot.physics_urdf, "peg.urdf"):
        assert model_path(description, urdf).is_file()


def spoiled(folder: Path, into: Path, found: str, replacement: str) -> Path:
    """Copy a scene's folder with one change in its description."""
    text = (folder / "scene.toml").read_text()
    assert found in text
    shutil.copytree(folder, into)
    (into / "scene.toml").write_text(text.replace(found, replacement, 1))
    return into


@pytest.mark.parametrize(
    ("found", "replacement", "expected"),
    [
        ("max_speed = 0.25", "max_speed = 0.25\nmaxspeed = 1.0", ["maxspeed", "control"]),
        ("rate_hz = 20.0", 'rate_hz = "fast"', ["`float`", "`str`", "control.rate_hz"]),
        ("rate_hz = 20.0", "rate_hz = 0.0", ["> 0", "control.rate_hz"]),
        ("physics_hz = 240.0", "physics_hz = 250.0", ["physics_hz", "250", "multiple"]),
        ("max_speed = 0.25", "", ["max_speed", "control"]),
        ('kind = "free"', 'kind = "loose"', ["loose", "bodies"]),
        ('name = "socket"', 'name = "stand"', ["stand", "twice"]),
        ('relative_to = "stand"', 'relative_to = "shelf"', ["peg", "shelf"]),
        ("low = [0.30,", "low = [0.90,", ["0.9", "lower bound", "workspace"]),
        ("yaw_range_deg = [-20.0, 20.0]", "yaw_range_deg = [20.0, -20.0]", ["socket", "yaw_range_deg"]),
        ("position_high = [0.60, 0.27, 0.0]", "", ["socket", "position_low and position_high"]),
        ('name = "top"', 'name = "main"', ["cameras", "main"]),
        ('urdf = "peg.urdf"', 'urdf = "pig.urdf"', ["peg", "pig.urdf"]),
        ("[control]", "[control", ["line"]),
    ],
)
def test_mistakes_are_named_with_file_and_key(
    tmp_path: Path, found: str, replacement: str, expected: list[str]
) -> None:
    spoiled(FOLDER, tmp_path / "scene", found, replacement)

    with pytest.raises(SceneDescriptionError) as raised:
        load_description(tmp_path / "scene")

    message = str(raised.value)
    assert str(tmp_path / "scene" / "scene.toml") in message
    for part in expected:
        assert part in message


@pytest.mark.parametrize(
    ("found", "replacement", "error"),
    [
        ("limits = [0.0, 0.15]", "limits = [0.15, 0.0]", "joint 'slide': found start .*limits"),
        ("limits = [0.0, 0.15]", "limits = [0.0, 0.15]\nstart = [0.1, 0.2]", "joint 'slide': found start"),
        ("friction = 3.0", "friction = -3.0", r">= 0.*joints\[0\].friction"),
        ("damping = 10.0", "dumping = 10.0", "dumping"),
        ('kind = "articulated"', 'kind = "free"', "body 'cabinet': found kind 'free' and 1 joints"),
    ],
)
def test_mistakes_about_joints_are_named(tmp_path: Path, found: str, replacement: str, error: str) -> None:
    folder = spoiled(scene_folder("drawer-open"), tmp_path / "scene", found, replacement)
    with pytest.raises(SceneDescriptionError, match=error):
        load_description(folder)


def test_joints_that_the_model_has_not_are_said(tmp_path: Path) -> None:
    folder = spoiled(scene_folder("drawer-open"), tmp_path / "scene", 'name = "slide"', 'name = "glide"')
    with pytest.raises(SceneDescriptionError, match=r"cabinet.urdf: found joints \['slide'\].*\['glide'\]"):
        BulletWorld(load_description(folder))


def test_a_missing_description_is_said(tmp_path: Path) -> None:
    with pytest.raises(SceneDescriptionError, match="No such file"):
        load_description(tmp_path)
