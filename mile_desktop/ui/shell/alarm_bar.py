"""The bar above the pages for what a person must do at once."""

from dataclasses import dataclass

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from mile_desktop.ui.shell.message_line import MessageAction
from mile_desktop.ui.theme import theme


@dataclass(frozen=True, slots=True)
class Alarm:
    """Something that a person must do at once."""

    title: str
    """What is wrong, in a few words."""
    text: str
    """What to do, in one or two sentences."""
    action: MessageAction | None = None


class AlarmBar(QFrame):
    """Shows the newest of the alarms that are on, on every page, until its source takes it back.

    The message line would not do: the next message replaces it, and it is one small line. Lives on the window's thread.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._alarms: dict[str, Alarm] = {}
        theme.set_role(self, "alarm")
        icon = QPushButton()
        icon.setFlat(True)
        icon.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        icon.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        theme.set_role(icon, "alarm icon")
        theme.set_icon(icon, "mdi6.alert-octagon", "on_accent")
        self._title, self._text = QLabel(), QLabel()
        theme.set_role(self._title, "alarm title")
        theme.set_role(self._text, "alarm")
        self._text.setWordWrap(True)
        self._action = QPushButton()
        self._action.setFocusPolicy(Qt.FocusPolicy.TabFocus)  # it appears by itself, so it must not take the focus
        self._action.clicked.connect(self._run)
        texts = QVBoxLayout()
        theme.space(texts, spacing=2)
        texts.addWidget(self._title)
        texts.addWidget(self._text)
        row = QHBoxLayout(self)
        theme.space(row, (16, 12, 16, 12), 16)
        row.addWidget(icon)
        row.addLayout(texts, 1)
        row.addWidget(self._action)
        self.hide()

    @property
    def shown(self) -> Alarm | None:
        """The alarm in the bar; None while there is none."""
        return next(reversed(self._alarms.values()), None)

    def raise_alarm(self, source: str, alarm: Alarm) -> None:
        """Show ``alarm`` until ``clear(source)``; a newer one of the same source replaces it."""
        self._alarms.pop(source, None)
        self._alarms[source] = alarm
        self._show()

    def clear(self, source: str) -> None:
        """Take back the alarm of ``source``, if there is one."""
        if self._alarms.pop(source, None) is not None:
            self._show()

    def _show(self) -> None:
        shown = self.shown
        self.setVisible(shown is not None)
        if shown is None:
            return
        self._title.setText(shown.title)
        self._text.setText(shown.text)
        self.setAccessibleName(f"{shown.title} {shown.text}")
        self._action.setVisible(shown.action is not None)
        self._action.setText(shown.action.label if shown.action else "")

    def _run(self) -> None:
        if self.shown is not None and self.shown.action is not None:
            self.shown.action.run()
