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
from mile_desktop.storage.records import PARTIAL
from mile_desktop.ui.shell.shortcuts import binding, tooltip
from mile_desktop.ui.supervise.model import OUTCOMES, EpisodeAction, enabled_actions
from mile_desktop.ui.theme import theme
from mile_desktop.ui.widgets.override_guard import OverrideGuard
from mile_desktop.ui.widgets.wrapping_row import WrappingRow

QUESTION_MS = 6000
"""How long the question before a discard stays; without an answer the episode is kept."""
MAX_EPISODES = 50
_UNDO, _EPISODES = "Undo discard", "Episodes: "
_INCOMPLETE = "Tick every point of the checklist first; then the episode can begin"
_PARTIAL_TIP = "End the episode as a partial success: your takeovers are learned from, but it counts as no success"
_QT_WIDEST = (1 << 24) - 1
"""Qt's QWIDGETSIZE_MAX, which PySide6 does not export: no limit on the width."""

_APPEARANCE: dict[EpisodeAction, tuple[str, str, str, str]] = {
    # action: label, icon, what it does, its name in the shortcut table
    EpisodeAction.START: ("Start", "mdi6.play", "Start the episodes", "start"),
    EpisodeAction.RESET: ("Reset", "mdi6.restart", "Release the stop and reset the scene", "reset"),
    EpisodeAction.HOLD: ("Hold", "mdi6.pause", "Hold the pose", "hold"),
    EpisodeAction.RESUME: ("Resume", "mdi6.play-pause", "Let the policy continue", "hold"),
    EpisodeAction.STOP: ("Stop", "mdi6.stop", "Emergency stop, until Reset", "stop"),
    EpisodeAction.SUCCESS: ("Success", "mdi6.check", "End the episode as a success", "success"),
    EpisodeAction.PARTIAL: ("Partial", "mdi6.circle-half-full", _PARTIAL_TIP, "partial"),
    EpisodeAction.FAILURE: ("Failure", "mdi6.close", "End the episode as a failure", "failure"),
    EpisodeAction.DISCARD: ("Discard", "mdi6.delete-outline", "Discard the episode; this can be undone", "discard"),
}
_COLOURS = {
    EpisodeAction.SUCCESS: "success",
    EpisodeAction.PARTIAL: "warning",
    EpisodeAction.FAILURE: "failure",
    EpisodeAction.STOP: "stopped",
}
LEAST_WIDTH = 480
_ICON_WIDTH = 40
_BOX, _TINY_BOX = 124, 64
_STOP, _HIGH = 104, 38
"""Stop is wider and higher than the others: it must be hit without aiming."""
_ICON_ONLY: tuple[frozenset[EpisodeAction], ...] = (
    frozenset(),
    frozenset(OUTCOMES),
    frozenset(EpisodeAction) - {EpisodeAction.STOP},
    frozenset(EpisodeAction),
)
"""From the widest layout to the narrowest: the buttons that show only their icon. Stop keeps its label longest.
Where Start is an icon, the number of episodes has no label either."""


class EpisodeControls(OverrideGuard, QFrame):
    """Buttons that send commands; only those that the phase allows are enabled. Lives on the window's thread."""

    commanded = Signal(object)
    """Carries a command of ``rollout.messages``."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        theme.set_role(self, "panel")
        self._phase: Phase | None = None
        self._waits_for_start = self._list_complete = self._guided = False
        self._blocked = ""
        self._buttons = {action: _button(action) for action in EpisodeAction}
        self._episodes = _episodes_box()
        self._undo = QPushButton(_UNDO)
        self._undo.setToolTip("Bring the discarded episode back")
        theme.set_icon(self._undo, "mdi6.undo")
        self._undo.hide()
        self._question = QLabel("Discard this episode?")
        self._yes, self._no = QPushButton("Discard it"), QPushButton("Keep it")
        self._question_timer = QTimer(self)
        self._question_timer.setSingleShot(True)
        self._question_timer.setInterval(QUESTION_MS)
        self._outcome_row, self._question_row = self._outcome_rows()
        self._lay_out()
        self._connect()
        self._refresh()

    def _outcome_rows(self) -> tuple[QWidget, QWidget]:
        theme.set_role(self._yes, "danger")
        marks = _row(*(self._buttons[action] for action in OUTCOMES), self._undo)
        ask = _row(self._question, self._yes, self._no)
        ask.hide()
        return marks, ask

    def _lay_out(self) -> None:
        row = self._row = WrappingRow(self)
        theme.space(row, (12, 8, 12, 8), 8)
        row.addWidget(self._buttons[EpisodeAction.START])
        row.addWidget(self._buttons[EpisodeAction.RESET])
        row.addWidget(self._episodes)
        row.addWidget(self._buttons[EpisodeAction.HOLD])
        row.addWidget(self._buttons[EpisodeAction.RESUME])
        row.addSpacing(theme.px(8))
        row.addWidget(self._outcome_row)
        row.addWidget(self._question_row)
        row.addStretch(1)
        row.addWidget(self._buttons[EpisodeAction.STOP])

    def _connect(self) -> None:
        # Another scale needs other labels at the same width.
        theme.signals().changed.connect(self._fit)
        self._buttons[EpisodeAction.START].clicked.connect(self.start)
        self._buttons[EpisodeAction.RESET].clicked.connect(self.reset)
        self._buttons[EpisodeAction.HOLD].clicked.connect(self.toggle_hold)
        self._buttons[EpisodeAction.RESUME].clicked.connect(self.toggle_hold)
        self._buttons[EpisodeAction.STOP].clicked.connect(self.stop)
        self._buttons[EpisodeAction.SUCCESS].clicked.connect(self.mark_success)
        self._buttons[EpisodeAction.PARTIAL].clicked.connect(self.mark_partial)
        self._buttons[EpisodeAction.FAILURE].clicked.connect(self.mark_failure)
        self._buttons[EpisodeAction.DISCARD].clicked.connect(self.ask_discard)
        self._yes.clicked.connect(self._discard)
        self._no.clicked.connect(self._hide_question)
        self._question_timer.timeout.connect(self._hide_question)
        self._undo.clicked.connect(self._undo_discard)

    # ── state ────────────────────────────────────────────────────────────────────────────────────────────────────

    def show_status(self, status: Status) -> None:
        """Enable what works in this phase."""
        if status.phase is not self._phase:
            self._phase = status.phase
            self._refresh()

    def forget_phase(self) -> None:
        """Enable nothing: another session is being loaded."""
        self._phase = None
        self._refresh()

    def show_closed(self, closed: EpisodeClosed) -> None:
        """Offer to undo a discard until the next episode closes."""
        # Only the newest discard can be undone.
        self._undo.setVisible(closed.discarded)
        self._fit()

    def wait_for_start(self, waits: bool, complete: bool) -> None:
        """Set whether a robot waits for its checklist: Start then confirms the list, once every point is ticked."""
        if (waits, complete) != (self._waits_for_start, self._list_complete):
            self._waits_for_start, self._list_complete = waits, complete
            self._refresh()

    def block_start(self, reason: str) -> None:
        """Let no episode begin, and say why on Start; empty: let it begin again."""
        if reason != self._blocked:
            self._blocked = reason
            self._refresh()

    def guide(self, guided: bool) -> None:
        """Hide what starts or discards an episode: in a study the page Study does it, and counts what was recorded."""
        self._guided = guided
        self._refresh()

    def button(self, action: EpisodeAction) -> QPushButton:
        """Return the button of ``action``."""
        return self._buttons[action]

    @property
    def episodes(self) -> int:
        """How many episodes Start runs."""
        return self._episodes.value()

    def set_episodes(self, episodes: int) -> None:
        """Show the number of episodes used last time."""
        self._episodes.setValue(episodes)

    @property
    def is_asking(self) -> bool:
        """Whether the question before a discard is shown."""
        return not self._question_row.isHidden()

    def minimumSizeHint(self) -> QSize:
        """Return the size of the narrowest layout, in which buttons are icons."""
        full = super().minimumSizeHint()
        return QSize(min(full.width(), theme.px(LEAST_WIDTH)), full.height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Choose the widest layout that fits."""
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        # The last one only where Stop alone would not fit: it must be readable, and the row can have a second line.
        for wordless in _ICON_ONLY if self.width() < theme.px(2 * _STOP) else _ICON_ONLY[:-1]:
            self._show_labels(wordless)
            if self._row.one_line_width() <= self.width():
                return

    def _show_labels(self, wordless: frozenset[EpisodeAction]) -> None:
        shape, any_width = theme.px(_ICON_WIDTH), _QT_WIDEST
        for action, button in self._buttons.items():
            narrow = action in wordless
            button.setText("" if narrow else _APPEARANCE[action][0])
            button.setMaximumWidth(shape if narrow else any_width)
        icons, tiny = EpisodeAction.START in wordless, EpisodeAction.STOP in wordless
        self._episodes.setPrefix("" if icons else _EPISODES)
        theme.bound(self._episodes, width=_TINY_BOX if icons else _BOX)
        theme.bound(self._buttons[EpisodeAction.STOP], least_width=_ICON_WIDTH if tiny else _STOP, least_height=_HIGH)
        narrow = bool(wordless)
        self._undo.setText("" if narrow else _UNDO)
        self._undo.setMaximumWidth(shape if narrow else any_width)
        self._question.setVisible(not narrow)
        self._yes.setText("Discard" if narrow else "Discard it")
        self._no.setText("Keep" if narrow else "Keep it")
        # The question takes exactly the place of the outcomes: Stop must not move while a person is asked.
        room = self._outcome_row.sizeHint().width()
        self._question_row.setMinimumWidth(room if narrow else 0)
        self._question_row.setMaximumWidth(room if narrow else any_width)
        for row in (self._outcome_row, self._question_row):
            layout = row.layout()
            if layout is not None:
                # Qt recomputes a layout only when it returns to its event loop. ``_fit`` measures at once and would
                # otherwise see the old width.
                layout.activate()

    def _refresh(self) -> None:
        allowed = set(enabled_actions(self._phase))
        if self._waits_for_start:
            allowed = allowed | {EpisodeAction.START} if self._list_complete else allowed - {EpisodeAction.START}
        allowed = allowed - {EpisodeAction.START} if self._blocked else allowed
        incomplete = _INCOMPLETE if self._waits_for_start and not self._list_complete else ""
        self._buttons[EpisodeAction.START].setToolTip(self._blocked or incomplete or _tip(EpisodeAction.START))
        for action, button in self._buttons.items():
            button.setEnabled(action in allowed)
        stopped, held = self._phase is Phase.STOPPED, self._phase is Phase.HOLD
        self._buttons[EpisodeAction.START].setVisible(not (stopped or self._guided))
        self._buttons[EpisodeAction.RESET].setVisible(stopped and not self._guided)
        for outcome in OUTCOMES:
            self._buttons[outcome].setVisible(not self._guided)
        self._episodes.setVisible(not self._guided)
        self._buttons[EpisodeAction.HOLD].setVisible(not held)
        self._buttons[EpisodeAction.RESUME].setVisible(held)
        self._episodes.setEnabled(EpisodeAction.START in allowed)
        if self._phase not in IN_EPISODE:
            # The episode may have ended by itself while the question was open.
            self._hide_question()
        else:
            self._fit()

    # ── commands; the keys call them, too ────────────────────────────────────────────────────────────────────────

    def start(self) -> None:
        """Start the run, or confirm the checklist of a robot; nothing happens where neither is possible."""
        # Keys and the pad call this, too, so the question is answered here and not by the state of a button.
        if self._blocked:
            return
        if self._waits_for_start:
            if self._list_complete:
                self.commanded.emit(ConfirmReset())
        elif self._is_enabled(EpisodeAction.START) and not self._guided:
            self.commanded.emit(StartEpisodes(episodes=self._episodes.value()))

    def reset(self) -> None:
        """Leave the latched stop, if the robot is stopped."""
        if self._is_enabled(EpisodeAction.RESET):
            self.commanded.emit(RequestReset())

    def start_or_reset(self) -> None:
        """Do what the pad's Start button does: start, or reset after a stop."""
        self.start()
        self.reset()

    def stop(self) -> None:
        """Stop. It is sent in every phase: a stop too many does no harm, but a stop filtered out by mistake does."""
        self.commanded.emit(RequestStop())

    def toggle_hold(self) -> None:
        """Hold or resume."""
        if self._is_enabled(EpisodeAction.HOLD) or self._is_enabled(EpisodeAction.RESUME):
            self.commanded.emit(ToggleHold())

    def mark_success(self) -> None:
        """End the episode as a success."""
        self._end(EpisodeAction.SUCCESS, "success")

    def mark_partial(self) -> None:
        """End the episode as a partial success."""
        self._end(EpisodeAction.PARTIAL, PARTIAL)

    def mark_failure(self) -> None:
        """End the episode as a failure."""
        self._end(EpisodeAction.FAILURE, "failure")

    def ask_discard(self) -> None:
        """Ask before the episode is discarded; a second press of the key answers yes."""
        if not self._is_enabled(EpisodeAction.DISCARD):
            return
        if self.is_asking:
            self._discard()
            return
        self._outcome_row.hide()
        self._question_row.show()
        self._fit()
        # A forgotten question must not let a later key press discard the episode.
        self._question_timer.start()

    def _discard(self) -> None:
        self._hide_question()
        self._end(EpisodeAction.DISCARD, "discard")

    def _hide_question(self) -> None:
        self._question_timer.stop()
        self._question_row.hide()
        self._outcome_row.show()
        self._fit()

    def _undo_discard(self) -> None:
        self._undo.hide()
        self._fit()
        self.commanded.emit(UndoDiscard())

    def _end(self, action: EpisodeAction, outcome: str) -> None:
        if self._is_enabled(action):
            self.commanded.emit(EndEpisode(outcome=outcome))

    def _is_enabled(self, action: EpisodeAction) -> bool:
        if self._guided and action in OUTCOMES:
            return False  # the key must not do what the button does not offer
        return action in enabled_actions(self._phase)


def _tip(action: EpisodeAction) -> str:
    _, _, tip, key = _APPEARANCE[action]
    return f"{tooltip(tip, key)}; {binding(key).pad} on the pad"


def _button(action: EpisodeAction) -> QPushButton:
    label, icon, _, _ = _APPEARANCE[action]
    button = QPushButton(label)
    button.setToolTip(_tip(action))
    button.setAccessibleName(label)
    button.setObjectName(f"transport_{action}")
    colour = _COLOURS.get(action, "text")
    # Start and Reset are never shown together: each is the one way on in its phase.
    if action in {EpisodeAction.START, EpisodeAction.RESET}:
        theme.set_role(button, "primary")
        colour = "on_accent"
    if action is EpisodeAction.STOP:
        theme.set_role(button, "danger")
        theme.bound(button, least_width=_STOP, least_height=_HIGH)
    theme.set_icon(button, icon, colour)
    return button


def _episodes_box() -> QSpinBox:
    box = QSpinBox()
    box.setRange(1, MAX_EPISODES)
    box.setPrefix(_EPISODES)
    box.setAlignment(Qt.AlignmentFlag.AlignRight)
    theme.bound(box, width=_BOX)
    box.setToolTip("How many episodes Start runs, 1–50")
    box.setAccessibleName("Number of episodes")
    return box


def _row(*widgets: QWidget) -> QWidget:
    holder = QWidget()
    row = QHBoxLayout(holder)
    theme.space(row, (0, 0, 0, 0), 8)
    for widget in widgets:
        row.addWidget(widget)
    return holder
