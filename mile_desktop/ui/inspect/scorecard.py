"""The Scorecard of a selection of episodes: how well each predictor would have told of its takeovers."""

from collections.abc import Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QLabel, QVBoxLayout, QWidget

from mile_desktop.ui import theme

_EMPTY = "Choose episodes above: what would have told of their takeovers, and how well, shows here."


class ScorecardPanel(QWidget):
    """Told of the selection by ``show_selection``; window's thread only."""

    step_chosen = Signal(str, int)
    """A step behind a point or bar was chosen: its episode, and its row in the recording."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._scene = ""
        self._episodes: tuple[str, ...] = ()
        self._empty = QLabel(_EMPTY)
        self._empty.setWordWrap(True)
        theme.set_role(self._empty, "quiet")
        column = QVBoxLayout(self)
        theme.space(column, (16, 12, 16, 12), 8)
        column.addWidget(self._empty)
        column.addStretch(1)

    def show_selection(self, scene: str, episode_ids: Sequence[str]) -> None:
        """Know which episodes are chosen; they are scored when the person asks for it."""
        self._scene, self._episodes = scene, tuple(episode_ids)
