"""Why the robot called: the reasons beside p, with the recorded moments that the present one is like."""

from collections import deque
from collections.abc import Sequence
from functools import partial

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QMenu, QToolButton, QWidget

from mile_desktop.storage.reasons import Reason, decode_reasons, split_moment
from mile_desktop.ui.theme import theme
from mile_desktop.ui.widgets.menu_title import add_heading
from mile_desktop.ui.widgets.override_guard import OverrideGuard

_CALLING, _LAST = "Why?", "Last calls"
_KEPT_CALLS = 3
_TITLES = ("The last call", "The call before", "Two calls before")


class CallReasonsButton(OverrideGuard, QToolButton):
    """Opens a list of reasons; a likeness leads to the recorded moments. Hidden until the robot has called once.

    The button never takes the focus: the keys go on driving the robot.
    """

    moment_chosen = Signal(str, int)
    """Episode and step of a recorded moment."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._calls: deque[str] = deque(maxlen=_KEPT_CALLS)
        self._on = False
        self._menu = QMenu(self)
        self.setMenu(self._menu)
        self.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setAccessibleName("Why the robot called")
        theme.set_role(self, "quiet")
        self.setText(_CALLING)  # a layout that keeps its place while it is hidden needs the size with text
        self.hide()

    @property
    def reasons(self) -> tuple[Reason, ...]:
        """The reasons of the last call."""
        return decode_reasons(self._calls[-1]) if self._calls else ()

    def show_reasons(self, encoded: str, rate_hz: float) -> None:
        """Show the reasons of the call that is on; empty: no call is on, and the last ones stay to be read."""
        # A status comes with every tick: the menu is built again only for another call, or it would close itself.
        if encoded and not (self._on and self._calls[-1] == encoded):
            self._calls.append(encoded)
            self._build(rate_hz)
            self.show()
        self._on = bool(encoded)
        if self._calls:
            self.setText(_CALLING if encoded else _LAST)

    def restore(self, calls: Sequence[str], rate_hz: float) -> None:
        """Show the reasons of recorded calls, newest first, where there was no call since the program started."""
        known = [each for each in calls if each]
        if known and not self._calls:
            self._calls.extend(reversed(known))
            self._build(rate_hz)
            self.setText(_LAST)
            self.show()

    def forget(self) -> None:
        """Forget the calls: another scene or robot is loaded."""
        self._calls.clear()
        self._on = False
        self._menu.clear()
        self.setText(_CALLING)
        self.hide()

    def _build(self, rate_hz: float) -> None:
        self._menu.clear()
        texts = [reason.text(rate_hz) for reason in self.reasons]
        self.setToolTip("The robot called: " + " · ".join(texts))
        for number, encoded in enumerate(reversed(self._calls)):
            add_heading(self._menu, _TITLES[number])
            for reason in decode_reasons(encoded):
                self._menu.addAction(f"{reason.text(rate_hz)}  ({reason.share:.0%})").setEnabled(False)
                for moment in reason.moments:
                    self._offer(moment, rate_hz)

    def _offer(self, moment: str, rate_hz: float) -> None:
        found = split_moment(moment)
        if found is not None:
            episode_id, step = found
            name = episode_id.removeprefix("ep-")
            action = self._menu.addAction(f"    Show {name} at {step / rate_hz:.1f} s")
            action.triggered.connect(partial(self.moment_chosen.emit, episode_id, step))
