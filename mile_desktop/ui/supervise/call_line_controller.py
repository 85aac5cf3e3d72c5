"""What the line for the alarm means on the recorded episodes, and the line that keeps a budget or a share of misses."""

import msgspec
from PySide6.QtCore import QObject

from mile_desktop.storage.call_curve import CallCurve, ChosenLine
from mile_desktop.ui.application import Application
from mile_desktop.ui.clients.command_client import CommandClient
from mile_desktop.ui.shell.preferences import Preferences
from mile_desktop.ui.supervise.strips_panel import StripsPanel


class CallLineController(QObject):
    """Runs ``mile-desktop threshold`` after each episode; everything runs on the window's thread.

    In a process of its own, because it reads the episodes of the last hours. With a budget the worker moves the line
    while the robot drives; here it is only set when the budget is chosen, and remembered after each episode. A line for
    a share of missed takeovers is computed again after each episode, because every takeover is evidence.
    """

    def __init__(self, application: Application, strips: StripsPanel) -> None:
        super().__init__(application)
        self._application = application
        self._strips = strips
        self._job = CommandClient(self)
        self._again = self._chosen = False
        self._said = self._scene = ""
        self._rule = _rule_of(application.preferences.value)
        self._job.said.connect(self._found)
        self._job.failed.connect(self._failed)
        self._job.finished.connect(self._go_on)
        self._job.cancelled.connect(self._go_on)
        strips.bar.line_chosen.connect(self._choose)
        application.worker.session_loaded.connect(self._session_loaded)
        application.worker.episode_closed.connect(self._episode_closed)
        application.preferences.changed.connect(self._preferences_changed)
        application.workspace_opened.connect(self._leave_workspace)
        application.window.closing.connect(self._job.close)
        self._show_choice(application.preferences.value)

    @property
    def running(self) -> bool:
        """Whether the recorded episodes are being read."""
        return self._job.running

    def refresh(self, _: object = None) -> None:
        """Count calls and unannounced takeovers again, now or when the running count has ended."""
        # Several episodes during one count need only one more: it reads all of them.
        self._again = self._job.running
        workspace, value = self._application.workspace, self._application.preferences.value
        if workspace is None or self._job.running:
            return
        with self._application.errors_shown():
            if workspace.summary(self._application.scene).episodes:
                wish = {
                    "calls": ["--calls", str(value.alert_most_calls)],
                    "missed": ["--missed", str(value.alert_most_missed_percent)],
                }.get(value.alert_line, [])
                common = ["--workspace", str(workspace.folder), "--scene", self._application.scene, "--background"]
                rule = ["--debounce", str(value.alert_debounce_steps), "--let-go", f"{value.alert_let_go:.2f}"]
                self._job.start("threshold", *common, *rule, "--threshold", f"{value.alert_threshold:.2f}", *wish)

    def _session_loaded(self, _: object) -> None:
        # The same scene is loaded again after every reset, and then its count still holds.
        if self._application.scene != self._scene:
            self._scene = self._application.scene
            self._forget()
        self.refresh()

    def _leave_workspace(self, _: object) -> None:
        self._forget()

    def _forget(self) -> None:
        """Forget the count of the workspace or scene before: its line must not become the alarm of this one."""
        self._again = self._chosen = False
        self._job.cancel()
        self._strips.show_curve(None)

    def _choose(self, way: str, number: int) -> None:
        fields: dict[str, object] = {"alert_line": way}
        if number:
            fields["alert_most_calls" if way == "calls" else "alert_most_missed_percent"] = number
        self._chosen = way != "by hand"
        self._application.preferences.change(**fields)
        self.refresh()

    def _episode_closed(self, _: object) -> None:
        status = self._application.worker.status
        if status is not None and self._application.preferences.value.alert_line == "calls":
            self._application.preferences.change(alert_threshold=round(status.line, 2))
        self.refresh()

    def _preferences_changed(self, value: Preferences) -> None:
        self._show_choice(value)
        if _rule_of(value) != self._rule:
            self._rule = _rule_of(value)
            self.refresh()

    def _show_choice(self, value: Preferences) -> None:
        number = {"calls": value.alert_most_calls, "missed": value.alert_most_missed_percent}.get(value.alert_line, 0)
        self._strips.bar.set_line(value.alert_line, number)

    def _found(self, fields: dict[str, object]) -> None:
        if "curve" not in fields:  # a note about recovered episodes
            return
        self._strips.show_curve(msgspec.convert(fields["curve"], CallCurve))
        line = msgspec.convert(fields["line"], ChosenLine)
        calls = msgspec.convert(fields.get("last_calls", []), list[_RecordedReasons])
        self._strips.show_recorded_calls([each.reasons for each in calls])
        way = self._application.preferences.value.alert_line
        # With a budget the worker moves the line itself. To set it after every count would undo that, so it is set only
        # when the person has just chosen a budget.
        if way == "missed" or (way == "calls" and self._chosen):
            self._application.preferences.change(alert_threshold=line.threshold)
        if self._chosen and way != "by hand":
            self._application.window.say("info", f"The line is at {line.threshold:.2f}: {line.reason}.")
        self._chosen = False

    def _failed(self, text: str) -> None:
        """Show the first failure only: it would come again after every episode."""
        if text != self._said:
            self._application.window.say("warning", f"The calls of the recorded episodes were not counted: {text}")
        self._said = text
        self._go_on()

    def _go_on(self) -> None:
        if self._again:
            self.refresh()


class _RecordedReasons(msgspec.Struct):
    """What the window shows of ``registry.call_lines.RecordedCall``, which it cannot import."""

    reasons: str


def _rule_of(value: Preferences) -> tuple[int, float]:
    """Return what changes the count of calls at every line."""
    # The threshold is not among them: the curve has every threshold, so a drag of the line needs no new count.
    return value.alert_debounce_steps, value.alert_let_go
