import pytest

from mile_desktop.ui.robots import status_text
from tests.ui.robots.examples import status


@pytest.mark.parametrize(
    ("changes", "title"),
    [
        ({}, "Disarmed"),
        ({"mode": "holding"}, "Armed, holding"),
        ({"mode": "active"}, "Moving"),
        ({"mode": "stopped"}, "Stopped"),
        ({"up": False}, "Link lost"),
        ({"may_drive": False}, "Watching"),
        ({"mode": ""}, "Connecting"),
    ],
)
def test_every_state_has_its_title(changes: dict[str, object], title: str) -> None:
    assert status_text.style_of(status(**changes)).title == title


def test_the_link_text_names_slow_starts_and_losses() -> None:
    assert "slow start, 40 % speed" in status_text.link_text(status(mode="active", speed=0.4))
    assert "lost 2 times" in status_text.link_text(status(lost=2))
    assert status_text.milliseconds(float("inf")) == "unknown"


def test_the_bar_says_why_the_link_is_lost_without_repeating_what_stands_before_it() -> None:
    problem = "The link to Bench arm is lost (no answer); the robot holds. Trying again."
    lost = status(up=False, name="Bench arm", problem=problem)
    assert status_text.link_text(lost) == "no answer; the robot holds. Trying again."
    other = status(up=False, problem="The robot's software is of another version.")
    assert status_text.link_text(other) == other.problem
