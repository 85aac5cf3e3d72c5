from collections.abc import Iterator, Sequence

import numpy as np
import pytest

from mile_desktop.operators.operator import OperatorContext, OperatorReading
from mile_desktop.operators.words.operator import DrivenBody, WordsOperator
from mile_desktop.operators.words.segment import Segment
from mile_desktop.rollout.scene import GymScene
from mile_desktop.scenes.catalogue import scene_info
from mile_desktop.scenes.description import load_description

UP = Segment("up", 0.03, "m")


class Driven:
    """A real scene that only words drive."""

    def __init__(self, scene: str) -> None:
        self.env = GymScene.make(scene)
        self.observation, _ = self.env.reset(seed=3)
        control = load_description(scene_info(scene).folder).control
        self.operator = WordsOperator()
        self.operator.begin_session(DrivenBody(control.rate_hz, control.max_speed, self.env.observation_labels))
        self.readings: list[OperatorReading] = []
        self._intervening = False

    def say(self, *segments: Segment, yaw_deg: float = 0.0) -> np.ndarray:
        """Drive the segments to their end and return how far the hand went, m."""
        assert not self.operator.problem(segments)
        before = self.env.end_effector().copy()
        self.operator.drive(segments, words="typed → understood", view_yaw_deg=yaw_deg)
        for _ in range(400):
            if not self.tick().takeover:
                return self.env.end_effector() - before
        raise AssertionError("words never hand back")

    def tick(self, *, obeyed: bool = True) -> OperatorReading:
        zero = np.zeros(4, np.float32)
        context = OperatorContext(0, self.observation, zero, zero, zero, intervening=self._intervening)
        reading = self.operator.poll(context)
        self.readings.append(reading)
        self._intervening = reading.takeover and obeyed
        if self._intervening:
            self.observation, *_ = self.env.step(reading.action)
        return reading


@pytest.fixture
def peg() -> Iterator[Driven]:
    driven = Driven("peg-insertion")
    yield driven
    driven.env.close()


@pytest.mark.parametrize(
    ("segment", "axis", "way"),
    [
        (Segment("up", 0.03, "m"), 2, 0.03),
        (Segment("down", 0.02, "m"), 2, -0.02),
        (Segment("left", 0.05, "m", "robot"), 1, 0.05),
        (Segment("back", 0.04, "m", "robot"), 0, -0.04),
        (Segment("forward", 0.4, "s", "robot"), 0, 0.05),
    ],
)
def test_the_hand_goes_as_far_as_was_said(peg: Driven, segment: Segment, axis: int, way: float) -> None:
    went = peg.say(segment)
    assert went[axis] == pytest.approx(way, abs=0.012)
    others = [value for number, value in enumerate(went) if number != axis]
    assert np.abs(others).max() < 0.01


def test_left_of_the_camera_turns_with_the_view(peg: Driven) -> None:
    went = peg.say(Segment("left", 0.05, "m", "camera"), yaw_deg=90.0)
    assert went[0] == pytest.approx(-0.05, abs=0.012), "the camera looks along +y, so its left is −x"


def test_slower_takes_longer_and_goes_as_far(peg: Driven) -> None:
    peg.say(UP)
    quick = len(peg.readings)
    went = peg.say(Segment("slower", 1.0, "times"), Segment("down", 0.03, "m"))
    assert len(peg.readings) - quick > 1.5 * quick
    assert went[2] == pytest.approx(-0.03, abs=0.012)


def test_towards_a_body_comes_nearer(peg: Driven) -> None:
    def distance() -> float:
        body = DrivenBody(20.0, 0.25, peg.env.observation_labels)
        way = body.towards("handle", peg.observation)
        assert way is not None
        return float(np.linalg.norm(way))

    before = distance()
    peg.say(Segment("towards", 0.05, "m", target="handle"))
    assert before - distance() > 0.035


@pytest.mark.parametrize(
    ("to_peg", "way"), [((0.0, 0.2, -0.1), (0.3, 0.2, -0.1)), ((0.0, 0.01, 0.01), (0.3, 0.0, 0.0))]
)
def test_towards_a_place_leads_the_hand_or_what_it_carries(to_peg: tuple[float, ...], way: tuple[float, ...]) -> None:
    """The hole is measured from the peg's tip: a hand that does not hold the peg would move past both."""
    names = ("end effector", "handle - end effector", "hole - peg tip")
    body = DrivenBody(20.0, 0.25, [f"{name} {axis} (m) @ t" for name in names for axis in "xyz"])
    observation = np.array([0.5, 0.0, 0.3, *to_peg, 0.3, 0.0, 0.0], np.float32)
    assert body.towards("hole", observation) == pytest.approx(way)
    assert body.towards("handle", observation) == pytest.approx(to_peg)


def test_down_until_it_touches_ends_at_the_contact() -> None:
    driven = Driven("button-press")
    way = DrivenBody(20.0, 0.25, driven.env.observation_labels).towards("button", driven.observation)
    assert way is not None
    driven.say(Segment("close", 1.0, "times"))
    went = driven.say(Segment("down", 0.2, "m", until_touch=True))
    driven.env.close()
    assert -0.2 < went[2] < 0.0


def test_the_gripper_opens_and_closes(peg: Driven) -> None:
    def opening() -> float:
        return float(peg.observation[peg.env.observation_labels.index("gripper opening (m) @ t")])

    peg.say(Segment("close", 1.0, "times"))
    closed = opening()
    peg.say(Segment("open", 1.0, "times"))
    assert opening() > closed + 0.02


def test_every_driven_step_says_what_was_typed(peg: Driven) -> None:
    peg.say(UP)
    assert {reading.words for reading in peg.readings if reading.takeover} == {"typed → understood"}
    assert not peg.readings[-1].words


def test_words_that_were_not_obeyed_are_forgotten(peg: Driven) -> None:
    peg.operator.drive([UP, UP], words="w", view_yaw_deg=0.0)
    assert peg.tick(obeyed=False).takeover, "the robot holds, or a hand drives"
    assert not peg.tick().takeover
    assert not peg.operator.driving


def test_a_new_episode_and_a_cancel_forget_words(peg: Driven) -> None:
    for forget in (lambda: peg.operator.reset(1), peg.operator.cancel):
        peg.operator.drive([UP], words="w", view_yaw_deg=0.0)
        forget()
        assert not peg.tick().takeover


@pytest.mark.parametrize(
    ("segments", "reason"),
    [
        ([Segment("up", 1e9, "m")], "outside the limits"),
        ([Segment("up", float("nan"), "m")], "outside the limits"),
        ([Segment("jump", 0.1, "m")], "outside the limits"),
        ([UP] * 9, "outside the limits"),
        ([Segment("towards", 0.05, "m", target="moon")], "does not measure where “moon” is"),
    ],
)
def test_what_cannot_be_driven_is_refused(peg: Driven, segments: Sequence[Segment], reason: str) -> None:
    assert reason in peg.operator.problem(segments)


def test_without_an_arm_words_drive_nothing() -> None:
    assert "robot arms only" in WordsOperator().problem([UP])
