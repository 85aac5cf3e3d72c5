"""Connects the line for commands in words with the interpreter and the worker."""

import math
from collections.abc import Callable

import numpy as np
from PySide6.QtCore import QObject, Signal

from mile_desktop.operators.words.interpreter import Interpreter
from mile_desktop.operators.words.operator import DrivenBody
from mile_desktop.operators.words.segment import WORDS, Segment, Understanding
from mile_desktop.operators.words.vocabulary import Vocabulary, languages
from mile_desktop.rollout import messages as m
from mile_desktop.rollout.phases import Phase
from mile_desktop.scenes.catalogue import UnknownSceneError, scene_info
from mile_desktop.scenes.scene_file import read_words
from mile_desktop.scenes.words_description import WordsDescription
from mile_desktop.study.block import ParticipantView
from mile_desktop.ui.supervise.words_line import WordsLine

Remember = Callable[[str, str], None]

Way = tuple[float, float, float]
_AT_REST = frozenset({Phase.HOLD, Phase.IDLE, Phase.STOPPED, Phase.RESETTING})
_BEGINS_WITHIN = 10
"""Steps, half a second: the worker begins a command in its next tick, or refuses it."""
_MOVES = 1e-3
"""Below this share of the full speed the hand rests; the gripper opens or closes."""
_REACHED_M = 1e-3
"""As the worker: nearer than this there is no way to go."""

LANGUAGE, FRAME = "words language", "words frame"
"""Names in ``Preferences.layouts``."""


class WordsController(QObject):
    """Shows what is typed as it is understood, and lets the worker drive it; window's thread only.

    Parameters
    ----------
    view_yaw_deg
        Returns the heading of the view, see ``SetViewYaw``.
    remember
        Called with a name and a value to keep for the next start.
    """

    command = Signal(object)
    """Carries a ``DriveWords`` or ``CancelWords`` for the worker."""
    stop_asked = Signal()
    """The text says stop; emitted while it is typed, without Enter."""
    shown_way = Signal(object)
    """(x, y, z) of the first movement as the robot sees it, for the arrow in the view; None: none."""

    def __init__(
        self,
        line: WordsLine,
        parent: QObject,
        *,
        language: str,
        frame: str,
        view_yaw_deg: Callable[[], float],
        remember: Remember,
    ) -> None:
        super().__init__(parent)
        self._line = line
        # remembered choices come from a file that a person may have edited
        self._language = language if language in languages() else "en"
        self._frame = frame if frame in {"camera", "robot"} else ""
        self._view_yaw_deg = view_yaw_deg
        self._remember = remember
        self._allowed = True
        self._sent: Understanding | None = None
        """What the worker was asked to drive, and has not begun."""
        self._shown = Understanding()
        self._steps_waited = 0
        self._driven: Understanding | None = None
        """What words drive now."""
        self._body = DrivenBody(1.0, 0.0, ())
        """Where the scene's things are measured; speed and rate are the worker's business."""
        self._moves_hand = False
        self._observation = np.zeros(0, np.float32)
        self._own = WordsDescription()
        self._interpreter = self._new_interpreter()
        line.set_language(self._language)
        line.hide()
        line.typed.connect(self._typed)
        line.submitted.connect(self._submitted)
        line.language_chosen.connect(self._language_chosen)

    def start_session(self, session: m.SessionLoaded) -> None:
        """Use the names and phrases of the scene that is loaded now."""
        try:
            self._own = read_words(scene_info(session.robot_scene or session.scene).folder)
        except UnknownSceneError:  # a robot's task that no scene here has: the words of the language are enough
            self._own = WordsDescription()
        self._interpreter = self._new_interpreter()
        self._body = DrivenBody(session.rate_hz, 0.0, session.observation_labels)
        self._moves_hand = session.action_labels[:3] == ("dx", "dy", "dz")
        self._observation = np.zeros(0, np.float32)
        self._show(Understanding())

    def _new_interpreter(self) -> Interpreter:
        vocabulary = Vocabulary(self._language, targets=self._own.targets, phrases=self._own.phrases)
        return Interpreter(vocabulary, frame=self._frame)

    def guide(self, view: ParticipantView | None) -> None:
        """Offer the line to a participant of a study where the condition allows words; None: no study runs."""
        self._allowed = view is None or view.device in {"any", WORDS}
        # A line that is still open would show the participant what the one before has typed.
        self.close()
        if view is not None and view.device == WORDS:
            self.open()

    def open(self) -> None:
        """Show the line and put the cursor into it; nothing happens where a study does not allow words."""
        if not self._allowed:
            return
        self._line.show()
        self._line.edit.setFocus()
        self._line.edit.selectAll()

    def close(self) -> bool:
        """Hide the line and end what words drive; return whether it was shown."""
        if not self._line.isVisible():
            return False
        self.command.emit(m.CancelWords())
        self._line.edit.clear()
        self._show(Understanding())
        self._line.hide()
        return True

    def _typed(self, text: str) -> None:
        understood = self._interpreter.interpret(text)
        if any(each.direction == "stop" for each in understood.segments):
            self._stop()
            return
        # A question is asked at Enter: while a person types, most lines are only not complete yet.
        self._show(understood if understood.understood else Understanding())

    def _stop(self) -> None:
        self.command.emit(m.CancelWords())
        self.stop_asked.emit()
        self._line.edit.clear()
        self._show(Understanding(refused="Stopped. Reset before the robot can move again."))

    def _submitted(self, text: str) -> None:
        understood = self._interpreter.interpret(text)
        if not understood.understood:
            self._line.edit.setText(text)
            self._show(understood)
            return
        self._interpreter.accept(understood)
        if self._interpreter.frame != self._frame:
            self._frame = self._interpreter.frame
            # Asked once and kept: left and right are of the camera or of the robot for this person from now on.
            self._remember(FRAME, self._frame)
        self.command.emit(
            m.DriveWords(
                text=text,
                meaning=understood.text(),
                segments=understood.segments,
                view_yaw_deg=self._view_yaw_deg(),
            )
        )
        self._line.edit.clear()
        self._sent = understood
        self._show(understood)

    def _show(self, understood: Understanding, *, driven: bool = False) -> None:
        self._shown = understood
        self._line.show_meaning(understood, driven=driven)
        self.shown_way.emit(self._first_way())

    def follow(self, taken: m.StepTaken) -> None:
        """Say that the robot drives once it does, for the worker may refuse; keep the arrow true in every step."""
        self._observation = np.array(taken.observation, np.float32)
        if taken.words:
            if self._sent is not None:
                self._driven, self._sent = self._sent, None
                self._show(self._driven, driven=True)
            self.shown_way.emit(self._driven_way(taken))
        else:
            self._forget(self._driven)
            self._driven = None
            self._wait_for_worker()
            # The policy moves the hand while a person types, so the way to a thing changes.
            self.shown_way.emit(self._first_way())

    def follow_status(self, status: m.Status) -> None:
        """Notice that words drive no longer where the robot rests after them: no step comes that would show it."""
        if status.phase in _AT_REST:
            self._forget(self._driven)
            self._driven = None

    def _wait_for_worker(self) -> None:
        """Give up the arrow of a command that was sent and never driven: the worker has refused it, and said why."""
        self._steps_waited = self._steps_waited + 1 if self._sent is not None else 0
        if self._steps_waited > _BEGINS_WITHIN:
            self._forget(self._sent)
            self._sent = None

    def _forget(self, understood: Understanding | None) -> None:
        # By identity: the next command, or a question about it, may be shown already and stays.
        if understood is not None and self._shown is understood:
            self._show(Understanding())

    def _first_way(self) -> Way | None:
        """Return the way of the first movement: a gripper that closes before has none."""
        ways = (way_of(each, self._view_yaw_deg(), self._way_to) for each in self._shown.segments)
        return next((each for each in ways if each is not None), None)

    def _driven_way(self, taken: m.StepTaken) -> Way | None:
        """Return where the running segment moves the hand: of several in a line, the one that is driven now."""
        if not self._moves_hand:
            return self._first_way()
        x, y, z = taken.executed[:3]
        length = math.hypot(x, y, z)
        return (x / length, y / length, z / length) if length > _MOVES else None

    def _way_to(self, target: str) -> Way | None:
        if not len(self._observation):
            return None
        way = self._body.towards(target, self._observation)
        length = float(np.linalg.norm(way)) if way is not None else 0.0
        if way is None or length < _REACHED_M:
            return None
        x, y, z = (float(each) / length for each in way)
        return x, y, z

    def _language_chosen(self, name: str) -> None:
        self._language = name
        self._remember(LANGUAGE, name)
        self._interpreter = self._new_interpreter()
        self._typed(self._line.edit.text())


def way_of(segment: Segment, view_yaw_deg: float, way_to: Callable[[str], Way | None]) -> Way | None:
    """Return the direction of a movement as the robot sees it; None where it has none.

    ``way_to`` returns the direction to a thing of the scene, None where that is not measured or reached.
    """
    if segment.direction == "towards":
        return way_to(segment.target)
    ahead, left, up = {
        "forward": (1.0, 0.0, 0.0), "back": (-1.0, 0.0, 0.0), "left": (0.0, 1.0, 0.0), "right": (0.0, -1.0, 0.0),
        "up": (0.0, 0.0, 1.0), "down": (0.0, 0.0, -1.0),
    }.get(segment.direction, (0.0, 0.0, 0.0))  # fmt: skip
    if (ahead, left, up) == (0.0, 0.0, 0.0):
        return None
    yaw = math.radians(view_yaw_deg if segment.frame == "camera" else 0.0)
    return ahead * math.cos(yaw) - left * math.sin(yaw), ahead * math.sin(yaw) + left * math.cos(yaw), up
