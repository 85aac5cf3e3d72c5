"""The part of the Learn panel about the data: doubtful steps with a tick box each, and the symmetry of the task."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QCheckBox, QHBoxLayout, QLabel, QToolButton, QVBoxLayout, QWidget

from mile_desktop.learning.data_hygiene import DoubtfulSpan
from mile_desktop.learning.settings import LEFT_OUT
from mile_desktop.learning.step_problem import PROBLEMS, StepProblem
from mile_desktop.ui.learn.operator_choice import OperatorChoice
from mile_desktop.ui.theme import theme

_GENERATED = "A model of you supervised the policy in simulated scenes that differ a little. Not your own episodes"
_SHIFTED = "A stand-in that differs from the scene on purpose. Without the tick it stays unseen, for tests"
_BY_PERSON = "Steps by a person to leave out:"
_BY_SIMULATED = "Steps by a simulated supervisor to leave out:"
_BY_BOTH = "Steps to leave out, by a person + by a simulated supervisor:"
_CHECKING = "The steps of takeovers are being checked …"
_RESULT_HEIGHT = 116
"""Two kinds of doubtful steps and two lines about the symmetry, px at 100 %."""
_NOTHING_LEFT = "! This leaves out every step of the takeovers: a training would learn nothing new from them."
_LEAVE_OUT = "Ticked: the policy does not learn from them. They stay recorded, and p still learns from them."


@dataclass(frozen=True, slots=True)
class FoundProblem:
    """The doubtful steps of one kind."""

    problem: StepProblem
    steps: int
    places: tuple[DoubtfulSpan, ...]
    """In recorded order; the first ones where there are very many."""
    simulated: int = 0
    """How many of ``steps`` a simulated supervisor drove; a person drove the others."""


class DataPart(QWidget):
    """Fed by ``show_problem``, ``show_symmetry`` and ``clear``; window's thread only.

    A problem without a step is not shown.
    """

    place_requested = Signal(str, int)
    """Carries an episode's id and a row of it; each press of the magnifier carries the next place."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._symmetry = QLabel()
        self._symmetry.setWordWrap(True)
        theme.set_role(self._symmetry, "secondary")
        self._boxes: dict[StepProblem, QCheckBox] = {}
        self._buttons: dict[StepProblem, QToolButton] = {}
        self._places: dict[StepProblem, tuple[DoubtfulSpan, ...]] = {}
        self._next: dict[StepProblem, int] = {}
        self._human_steps = 0
        self._counts: dict[StepProblem, int] = {}
        self._found: dict[StepProblem, FoundProblem] = {}
        self._nothing = QLabel(_NOTHING_LEFT)
        self._nothing.setWordWrap(True)
        theme.set_role(self._nothing, "warning")
        column = QVBoxLayout(self)
        theme.space(column, (0, 0, 0, 0), 2)
        self._heading = QLabel(_BY_PERSON)
        self._heading.setWordWrap(True)
        theme.set_role(self._heading, "secondary")
        column.addWidget(self._heading)
        for problem in PROBLEMS:
            column.addLayout(self._row(problem))
        column.addWidget(self._nothing)
        self.operators = OperatorChoice()
        column.addWidget(self.operators)
        column.addWidget(self._symmetry)
        # Not among the doubtful steps: these add to what is learned from, and are not ticked from the start.
        self._generated, self._shifted = QCheckBox(), QCheckBox()
        self._generated.setToolTip(_GENERATED)
        self._shifted.setToolTip(_SHIFTED)
        for box in (self._generated, self._shifted):
            column.addWidget(box)
            box.hide()
        self.clear()

    def _row(self, problem: StepProblem) -> QHBoxLayout:
        box, button = QCheckBox(), QToolButton()
        box.setToolTip(f"{PROBLEMS[problem].meaning}\n{_LEAVE_OUT}")
        box.setChecked(problem in LEFT_OUT)
        theme.set_icon(button, "mdi6.magnify")
        button.setToolTip("Show the next of these places in Inspect")
        button.setAccessibleName(f"Show steps {PROBLEMS[problem].title}")
        button.clicked.connect(partial(self._show_next, problem))
        box.toggled.connect(self._warn_if_nothing_is_left)
        self._boxes[problem], self._buttons[problem] = box, button
        row = QHBoxLayout()
        theme.space(row, (0, 0, 0, 0), 4)
        row.addWidget(box, 1)
        row.addWidget(button)
        return row

    # ── input ────────────────────────────────────────────────────────────────────────────────────────────

    def clear(self) -> None:
        """Show nothing: another scene, or nothing recorded. The tick boxes keep what the person chose."""
        self._places.clear()
        self._next.clear()
        self._counts.clear()
        self._found.clear()
        theme.bound(self, least_height=0)
        self._heading.hide()
        for widget in (*self._boxes.values(), *self._buttons.values(), self._symmetry, self._nothing):
            widget.hide()

    def show_problem(self, found: FoundProblem) -> None:
        """Show how many steps have a problem."""
        box = self._boxes[found.problem]
        self._places[found.problem] = found.places
        self._next[found.problem] = 0
        for widget in (box, self._buttons[found.problem]):
            widget.setVisible(found.steps > 0)
        self._counts[found.problem] = found.steps
        self._found[found.problem] = found
        self._show_counts()
        self._heading.setVisible(any(not each.isHidden() for each in self._boxes.values()))
        self._warn_if_nothing_is_left()

    def _show_counts(self) -> None:
        """Show the steps of a person and of a simulated supervisor apart; the heading says which number is whose."""
        simulated = sum(each.simulated for each in self._found.values())
        by_person = sum(each.steps for each in self._found.values()) - simulated
        both = bool(simulated and by_person)
        self._heading.setText(_BY_BOTH if both else _BY_SIMULATED if simulated else _BY_PERSON)
        for problem, each in self._found.items():
            person, other = _grouped(each.steps - each.simulated), _grouped(each.simulated)
            title = PROBLEMS[problem].title
            # The text of a box does not wrap, so it has as few words as possible.
            self._boxes[problem].setText(f"{person} + {other} {title}" if both else f"{_grouped(each.steps)} {title}")
            whose = f"{person} steps by a person and {other} by a simulated supervisor"
            self._boxes[problem].setAccessibleName(f"Leave out {whose}, {title}")

    def show_checking(self) -> None:
        """Say that the steps are being checked for the first time, in the height that the result will need."""
        # The button below must not move away under the mouse when the result comes.
        theme.bound(self, least_height=_RESULT_HEIGHT)
        self._heading.setText(_CHECKING)
        self._heading.show()

    def show_human_steps(self, steps: int) -> None:
        """Set how many recorded steps a person drove, out of which the doubtful ones are left out."""
        self._human_steps = steps
        self._warn_if_nothing_is_left()

    def _warn_if_nothing_is_left(self) -> None:
        # A step may be found for several reasons, so only one kind that has all of them is certain to leave nothing.
        all_of_them = {problem for problem, steps in self._counts.items() if steps >= self._human_steps > 0}
        self._nothing.setVisible(any(self._boxes[problem].isChecked() for problem in all_of_them))

    def show_symmetry(self, text: str, refused: Sequence[str]) -> None:
        """Show which symmetry a training uses, and why a part of it is not used."""
        self._symmetry.setText("\n".join([text, *(f"! {each}" for each in refused)]))
        self._symmetry.setVisible(bool(text or refused))

    def show_generated(self, episodes: int) -> None:
        """Offer to learn from so many generated episodes, too; 0 offers nothing."""
        self._generated.setText(f"Also learn from {episodes} generated")
        self._generated.setVisible(episodes > 0)

    def show_shifted(self, episodes: int) -> None:
        """Offer to learn from so many episodes under a shift, too; 0 offers nothing."""
        self._shifted.setText(f"Also learn from {episodes} under a shift")
        self._shifted.setVisible(episodes > 0)

    @property
    def has_result(self) -> bool:
        """Whether the recorded steps of this scene have been checked."""
        return bool(self._counts)

    @property
    def learns_generated(self) -> bool:
        """Whether a training is to learn from generated episodes."""
        return self._generated.isChecked() and not self._generated.isHidden()

    @property
    def learns_shifted(self) -> bool:
        """Whether a training is to learn from episodes under a shift."""
        return self._shifted.isChecked() and not self._shifted.isHidden()

    @property
    def left_out(self) -> tuple[StepProblem, ...]:
        """What a training is to leave out."""
        return tuple(problem for problem, box in self._boxes.items() if box.isChecked())

    def show_left_out(self, problems: Sequence[StepProblem]) -> None:
        """Set the tick boxes."""
        for problem, box in self._boxes.items():
            box.setChecked(problem in problems)

    # ── requests ─────────────────────────────────────────────────────────────────────────────────────────

    def _show_next(self, problem: StepProblem) -> None:
        places = self._places.get(problem, ())
        if not places:
            return
        place = places[self._next[problem] % len(places)]
        self._next[problem] += 1
        self.place_requested.emit(place.episode_id, place.first)


def _grouped(count: int) -> str:
    return f"{count:,}".replace(",", "\N{NARROW NO-BREAK SPACE}")
