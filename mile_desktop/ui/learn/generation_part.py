"""The part of the Learn panel about generated data: a button, its progress, the sets that exist, and their removal."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QToolButton, QVBoxLayout, QWidget

from mile_desktop.ui.theme import theme
from mile_desktop.ui.widgets.background_job import BackgroundJob, plain_label

_TIP = (
    "A model of you supervises the policy that drives in simulated scenes that differ a little. The episodes are kept "
    "apart from yours; tick them above to learn from them"
)
_NOTHING_YET = "Take over a few times and retrain: the model of you has to know you first."


ALL = "all"
"""In place of a set's id: every set of the scene."""


@dataclass(frozen=True, slots=True)
class SetLine:
    """One set of generated episodes, as a line of the list."""

    set_id: str
    title: str
    """When, for which policy, how much."""
    tip: str


class GenerationPart(BackgroundJob):
    """Fed by ``show_…``; reports what the person asks for. Window's thread only."""

    remove_requested = Signal(str)
    """Id of a set, or ``ALL``."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("Generate data", "mdi6.robot-outline", "Generation progress", parent)
        self._possible = False
        self._there: tuple[SetLine, ...] = ()
        self.remove = QPushButton("Remove all")
        self.sets = QWidget()
        self._lines = QVBoxLayout(self.sets)
        theme.space(self._lines, (0, 0, 0, 0), 2)
        theme.set_icon(self.remove, "mdi6.trash-can-outline")
        self.remove.setToolTip("Delete all generated episodes of this scene; yours stay")
        self.remove.setAccessibleName("Remove the generated episodes")
        self.add_beside(self.remove)
        self.add_below(self.sets, before_note=True)
        self.remove.clicked.connect(partial(self.remove_requested.emit, ALL))
        self._refresh()

    @property
    def can_generate(self) -> bool:
        """Whether the model of the person rests on takeovers of theirs, and nothing is being generated."""
        return self._possible and not self.running

    def show_possible(self, possible: bool) -> None:
        """Set whether there is a scene to simulate and a model that was fitted to the person."""
        self._possible = possible
        self._refresh()

    def show_sets(self, sets: Sequence[SetLine]) -> None:
        """List what was generated before, each set with a button that removes it."""
        if tuple(sets) != self._there:
            self._there = tuple(sets)
            while (item := self._lines.takeAt(0)) is not None:
                if (widget := item.widget()) is not None:
                    # Hidden at once: it is deleted only when the event that removed the set has ended.
                    widget.hide()
                    widget.deleteLater()
            for line in self._there:
                self._lines.addWidget(self._row(line))
        self._refresh()

    def _row(self, line: SetLine) -> QWidget:
        row, text, remove = QWidget(), plain_label("secondary"), QToolButton()
        text.setText(line.title)
        text.setToolTip(line.tip)
        theme.set_icon(remove, "mdi6.trash-can-outline")
        remove.setToolTip("Delete these generated episodes; yours and the other sets stay")
        remove.setAccessibleName(f"Remove {line.title}")
        remove.clicked.connect(partial(self.remove_requested.emit, line.set_id))
        layout = QHBoxLayout(row)
        theme.space(layout, (0, 0, 0, 0), 4)
        layout.addWidget(text, 1)
        layout.addWidget(remove)
        return row

    def show_progress(self, share: float, text: str) -> None:
        """Show that episodes are being generated."""
        super().show_progress(share, text)
        self._refresh()

    def show_result(self, text: str) -> None:
        """Show what was generated or removed."""
        self.show_idle(text)
        self._refresh()

    def show_failure(self, text: str) -> None:
        """Show why nothing was generated."""
        self.show_idle(text, failed=True)
        self._refresh()

    def show_nothing(self) -> None:
        """Show the button alone."""
        self.show_idle()
        self._refresh()

    def _refresh(self) -> None:
        self.offer(self.can_generate, _TIP if self._possible else _NOTHING_YET)
        there = bool(self._there) and not self.running
        self.remove.setVisible(there and len(self._there) > 1)
        self.sets.setVisible(there)
