"""The line for commands in words, with real key events."""

import msgspec
import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from mile_desktop.operators.words.segment import Segment
from mile_desktop.operators.words.vocabulary import language_titles
from mile_desktop.rollout import messages as m
from mile_desktop.rollout.phases import Phase
from mile_desktop.study.block import ParticipantView
from mile_desktop.ui.supervise.words_controller import FRAME, LANGUAGE, WordsController
from mile_desktop.ui.supervise.words_line import WordsLine
from tests.ui.supervise.examples import status


class Words:
    """A line and its controller, with everything they send."""

    def __init__(self, qtbot: QtBot, *, language: str = "en", frame: str = "camera") -> None:
        self.qtbot = qtbot
        self.line = WordsLine(language_titles())
        qtbot.addWidget(self.line)
        self.sent: list[object] = []
        self.ways: list[object] = []
        self.stops = 0
        self.remembered: dict[str, str] = {}
        self.controller = WordsController(
            self.line,
            self.line,
            language=language,
            frame=frame,
            view_yaw_deg=lambda: 90.0,
            remember=self.remembered.__setitem__,
        )
        self.controller.command.connect(self.sent.append)
        self.controller.shown_way.connect(self.ways.append)
        self.controller.stop_asked.connect(self._stopped)
        self.controller.start_session(session())
        self.controller.open()

    def _stopped(self) -> None:
        self.stops += 1

    def type(self, text: str, *, enter: bool = True) -> None:
        self.qtbot.keyClicks(self.line.edit, text)
        if enter:
            self.qtbot.keyClick(self.line.edit, Qt.Key.Key_Return)

    @property
    def driven(self) -> list[m.DriveWords]:
        return [each for each in self.sent if isinstance(each, m.DriveWords)]


def session(scene: str = "peg-insertion") -> m.SessionLoaded:
    return m.SessionLoaded(
        scene=scene, policy_id="p", policy_name="v0", basis="", action_labels=("dx", "dy", "dz", "grip"),
        max_steps=100, rate_hz=20.0, observation_labels=LABELS,
    )  # fmt: skip


LABELS = tuple(f"{name} {axis} (m)" for name in ("end effector", "hole - end effector") for axis in "xyz")


def taken(
    words: str = "", *, executed: tuple[float, ...] = (0.5, 0.0, 0.0, 0.0), hole: tuple[float, ...] = (0.0, 0.3, 0.4)
) -> m.StepTaken:
    """Return a step that ``words`` drove; without words the policy did. ``hole``: where it is from the hand."""
    return m.StepTaken(
        episode_id="e", step=1, timestamp=0.0, intervention=bool(words), probability=0.1, low=0.0, high=0.2,
        forecast=0.1, proposed=(), executed=executed, std=(), phase=Phase.TAKEOVER if words else Phase.AUTONOMOUS,
        words=words, observation=(0.0, 0.0, 0.0, *hole),
    )  # fmt: skip


@pytest.fixture
def words(qtbot: QtBot) -> Words:
    return Words(qtbot)


def test_the_meaning_is_shown_before_anything_moves(words: Words) -> None:
    words.type("towards the sockt", enter=False)
    assert words.line.meaning == "towards hole 5 cm (“sockt” read as “socket”)"
    words.type("", enter=False)
    assert not words.driven
    words.qtbot.keyClick(words.line.edit, Qt.Key.Key_Return)
    (sent,) = words.driven
    assert sent.segments == (Segment("towards", 0.05, "m", target="hole"),)
    assert sent.text == "towards the sockt"
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(sent), type=m.DriveWords) == sent
    assert words.line.meaning.startswith("towards hole"), "the worker may still refuse"
    words.controller.follow(taken("towards"))
    assert words.line.meaning.startswith("The robot drives: towards hole")
    assert not words.line.edit.text()
    words.controller.follow(taken())
    assert not words.line.meaning, "nothing drives any more"


def test_left_is_drawn_as_the_camera_sees_it(words: Words) -> None:
    words.type("left a bit", enter=False)
    assert words.ways[-1] == pytest.approx((-1.0, 0.0, 0.0))
    words.controller.follow(taken())
    assert words.ways[-1] == pytest.approx((-1.0, 0.0, 0.0)), "the policy drives while a person types"
    words.type("", enter=True)
    words.controller.follow(taken("left a bit", executed=(-0.5, 0.0, 0.0, 0.0)))
    assert words.ways[-1] == pytest.approx((-1.0, 0.0, 0.0))
    words.controller.follow(taken())
    assert words.ways[-1] is None


@pytest.mark.parametrize(
    ("line", "scene", "way"),
    [
        ("towards the hole", "peg-insertion", (0.0, 0.6, 0.8)),
        ("towards the hole until it touches", "peg-insertion", (0.0, 0.6, 0.8)),
        ("down until it touches", "peg-insertion", (0.0, 0.0, -1.0)),
        ("close, up 2 cm", "peg-insertion", (0.0, 0.0, 1.0)),
        ("turn it off", "button-press", (0.0, 0.0, -1.0)),
        ("open", "peg-insertion", None),
    ],
)
def test_every_movement_has_an_arrow_before_it_is_driven(
    words: Words, line: str, scene: str, way: tuple[float, ...] | None
) -> None:
    words.controller.start_session(session(scene))
    words.controller.follow(taken())
    words.type(line, enter=False)
    assert words.ways[-1] == (way if way is None else pytest.approx(way))


def test_the_arrow_follows_the_thing_and_the_running_movement(words: Words) -> None:
    words.controller.follow(taken())
    words.type("close, towards the hole", enter=False)
    words.controller.follow(taken(hole=(0.2, 0.0, 0.0)))
    assert words.ways[-1] == pytest.approx((1.0, 0.0, 0.0)), "the policy has moved the hand meanwhile"
    words.type("", enter=True)
    words.controller.follow(taken("close, …", executed=(0.0, 0.0, 0.0, 1.0)))
    assert words.ways[-1] is None, "the gripper closes"
    words.controller.follow(taken("close, …", executed=(0.0, -0.25, 0.0, 0.0)))
    assert words.ways[-1] == pytest.approx((0.0, -1.0, 0.0))
    # The next command is a question that stays when the robot is handed back.
    words.type("back")
    assert words.line.meaning.startswith("Which one?")
    words.controller.follow(taken())
    assert words.line.meaning.startswith("Which one?")


def test_a_command_that_the_worker_refuses_loses_its_arrow(words: Words) -> None:
    words.type("up 2 cm")
    for _ in range(11):
        assert words.ways[-1] == (0.0, 0.0, 1.0)
        words.controller.follow(taken())
    assert (words.ways[-1], words.line.meaning) == (None, "")


def test_words_that_ended_in_a_hold_are_not_said_to_drive(words: Words) -> None:
    words.type("up 2 cm")
    words.controller.follow_status(status(phase=Phase.HOLD))
    assert words.ways[-1] == (0.0, 0.0, 1.0), "the worker has not begun"
    words.controller.follow(taken("up 2 cm", executed=(0.0, 0.0, 0.5, 0.0)))
    words.controller.follow_status(status(phase=Phase.TAKEOVER))
    assert words.line.meaning.startswith("The robot drives")
    # No step comes from a robot that holds.
    words.controller.follow_status(status(phase=Phase.HOLD))
    assert (words.ways[-1], words.line.meaning) == (None, "")


def test_a_question_is_answered_with_a_number(qtbot: QtBot) -> None:
    words = Words(qtbot, frame="")
    words.type("left 3 cm")
    assert words.line.meaning == "Which one? 1: left 3 cm seen by the camera   2: left 3 cm seen by the robot"
    assert not words.driven
    words.type("2", enter=False)
    assert words.driven[-1].segments == (Segment("left", 0.03, "m", "robot"),)
    assert words.remembered == {FRAME: "robot"}
    words.type("right")
    assert words.driven[-1].segments[0].frame == "robot", "asked once"


def test_a_number_is_text_while_nothing_is_asked(words: Words) -> None:
    words.type("2 cm up")
    assert words.driven[-1].segments == (Segment("up", 0.02, "m"),)


def test_stop_works_while_it_is_typed(words: Words) -> None:
    words.type("oh no stop", enter=False)
    assert words.stops == 1
    assert isinstance(words.sent[-1], m.CancelWords)
    assert not words.line.edit.text()


def test_a_refusal_keeps_the_text_and_says_why(words: Words) -> None:
    words.type("jump 3 cm")
    assert "“jump” is not a word I know" in words.line.meaning
    assert words.line.edit.text() == "jump 3 cm"
    assert not words.driven


def test_closing_the_line_ends_what_words_drive(words: Words) -> None:
    words.type("up")
    assert words.controller.close()
    assert isinstance(words.sent[-1], m.CancelWords)
    assert not words.line.isVisible()
    assert not words.controller.close()


@pytest.mark.parametrize(("device", "shown"), [("any", False), ("words", True), ("keyboard", False)])
def test_a_study_offers_words_where_its_condition_allows_them(words: Words, device: str, shown: bool) -> None:
    words.type("left", enter=False)
    words.controller.guide(ParticipantView(device=device))
    assert words.line.isVisible() is shown
    assert not words.line.edit.text(), "what the participant before has typed is gone"
    words.controller.open()
    assert words.line.isVisible() is (device != "keyboard")
    words.controller.guide(None)
    words.controller.open()
    assert words.line.isVisible()


def test_another_language_is_remembered(words: Words) -> None:
    words.line.language.setCurrentIndex(words.line.language.findData("de"))
    words.line.language.activated.emit(words.line.language.currentIndex())
    words.type("3 cm hoch")
    assert words.driven[-1].segments == (Segment("up", 0.03, "m"),)
    assert words.remembered == {LANGUAGE: "de"}


def test_remembered_choices_that_no_longer_exist_have_no_effect(qtbot: QtBot) -> None:
    words = Words(qtbot, language="xx", frame="moon")
    words.type("up 1 cm")
    assert words.driven


@pytest.mark.parametrize("scene", ["a-robots-own-task", "lunar-lander"])
def test_a_task_without_names_of_its_own_has_the_words_of_the_language(words: Words, scene: str) -> None:
    words.controller.start_session(session(scene))
    words.type("towards the socket")
    assert "There is no “socket” in this scene" in words.line.meaning
