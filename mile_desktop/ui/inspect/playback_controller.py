"""Moves through the chosen recording by clock, keys and jumps, and shows the row in viewer and timeline."""

import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial

from PySide6.QtCore import QObject, QTimer, Signal

from mile_desktop.ui.inspect.model import RecordedEpisode, next_row
from mile_desktop.ui.inspect.page import InspectPage
from mile_desktop.ui.widgets.playback import Playback

_TICK_MS = 16
"""One frame at 60 Hz. The row follows the clock, not the number of ticks, so a late tick skips rows."""
_JUMPS = {
    "takeover": frozenset({"takeover"}),
    "miss": frozenset({"miss"}),
    "false_alarm": frozenset({"false alarm"}),
    "call": frozenset({"call"}),
}


class PlaybackController(QObject):
    """Owns the position in the recording; everything runs on the window's thread."""

    row_changed = Signal(int)
    """The row to show."""
    message = Signal(str)
    """A sentence about a jump that found nothing."""

    def __init__(self, page: InspectPage, *, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__(page)
        self._page = page
        self._clock = clock
        self._last = 0.0
        self._playback = Playback()
        self._timer = QTimer(self)
        self._timer.setInterval(_TICK_MS)
        self._timer.timeout.connect(self.advance)
        self.handlers: dict[str, Callable[[], object]] = {
            "inspect_play": self.toggle,
            "inspect_back": partial(self.step, -1),
            "inspect_forward": partial(self.step, 1),
            "inspect_first": self.go_first,
            "inspect_last": self.go_last,
            "inspect_slower": partial(self.change_speed, -1),
            "inspect_faster": partial(self.change_speed, 1),
        }
        self.handlers |= {
            f"inspect_{side}_{kind}": partial(self.jump, kind, direction)
            for kind in _JUMPS
            for side, direction in (("previous", -1), ("next", 1))
        }
        page.playback_bar.action_requested.connect(self._run_action)
        page.playback_bar.row_chosen.connect(self.go)
        page.playback_bar.speed_chosen.connect(self._speed_chosen)
        page.timeline.row_chosen.connect(self.go)

    @property
    def state(self) -> Playback:
        """Position, speed, and whether it plays."""
        return self._playback

    def load(self, recording: RecordedEpisode | None) -> None:
        """Start at the first row of another recording that is not trimmed."""
        # The speed belongs to the person and not to the recording.
        speed = self._playback.speed
        if recording is None:
            self._show(Playback(speed=speed))
        else:
            self._show(Playback(len(recording), recording.rate_hz, float(recording.kept[0]), speed))

    def set_length(self, length: int) -> None:
        """Continue in a longer or shorter sequence of rows, at the same row if it has one."""
        self._show(replace(self._playback, length=length).at(self._playback.row))

    def toggle(self) -> None:
        """Play or pause."""
        self._last = self._clock()  # time before the start does not count
        self._show(self._playback.toggled())

    def pause(self) -> None:
        """Pause if it plays."""
        if self._playback.playing:
            self.toggle()

    def step(self, rows: int) -> None:
        """Move by ``rows`` and pause."""
        self._show(self._playback.stepped(rows))

    def go(self, row: int) -> None:
        """Go to ``row``."""
        self._show(self._playback.at(row))

    def go_first(self) -> None:
        """Go to the first row."""
        self.go(0)

    def go_last(self) -> None:
        """Go to the last row."""
        self.go(self._playback.length - 1)

    def change_speed(self, steps: int) -> None:
        """Play faster or slower."""
        self._show(self._playback.faster(steps))

    def jump(self, kind: str, direction: int) -> None:
        """Go to the next (+1) or the previous (−1) ``takeover``, ``miss`` or ``false_alarm``."""
        row = next_row(self._page.timeline.events, _JUMPS[kind], self._playback.row, direction)
        if row is not None:
            # As a step, so that playback pauses at the event.
            self._show(self._playback.stepped(row - self._playback.row))
        elif self._playback.length:
            side = "after" if direction > 0 else "before"
            self.message.emit(f"There is no {kind.replace('_', ' ')} {side} this step.")

    def advance(self) -> None:
        """Move to the row that the clock demands; called by the timer."""
        now = self._clock()
        passed, self._last = now - self._last, now
        self._show(self._playback.advanced(passed))

    def _show(self, playback: Playback) -> None:
        before, self._playback = self._playback, playback
        self._page.playback_bar.show_playback(playback)
        if playback.playing != self._timer.isActive():
            (self._timer.start if playback.playing else self._timer.stop)()
        # most ticks change only the fraction of a row, and drawing is expensive
        if playback.row != before.row or playback.length != before.length:
            self._page.timeline.show_row(playback.row)
            self.row_changed.emit(playback.row)

    def _run_action(self, action: str) -> None:
        self.handlers[action]()

    def _speed_chosen(self, speed: float) -> None:
        self._last = self._clock()  # the time since the last tick passed at the old speed
        self._show(replace(self._playback, speed=speed))
