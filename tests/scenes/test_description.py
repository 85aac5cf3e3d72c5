from pathlib import Path

import pytest

from mile_desktop.places import scene_folder
from mile_desktop.scenes.catalogue import SceneInfo, scenes
from mile_desktop.scenes.description import SceneDescriptionError, load_description, model_path

FOLDER = scene_folder("peg-insertion")
TEXT = (FOLDER / "scene.toml").read_text()


@pytest.mark.parametrize("info", scenes(), ids=lambda info: info.name)
def test_every_scene_of_the_catalogue_has_a_description_that_agrees_with_it(info: SceneInfo) -> None:
    assert (info.folder / "LICENSE.md").is_file()
    if info.kind == "panda":
        description = load_description(info.folder)
        assert (description.title, description.control.rate_hz) == (info.title, info.rate_hz)
        assert [camera.name for camera in description.cameras] == ["main", "wrist", "top"]


def test_physics_runs_a_whole_number_of_times_a_control_step() -> None:
    assert load_description(FOLDER).control.substeps == 12


def test_models_of_pybullet_and_of_the_folder_are_found() -> None:
    description = load_description(FOLDER)
    for urdf in (description.robot.urdf, description.robot.physics_urdf, "peg.urdf"):
        assert model_path(description, urdf).is_file()


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
    assert found in TEXT
    for model in FOLDER.glob("*.urdf"):
        (tmp_path / "scene" / model.name).parent.mkdir(exist_ok=True)
        (tmp_path / "scene" / model.name).write_bytes(model.read_bytes())
    (tmp_path / "scene" / "scene.toml").write_text(TEXT.replace(found, replacement, 1))

    with pytest.raises(SceneDescriptionError) as raised:
        load_description(tmp_path / "scene")

    message = str(raised.value)
    assert str(tmp_path / "scene" / "scene.toml") in message
    for part in expected:
        assert part in message


def test_a_missing_description_is_said(tmp_path: Path) -> None:
    with pytest.raises(SceneDescriptionError, match="No such file"):
        load_description(tmp_path)
