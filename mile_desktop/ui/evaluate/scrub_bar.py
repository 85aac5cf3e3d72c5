"""Slider and buttons under the watched episode: pause, one step, drag."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSlider, QToolButton, QWidget

from mile_desktop.ui.theme import theme
from mile_desktop.ui.widgets.playback import Playback


class ScrubBar(QWidget):
    """Shows a ``Playback``; every change is requested by a signal. Window's thread only."""

    toggle_requested = Signal()
    step_requested = Signal(int)
    row_chosen = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._showing = False
        self._slider = QSlider(Qt.Orientation.Horizontal)
        self._slider.setAccessibleName("Step of the watched episode")
        self._slider.setToolTip("Drag to any step; ← and → move by one step")
        self._slider.valueChanged.connect(self._moved)
        self._back = _tool("One step back", "mdi6.step-backward")
        self._play = _tool("Play or pause", "mdi6.play")
        self._forward = _tool("One step forward", "mdi6.step-forward")
        self._back.clicked.connect(self._step_back)
        self._play.clicked.connect(self.toggle_requested)
        self._forward.clicked.connect(self._step_forward)
        self._position = QLabel()
        # Wide enough for 1,000 steps, so that the slider does not change its length while it plays.
        theme.bound(self._position, least_width=96)
        self._position.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        row = QHBoxLayout(self)
        theme.space(row, (0, 0, 0, 0), 2)
        for button in (self._back, self._play, self._forward):
            row.addWidget(button)
        row.addWidget(self._slider, 1)
        row.addWidget(self._position)
        self.show_playback(Playback(), 0, live=False)

    def show_playback(self, playback: Playback, first: int, *, live: bool) -> None:
        """Show the position, without a signal.

        ``first``: step of the first row; ``live``: the picture follows an episode that runs.
        """
        # Qt emits valueChanged for the program, too; it would move the playback to the row that is shown already.
        self._showing = True
        self._slider.setRange(0, max(playback.length - 1, 0))
        self._slider.setValue(playback.row)
        self._showing = False
        moving = live or playback.playing
        theme.set_icon(self._play, "mdi6.pause" if moving else "mdi6.play")
        step = f"step {first + playback.row}"
        self._position.setText(f"{step} · live" if live else f"{step} / {first + playback.length - 1}")
        if not playback.length:
            self._position.setText("–")
        self.setEnabled(playback.length > 0)

    def _step_back(self) -> None:
        self.step_requested.emit(-1)

    def _step_forward(self) -> None:
        self.step_requested.emit(1)

    def _moved(self, row: int) -> None:
        if not self._showing:
            self.row_chosen.emit(row)


def _tool(name: str, icon: str) -> QToolButton:
    tool = QToolButton()
    tool.setToolTip(name)
    tool.setAccessibleName(name)
    theme.set_icon(tool, icon)
    return tool
