"""The buttons under the view: start, hold, stop, and how the episode ended."""

from PySide6.QtCore import QSize, Qt, QTimer, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QSpinBox, QWidget

from mile_desktop.rollout.messages import (
    ConfirmReset,
    EndEpisode,
    EpisodeClosed,
    RequestReset,
    RequestStop,
    StartEpisodes,
    Status,
    ToggleHold,
    UndoDiscard,
)
from mile_desktop.rollout.phases import IN_EPISODE, Phase
from mile_desktop.ui.shell.shortcuts import binding, tooltip
from mile_desktop.ui.supervise.transport_model import Action, enabled
from mile_desktop.ui.theme import theme

ASKED_MS = 6000
"""How long the question before a discard stays; no answer means no."""
MAX_EPISODES = 50
_UNDO = "Undo discard"
_QT_WIDEST = (1 << 24) - 1
"""Qt's QWIDGETSIZE_MAX."""

_LOOK: dict[Action, tuple[str, str, str, str]] = {
    # action: word, icon, what it does, its name in the table of keys
    Action.START: ("Start", "mdi6.play", "Start the episodes", "start"),
    Action.RESET: ("Reset", "mdi6.restart", "Leave the stop and reset the scene", "reset"),
    Action.HOLD: ("Hold", "mdi6.pause", "Hold the pose", "hold"),
    Action.RESUME: ("Resume", "mdi6.play-pause", "Let the policy go on", "hold"),
    Action.STOP: ("Stop", "mdi6.stop", "Stop at once and stay stopped", "stop"),
    Action.SUCCESS: ("Success", "mdi6.check", "End the episode as a success", "success"),
    Action.FAILURE: ("Failure", "mdi6.close", "End the episode as a failure", "failure"),
    Action.DISCARD: ("Discard", "mdi6.delete-outline", "Throw the episode away", "discard"),
}
_MARKS = (Action.SUCCESS, Action.FAILURE, Action.DISCARD)
LEAST_WIDTH = 440
_SHAPE_WIDTH = 40
_WORDLESS: tuple[frozenset[Action], ...] = (frozenset(), frozenset(_MARKS), frozenset(Action) - {Action.STOP})
"""Ever shorter forms: which buttons show their shape only. Stop keeps its word."""


class Transport(QFrame):
    """Says which command a press means; enables what the phase allows. Lives on the window's thread."""

    commanded = Signal(object)
    """Carries a command of ``rollout.messages``."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        theme.set_role(self, "panel")
        self._phase: Phase | None = None
        self._awaited = False
        self._buttons = {action: _button(action) for action in Action}
        self._episodes = _episodes_box()
        self._undo = QPushButton(_UNDO)
        self._undo.setToolTip("Bring the discarded episode back")
        theme.set_icon(self._undo, "mdi6.undo")
        self._undo.hide()
        self._question = QLabel("Throw this episode away?")
        self._yes, self._no = QPushButton("Discard it"), QPushButton("Keep it")
        self._asked = QTimer(self)
        self._asked.setSingleShot(True)
        self._asked.setInterval(ASKED_MS)
        self._marks, self._ask = self._outcome_rows()
        self._lay_out()
        self._connect()
        self._refresh()

    def _outcome_rows(self) -> tuple[QWidget, QWidget]:
        theme.set_role(self._yes, "danger")
        marks = _row(*(self._buttons[action] for action in _MARKS), self._undo)
        ask = _row(self._question, self._yes, self._no)
        ask.hide()
        return marks, ask

    def _lay_out(self) -> None:
        row = QHBoxLayout(self)
        theme.space(row, (12, 8, 12, 8), 8)
        row.addWidget(self._buttons[Action.START])
        row.addWidget(self._buttons[Action.RESET])
        row.addWidget(self._episodes)
        row.addWidget(self._buttons[Action.HOLD])
        row.addWidget(self._buttons[Action.RESUME])
        row.addSpacing(theme.px(8))
        row.addWidget(self._marks)
        row.addWidget(self._ask)
        row.addStretch(1)
        row.addWidget(self._buttons[Action.STOP])

    def _connect(self) -> None:
        self._buttons[Action.START].clicked.connect(self.start)
        self._buttons[Action.RESET].clicked.connect(self.reset)
        self._buttons[Action.HOLD].clicked.connect(self.toggle_hold)
        self._buttons[Action.RESUME].clicked.connect(self.toggle_hold)
        self._buttons[Action.STOP].clicked.connect(self.stop)
        self._buttons[Action.SUCCESS].clicked.connect(self.mark_success)
        self._buttons[Action.FAILURE].clicked.connect(self.mark_failure)
        self._buttons[Action.DISCARD].clicked.connect(self.ask_discard)
        self._yes.clicked.connect(self._discard)
        self._no.clicked.connect(self._drop_question)
        self._asked.timeout.connect(self._drop_question)
        self._undo.clicked.connect(self._undo_discard)

    # ── what comes in ────────────────────────────────────────────────────────────────────────────────────────────

    def show_status(self, status: Status) -> None:
        """Enable what works in this phase."""
        if status.phase is not self._phase:
            self._phase = status.phase
            self._refresh()

    def show_closed(self, closed: EpisodeClosed) -> None:
        """Offer to undo a discard until the next episode closes."""
        self._undo.setVisible(closed.discarded)
        self._fit()

    def await_person(self, awaited: bool) -> None:
        """Say that the next episode begins when the person presses Start: what comes before is seen to."""
        if awaited is not self._awaited:
            self._awaited = awaited
            self._refresh()

    def button(self, action: Action) -> QPushButton:
        """Return the button of ``action``."""
        return self._buttons[action]

    @property
    def episodes(self) -> int:
        """How many episodes Start begins."""
        return self._episodes.value()

    def set_episodes(self, episodes: int) -> None:
        """Show the number of episodes used last time."""
        self._episodes.setValue(episodes)

    @property
    def is_asking(self) -> bool:
        """Whether the question before a discard is shown."""
        return not self._ask.isHidden()

    def minimumSizeHint(self) -> QSize:  # noqa: N802 – Qt's name
        """Return the room the compact buttons need; below the full width the words go and the shapes stay."""
        full = super().minimumSizeHint()
        return QSize(min(full.width(), theme.px(LEAST_WIDTH)), full.height())

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 – Qt's name
        """Drop words where there is no room for them."""
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        for wordless in _WORDLESS:
            self._show_words(wordless)
            layout = self.layout()
            if layout is None or layout.minimumSize().width() <= self.width():
                return

    def _show_words(self, wordless: frozenset[Action]) -> None:
        shape, any_width = theme.px(_SHAPE_WIDTH), _QT_WIDEST
        for action, button in self._buttons.items():
            narrow = action in wordless
            button.setText("" if narrow else _LOOK[action][0])
            button.setMaximumWidth(shape if narrow else any_width)
        narrow = bool(wordless)
        self._undo.setText("" if narrow else _UNDO)
        self._undo.setMaximumWidth(shape if narrow else any_width)
        self._question.setVisible(not narrow)
        for row in (self._marks, self._ask):
            layout = row.layout()
            if layout is not None:
                layout.activate()  # or the row would still be as wide as before

    def _refresh(self) -> None:
        allowed = enabled(self._phase) | ({Action.START} if self._awaited else set())
        for action, button in self._buttons.items():
            button.setEnabled(action in allowed)
        stopped, held = self._phase is Phase.STOPPED, self._phase is Phase.HOLD
        self._buttons[Action.START].setVisible(not stopped)
        self._buttons[Action.RESET].setVisible(stopped)
        self._buttons[Action.HOLD].setVisible(not held)
        self._buttons[Action.RESUME].setVisible(held)
        self._episodes.setEnabled(Action.START in allowed)
        if self._phase not in IN_EPISODE:
            self._drop_question()
        else:
            self._fit()

    # ── what goes out; also called by keys ───────────────────────────────────────────────────────────────────────

    def start(self) -> None:
        """Start the run, where that is possible."""
        if self._awaited:
            self.commanded.emit(ConfirmReset())
        elif self._may(Action.START):
            self.commanded.emit(StartEpisodes(episodes=self._episodes.value()))

    def reset(self) -> None:
        """Leave the latched stop, where there is one."""
        if self._may(Action.RESET):
            self.commanded.emit(RequestReset())

    def start_or_reset(self) -> None:
        """Do what the pad's Start button does: start, or reset after a stop."""
        self.start()
        self.reset()

    def stop(self) -> None:
        """Stop; asked for in every phase, because a stop that comes too often harms nobody."""
        self.commanded.emit(RequestStop())

    def toggle_hold(self) -> None:
        """Hold or resume."""
        if self._may(Action.HOLD) or self._may(Action.RESUME):
            self.commanded.emit(ToggleHold())

    def mark_success(self) -> None:
        """End the episode as a success."""
        self._end(Action.SUCCESS, "success")

    def mark_failure(self) -> None:
        """End the episode as a failure."""
        self._end(Action.FAILURE, "failure")

    def ask_discard(self) -> None:
        """Ask before the episode is thrown away; a second press of the key answers yes."""
        if not self._may(Action.DISCARD):
            return
        if self.is_asking:
            self._discard()
            return
        self._marks.hide()
        self._ask.show()
        self._fit()
        self._asked.start()

    def _discard(self) -> None:
        self._drop_question()
        self._end(Action.DISCARD, "discard")

    def _drop_question(self) -> None:
        self._asked.stop()
        self._ask.hide()
        self._marks.show()
        self._fit()

    def _undo_discard(self) -> None:
        self._undo.hide()
        self._fit()
        self.commanded.emit(UndoDiscard())

    def _end(self, action: Action, outcome: str) -> None:
        if self._may(action):
            self.commanded.emit(EndEpisode(outcome=outcome))

    def _may(self, action: Action) -> bool:
        return action in enabled(self._phase)


def _button(action: Action) -> QPushButton:
    word, icon, tip, key = _LOOK[action]
    button = QPushButton(word)
    button.setToolTip(f"{tooltip(tip, key)}; {binding(key).pad} on the pad")
    button.setAccessibleName(word)
    button.setObjectName(f"transport_{action}")
    colour = {Action.SUCCESS: "success", Action.FAILURE: "failure", Action.STOP: "stopped"}.get(action, "text")
    if action is Action.START:
        theme.set_role(button, "primary")
        colour = "on_accent"
    if action is Action.STOP:
        theme.set_role(button, "danger")
        theme.bound(button, least_width=104, least_height=38)
    theme.set_icon(button, icon, colour)
    return button


def _episodes_box() -> QSpinBox:
    box = QSpinBox()
    box.setRange(1, MAX_EPISODES)
    box.setSuffix(" ep")
    box.setAlignment(Qt.AlignmentFlag.AlignRight)
    theme.bound(box, width=78)
    box.setToolTip("How many episodes Start begins, 1–50")
    box.setAccessibleName("Episodes to run")
    return box


def _row(*widgets: QWidget) -> QWidget:
    holder = QWidget()
    row = QHBoxLayout(holder)
    theme.space(row, (0, 0, 0, 0), 8)
    for widget in widgets:
        row.addWidget(widget)
    return holder
