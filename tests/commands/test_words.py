import json

import pytest

from mile_desktop.cli import main


@pytest.mark.parametrize(
    ("arguments", "status", "expected"),
    [
        (["left", "a", "bit"], 0, {"direction": "left", "amount": 0.02, "unit": "m", "frame": "camera"}),
        (
            ["towards the socket"],
            0,
            {"direction": "towards", "amount": 0.05, "unit": "m", "frame": "", "target": "hole"},
        ),
        (["3,5 cm hoch", "--language", "de"], 0, {"direction": "up", "amount": 0.035, "unit": "m", "frame": ""}),
        (["left", "--frame", "ask"], 1, "left seen by the camera"),
        (["1e9", "m", "up"], 1, "1e9 m is not possible"),
        (["move"], 1, "The line has no command. Type for example: left a bit."),
        ([" "], 1, "The line has no command. Type for example: left a bit."),
        (["again"], 1, "There is no command yet to repeat."),
    ],
)
def test_a_line_is_shown_as_it_is_understood(
    arguments: list[str], status: int, expected: object, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["words", "--json", *arguments]) == status
    shown = json.loads(capsys.readouterr().out)
    assert list(shown) == ["segments", "ask", "refused", "corrected"]
    if status == 0:
        assert shown["segments"] == [expected]
    else:
        assert str(expected) in [*shown["ask"], shown["refused"]][0]
        assert not shown["segments"]


def test_the_scene_has_phrases_of_its_own(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["words", "--scene", "button-press", "turn it off"]) == 0
    assert "close, then down until it touches" in capsys.readouterr().out
    assert main(["words", "--scene", "pick-place", "turn it off"]) == 1
    assert "is not a word I know" in capsys.readouterr().err


@pytest.mark.parametrize("line", ["open", "left until it touches"])
def test_what_the_scene_cannot_be_driven_by_is_refused(line: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["words", "--scene", "lunar-lander", "--frame", "camera", "--json", line]) == 1
    shown = json.loads(capsys.readouterr().out)
    assert shown["segments"] == []
    assert "selects nothing in this scene" in shown["refused"]
