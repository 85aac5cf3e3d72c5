"""Slider and buttons that play, step and jump through a recording."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QComboBox, QLabel, QSlider, QToolButton, QVBoxLayout, QWidget

from mile_desktop.ui.shell import shortcuts
from mile_desktop.ui.theme import theme
from mile_desktop.ui.widgets.playback import SPEEDS, Playback, speed_text
from mile_desktop.ui.widgets.wrapping_row import WrappingRow

_BUTTONS: tuple[tuple[str, str], ...] = (
    ("inspect_previous_takeover", "mdi6.skip-previous"),
    ("inspect_back", "mdi6.step-backward"),
    ("inspect_play", "mdi6.play"),
    ("inspect_forward", "mdi6.step-forward"),
    ("inspect_next_takeover", "mdi6.skip-next"),
)
"""Action of the shortcut table, and icon."""


class PlaybackBar(QWidget):
    """Shows a ``Playback``; every change is requested by a signal. Window's thread only."""

    action_requested = Signal(str)
    """Name of an action of the shortcut table."""
    row_chosen = Signal(int)
    speed_chosen = Signal(float)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._buttons: dict[str, QToolButton] = {}
        self._slider = QSlider(Qt.Orientation.Horizontal)
        self._slider.setAccessibleName("Position in the recording")
        self._slider.setRange(0, 0)
        self._slider.valueChanged.connect(self._slider_moved)
        self._speed = QComboBox()
        self._speed.setAccessibleName("Speed")
        self._speed.setToolTip(
            f"Speed: {shortcuts.binding('inspect_slower').keys_text} slower, "
            f"{shortcuts.binding('inspect_faster').keys_text} faster"
        )
        for speed in SPEEDS:
            self._speed.addItem(speed_text(speed), speed)
        # activated and not currentIndexChanged: only a choice of the person counts, not one by the program.
        self._speed.activated.connect(self._speed_activated)
        self._position = QLabel()
        # Wide enough for 1,000 steps, so that the row does not move while it plays.
        theme.bound(self._position, least_width=112)
        self._position.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self._showing = False
        self._lay_out()
        self.show_playback(Playback())

    def _lay_out(self) -> None:
        row = WrappingRow()
        theme.space(row, (0, 0, 0, 0), 2)
        for action, icon in _BUTTONS:
            button = QToolButton()
            entry = shortcuts.binding(action)
            button.setToolTip(shortcuts.tooltip(entry.title, action))
            button.setAccessibleName(entry.title)
            button.setObjectName(action)
            theme.set_icon(button, icon)
            button.clicked.connect(self._clicked)
            self._buttons[action] = button
            row.addWidget(button)
        row.addStretch(1)
        row.addWidget(self._position)
        row.addSpacing(theme.px(6))
        row.addWidget(self._speed)
        column = QVBoxLayout(self)
        theme.space(column, (0, 0, 0, 0), 0)
        column.addWidget(self._slider)
        column.addLayout(row)

    def show_playback(self, playback: Playback) -> None:
        """Show position and speed, without a signal."""
        # Qt emits valueChanged for the program, too; it would move the playback to the row that is shown already.
        self._showing = True
        self._slider.setRange(0, max(playback.length - 1, 0))
        self._slider.setValue(playback.row)
        self._showing = False
        self._speed.setCurrentIndex(SPEEDS.index(playback.speed))
        self._position.setText(f"step {playback.row} / {playback.length}" if playback.length else "–")
        theme.set_icon(self._buttons["inspect_play"], "mdi6.pause" if playback.playing else "mdi6.play")
        self.setEnabled(playback.length > 0)

    def _clicked(self) -> None:
        sender = self.sender()
        if sender is not None:
            self.action_requested.emit(sender.objectName())

    def _slider_moved(self, row: int) -> None:
        if not self._showing:
            self.row_chosen.emit(row)

    def _speed_activated(self, index: int) -> None:
        self.speed_chosen.emit(SPEEDS[index])
