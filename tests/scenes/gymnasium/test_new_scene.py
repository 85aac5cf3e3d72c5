import json
from pathlib import Path

import pytest

from mile_desktop.cli import main
from mile_desktop.scenes.catalogue import broken_scenes, scene_info
from mile_desktop.scenes.environment import make_scene
from mile_desktop.scenes.gymnasium.new_scene import new_gymnasium_scene
from mile_desktop.scenes.scene_file import load_gymnasium_description
from mile_desktop.scenes.template import NewSceneError
from tests.scenes.gymnasium.conftest import ODD


def test_pendulum_is_a_scene_that_works_at_once(own: Path) -> None:
    made = new_gymnasium_scene("Pendulum-v1")
    assert (made.name, made.folder, made.notes) == ("pendulum", own / "pendulum", ())
    info = scene_info("pendulum")
    assert (info.title, info.max_steps, info.rate_hz, info.action_labels) == ("Pendulum", 200, 30.0, ("action 0",))
    assert [entry.drive for entry in info.entries] == ["left"]
    assert load_gymnasium_description(made.folder).success.return_at_least == -300.0
    env = make_scene("pendulum")
    env.reset(seed=0)
    env.close()


@pytest.mark.parametrize(
    ("env_id", "pushes"),
    [
        ("CartPole-v1", ["left", "right"]),
        ("MountainCar-v0", ["left", "rest", "right"]),
        ("FrozenLake-v1", ["left", "down", "right", "up"]),
    ],
)
def test_discrete_actions_get_the_pushes_that_look_like_them(own: Path, env_id: str, pushes: list[str]) -> None:
    made = new_gymnasium_scene(env_id)
    assert [choice.push for choice in scene_info(made.name).choices] == pushes
    assert not broken_scenes()


def test_more_entries_than_sticks_are_noted_and_the_file_says_which(own: Path) -> None:
    made = new_gymnasium_scene("Ant-v5", name="creeping-ant")
    assert made.notes == ("4 of 8 entries of the action are driven by no stick or key.",)
    drives = [entry.drive for entry in scene_info("creeping-ant").entries]
    assert drives == ["right", "away", "up", "close", "none", "none", "none", "none"]


def test_success_in_info_pictures_and_arguments_are_found(own: Path) -> None:
    made = new_gymnasium_scene(f"{ODD}/Walk-v0", kwargs={"bounds": 2.0, "fault": 'a "word"'})
    description = load_gymnasium_description(made.folder)
    assert description.success.info == ("is_success",)
    assert (description.kwargs, description.max_steps) == ({"bounds": 2.0, "fault": 'a "word"'}, 40)
    assert (description.drawn, description.rate_hz, description.cameras) == (False, 10.0, ())
    assert made.name == "walk"
    assert made.notes == (
        "Walk: the policy does not see camera 48 × 64 × 3; it gets numbers only.",
        "This environment draws no picture.",
    )


def test_the_name_gets_the_version_and_a_number_where_it_is_taken(own: Path) -> None:
    assert [new_gymnasium_scene("LunarLander-v3").name for _ in range(2)] == ["lunar-lander-v3", "lunar-lander-2"]
    with pytest.raises(NewSceneError, match="There is a scene 'lunar-lander' already"):
        new_gymnasium_scene("Pendulum-v1", name="lunar-lander")


@pytest.mark.parametrize(
    ("env_id", "error"),
    [
        (
            "Pendulm-v1",
            r"^Pendulm-v1 cannot be a scene. gymnasium has no environment Pendulm-v1. Did you mean Pendulum-v1",
        ),
        ("Pendulum-v9", r"gymnasium has no environment Pendulum-v9. Did you mean Pendulum-v1"),
        ("Qwertz-v0", r"gymnasium has no environment Qwertz-v0. Check the id in the environment's documentation.$"),
        ("no_such_package:A-v0", r"The module no_such_package is not installed here; install the package"),
        ("ALE/Pong-v5", r"registered environments called ALE/…: .* its module before the id \(module:ALE/Pong-v5\)"),
        ("pendulum", r"gymnasium has no environment pendulum. Did you mean Pendulum-v1"),
        ("", r"^An empty id cannot be a scene. An id has the form"),
        (f"{ODD}/OnlyPictures-v0", r"found only the picture 96 × 96 × 3, expected numbers that a policy can use"),
    ],
)
def test_what_cannot_be_a_scene_is_said_and_leaves_nothing_behind(own: Path, env_id: str, error: str) -> None:
    with pytest.raises(NewSceneError, match=error):
        new_gymnasium_scene(env_id)
    assert not own.exists() or not list(own.iterdir())


def test_a_folder_that_cannot_be_written_is_said(own: Path) -> None:
    own.write_text("no folder")
    with pytest.raises(NewSceneError, match="expected a folder that can be written"):
        new_gymnasium_scene("Pendulum-v1")


def test_the_command_makes_it(own: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["scenes", "--gymnasium", "Pendulum-v1", "--name", "swing", "--kwargs", '{"g": 5.0}', "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["scene"] == "swing"
    assert load_gymnasium_description(own / "swing").kwargs == {"g": 5.0}


@pytest.mark.parametrize("text", ["g = 5", "[5]"])
def test_arguments_that_are_no_json_object_are_wrong_usage(
    own: Path, capsys: pytest.CaptureFixture[str], text: str
) -> None:
    assert main(["scenes", "--gymnasium", "Pendulum-v1", "--kwargs", text]) == 2
    assert "is not" in capsys.readouterr().err
