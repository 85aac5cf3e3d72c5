"""The Settings page: a form for the preferences."""

from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import (
    QBoxLayout,
    QCheckBox,
    QComboBox,
    QCompleter,
    QDoubleSpinBox,
    QFileDialog,
    QHBoxLayout,
    QLineEdit,
    QPushButton,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from mile_desktop.storage.operator_names import LONGEST_NAME
from mile_desktop.ui.shell.preferences import SCENE_RATE, Preferences, PreferenceStore
from mile_desktop.ui.theme import theme
from mile_desktop.ui.widgets.form_rows import choose, combo, rows
from mile_desktop.ui.widgets.page_frame import PageFrame, Panel, WideScroll
from mile_desktop.ui.widgets.short_path import short_path

_THEMES = (("dark", "Dark"), ("light", "Light"), ("system", "System"))
_SCALES = (1.0, 1.1, 1.25, 1.5, 1.75, 2.0)
_RATES = (10, 20, 30)
_SPEEDS = (1.0, 0.75, 0.5, 0.35, 0.2)
_LIMITS_S = (5.0, 10.0, 15.0, 20.0, 30.0, 60.0, 120.0, 300.0, 600.0)
_SOURCES = (("ensemble", "Ensemble"), ("published", "Single model, as published"), ("temporal", "Temporal model"))
_TWO_COLUMNS_FROM = 940
"""From this width (px at 100 %) the panels stand in two columns."""
_FIELD_WIDTH = 160
_LIMIT_HINT = (
    "Of episodes in this scene, from the next one on. A person who drives is never cut off. "
    "Evaluations keep the scene's own limit."
)


@dataclass(frozen=True, slots=True)
class LimitedScene:
    """The scene whose time limit the page shows."""

    name: str
    title: str
    own_s: float
    """Its own limit."""


class SettingsPage(PageFrame):
    """Shows the preferences and writes each change to their store, which notifies the parts that use the value."""

    workspace_chosen = Signal(str)
    """A folder the person wants to open as workspace."""

    def __init__(self, preferences: PreferenceStore, parent: QWidget | None = None) -> None:
        super().__init__("Settings", "Changes apply at once and are saved.", parent)
        self._preferences = preferences
        self._showing = False
        self._theme = combo([(name, title) for name, title in _THEMES])
        self._scale = combo([(scale, f"{scale:.0%}".replace("%", " %")) for scale in _SCALES])
        self._workspace = QLineEdit()
        self._workspace.setReadOnly(True)
        self._workspace.setAccessibleName("Workspace folder")
        self._recent = combo([])
        self._open = QPushButton("Open other …")
        self._operator, self._operator_field = QComboBox(), QLineEdit()
        self._operators_shown: tuple[str, tuple[str, ...]] | None = None
        self._rate = combo([(rate, "As the scene says" if rate == SCENE_RATE else f"{rate} Hz") for rate in _RATES])
        self._speed = combo([(speed, f"{speed:.0%}".replace("%", " %")) for speed in _SPEEDS])
        self._limit = combo([(0.0, "As the scene says (10 s)")])  # as wide as its longest choice
        self._time_stops = QCheckBox("Time does not run while I drive")
        self._scene: LimitedScene | None = None
        self._source = combo([(name, title) for name, title in _SOURCES])
        self._threshold = QDoubleSpinBox()
        self._debounce = QSpinBox()
        self._sound = QCheckBox("Play a sound")
        self._rumble = QCheckBox("Rumble the gamepad")
        self._ask_me = QCheckBox("Ask me: hold the robot until I take over or resume")
        self._warn_on_close = QCheckBox("Ask before closing while an episode runs")
        self._defaults = QPushButton("Reset to defaults")
        self._undo = QPushButton("Undo reset")
        self._before_reset: Preferences | None = None
        self._columns = QBoxLayout(QBoxLayout.Direction.LeftToRight)
        self._prepare()
        self._lay_out()
        self._connect()
        self.show_preferences(preferences.value)

    def show_preferences(self, value: Preferences) -> None:
        """Set every field without writing anything back."""
        # Setting a field emits the signal that a person's change emits; ``_write`` ignores it meanwhile. Otherwise half
        # of the old values would be written back.
        self._showing = True
        choose(self._theme, value.theme)
        choose(self._scale, value.ui_scale)
        self._workspace.setText(short_path(value.workspace) or "in your data folder")
        # A long path shows its beginning; Qt would show its end.
        self._workspace.setCursorPosition(0)
        self._workspace.setToolTip(value.workspace)
        self._fill_recent(value)
        self._fill_operators(value)
        choose(self._rate, value.rate_hz)
        choose(self._speed, value.hand_speed)
        self._fill_limits(value)
        self._time_stops.setChecked(value.time_stops_while_driving)
        choose(self._source, value.live_source)
        self._threshold.setValue(value.alert_threshold)
        self._debounce.setValue(value.alert_debounce_steps)
        self._sound.setChecked(value.alert_sound)
        self._rumble.setChecked(value.alert_rumble)
        self._ask_me.setChecked(value.ask_me)
        self._warn_on_close.setChecked(value.warn_on_close)
        self._undo.setVisible(self._before_reset is not None)
        self._showing = False

    def show_scene(self, scene: LimitedScene) -> None:
        """Show the time limit of this scene, which is loaded now."""
        self._scene = scene
        self.show_preferences(self._preferences.value)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Put the two columns below each other on a narrow page."""
        super().resizeEvent(event)
        narrow = self.width() < theme.px(_TWO_COLUMNS_FROM)
        direction = QBoxLayout.Direction.TopToBottom if narrow else QBoxLayout.Direction.LeftToRight
        if self._columns.direction() is not direction:
            self._columns.setDirection(direction)

    # ── layout ───────────────────────────────────────────────────────────────────────────────────────────────────

    def _prepare(self) -> None:
        self._threshold.setRange(0.0, 1.0)
        self._threshold.setSingleStep(0.05)
        self._threshold.setDecimals(2)
        self._debounce.setRange(1, 200)
        self._debounce.setSuffix(" steps")
        for spin in (self._threshold, self._debounce):
            theme.indent(spin)
        theme.set_role(self._defaults, "quiet")
        theme.set_role(self._undo, "quiet")
        theme.set_icon(self._open, "mdi6.folder-open-outline")
        theme.set_icon(self._undo, "mdi6.undo-variant", "secondary")
        theme.bound(self._workspace, least_width=_FIELD_WIDTH)
        self._operator.setAccessibleName("Operator")
        self._operator.setLineEdit(self._operator_field)
        self._operator.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        # Without words: Qt's own would complete a new name to a known one that begins alike.
        self._operator.setCompleter(QCompleter([], self))
        self._operator_field.setPlaceholderText("no name")
        self._operator_field.setMaxLength(LONGEST_NAME)
        # A long path must not widen the page.
        self._recent.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self._recent.setToolTip("Recently opened workspaces")
        choices = (self._theme, self._scale, self._operator, self._rate, self._speed, self._limit, self._source)
        for field in (*choices, self._threshold, self._debounce):
            theme.bound(field, least_width=_FIELD_WIDTH)

    def _lay_out(self) -> None:
        columns_widget = QWidget()
        columns = self._columns
        columns_widget.setLayout(columns)
        theme.space(columns, (0, 0, 8, 0), 16)
        left = (self._appearance_panel(), self._workspace_panel(), self._control_panel())
        for panels in (left, (self._alarm_panel(), self._closing_panel())):
            column = QVBoxLayout()
            theme.space(column, spacing=16)
            for panel in panels:
                column.addWidget(panel)
            column.addStretch(1)
            columns.addLayout(column, 1)
        self.body.addWidget(WideScroll(columns_widget, "Settings"), 1)
        self.top.addWidget(self._undo)
        self.top.addWidget(self._defaults)

    def _appearance_panel(self) -> Panel:
        panel = Panel("Appearance")
        panel.body.addLayout(rows(("Theme", self._theme, ""), ("Interface scale", self._scale, "")))
        return panel

    def _workspace_panel(self) -> Panel:
        panel = Panel("Workspace")
        folder = QWidget()
        row = QHBoxLayout(folder)
        theme.space(row, spacing=8)
        row.addWidget(self._workspace, 1)
        row.addWidget(self._open)
        panel.body.addLayout(
            rows(
                ("Folder", folder, "All episodes, policies and training runs are stored here."),
                ("Recent", self._recent, ""),
            )
        )
        return panel

    def _control_panel(self) -> Panel:
        panel = Panel("Control")
        hint = "Actions per second, 20 in most scenes. A policy is trained for one rate. A change reloads the scene."
        speed_hint = "Of keys and screen pad. Shift drives at a fifth of it; a gamepad has its own speed on Devices."
        lines = (
            ("Operator", self._operator, "Name or code of the person who operates, recorded with each episode."),
            ("Rate", self._rate, hint),
            ("Hand speed", self._speed, speed_hint),
            ("Time limit", self._limit, _LIMIT_HINT),
            ("", self._time_stops, "Recorded with each episode, as the time limit is."),
        )
        panel.body.addLayout(rows(*lines))
        return panel

    def _alarm_panel(self) -> Panel:
        panel = Panel("Alarm when p(intervene) is high")
        panel.body.addLayout(
            rows(
                ("p comes from", self._source, "The temporal model sums evidence over time and models reaction delay."),
                ("Threshold", self._threshold, "You can also drag the line in the plot under the view."),
                ("Duration", self._debounce, "Shorter peaks raise no alarm."),
                ("Then", self._sound, ""),
                ("", self._rumble, ""),
                ("", self._ask_me, ""),
            )
        )
        return panel

    def _closing_panel(self) -> Panel:
        panel = Panel("Closing")
        panel.body.addLayout(rows(("", self._warn_on_close, "")))
        return panel

    # ── from the person to the preferences ───────────────────────────────────────────────────────────────────────

    def _connect(self) -> None:
        for field in (self._theme, self._scale, self._rate, self._speed, self._source):
            field.currentIndexChanged.connect(self._write)
        self._threshold.valueChanged.connect(self._write)
        self._debounce.valueChanged.connect(self._write)
        self._limit.activated.connect(self._write_limit)
        for box in (self._sound, self._rumble, self._ask_me, self._time_stops):
            box.toggled.connect(self._write)
        self._warn_on_close.toggled.connect(self._write)
        # When it is done, not at each letter: every name that is in force is remembered.
        self._operator_field.editingFinished.connect(self._name_operator)
        self._operator.activated.connect(self._name_operator)
        self._open.clicked.connect(self._open_other)
        # activated and not currentIndexChanged: filling the list must not open a workspace.
        self._recent.activated.connect(self._open_recent)
        self._defaults.clicked.connect(self._reset)
        self._undo.clicked.connect(self._undo_reset)
        # Preferences also change elsewhere, for example when the line of the alarm is dragged in the plot.
        self._preferences.changed.connect(self.show_preferences)

    def _write(self) -> None:
        if self._showing:
            return
        self._before_reset = None  # after another change, "undo reset" would undo that one, too
        self._preferences.change(
            theme=self._theme.currentData(),
            ui_scale=self._scale.currentData(),
            rate_hz=self._rate.currentData(),
            hand_speed=self._speed.currentData(),
            time_stops_while_driving=self._time_stops.isChecked(),
            live_source=self._source.currentData(),
            # The field computes with binary fractions.
            alert_threshold=round(self._threshold.value(), 2),
            alert_debounce_steps=self._debounce.value(),
            alert_sound=self._sound.isChecked(),
            alert_rumble=self._rumble.isChecked(),
            ask_me=self._ask_me.isChecked(),
            warn_on_close=self._warn_on_close.isChecked(),
        )

    def _write_limit(self, index: int) -> None:
        if self._scene is None:
            return
        self._before_reset = None
        others = {
            name: each for name, each in self._preferences.value.time_limits_s.items() if name != self._scene.name
        }
        seconds = self._limit.itemData(index)
        chosen = {self._scene.name: seconds} if seconds else {}
        self._preferences.change(time_limits_s=others | chosen)

    def _fill_limits(self, value: Preferences) -> None:
        """Offer the limits of the scene; the list is filled again because the scene's own stands in it."""
        scene, field = self._scene, self._limit
        chosen = value.time_limits_s.get(scene.name, 0.0) if scene else 0.0
        field.clear()
        field.addItem(f"As the scene says ({_duration(scene.own_s)})" if scene else "As the scene says", 0.0)
        # One that a person has written into the file stays a choice.
        for seconds in sorted({*_LIMITS_S, chosen} - {0.0}):
            field.addItem(_duration(seconds), seconds)
        field.setCurrentIndex(field.findData(chosen))
        field.setEnabled(scene is not None)
        field.setToolTip(f"Time limit of {scene.title}" if scene else "No scene is loaded yet")

    def _open_other(self) -> None:
        start = self._preferences.value.workspace or str(Path.home())
        folder = QFileDialog.getExistingDirectory(self, "Open a workspace, or choose an empty folder", start)
        if folder:
            self.workspace_chosen.emit(folder)

    def _open_recent(self, index: int) -> None:
        folder = self._recent.itemData(index)
        # To open the same one again would end the running session for nothing.
        if folder and folder != self._preferences.value.workspace:
            self.workspace_chosen.emit(folder)

    def _fill_recent(self, value: Preferences) -> None:
        self._recent.clear()
        self._recent.addItem("choose …", "")
        for folder in value.recent_workspaces:
            if folder != value.workspace:
                self._recent.addItem(short_path(folder), folder)
        self._recent.setEnabled(self._recent.count() > 1)

    def _name_operator(self) -> None:
        if not self._showing:
            self._preferences.choose_operator(self._operator.currentText())

    def _fill_operators(self, value: Preferences) -> None:
        # Only after a change of the names: what a person is typing must stay when another preference changes.
        shown = value.operator_name, value.operator_names
        if shown == self._operators_shown:
            return
        self._operators_shown = shown
        self._operator.clear()
        self._operator.addItems(["", *value.operator_names])
        self._operator.setCurrentText(value.operator_name)

    def _reset(self) -> None:
        before = self._preferences.value
        self._before_reset = before
        self._preferences.reset()
        self.show_preferences(self._preferences.value)

    def _undo_reset(self) -> None:
        before, self._before_reset = self._before_reset, None
        if before is not None:
            self._preferences.replace(before)
            self.show_preferences(self._preferences.value)


def _duration(seconds: float) -> str:
    """Return ``30 s`` or ``2 min``."""
    return f"{seconds:g} s" if seconds < 120 or seconds % 60 else f"{seconds / 60:g} min"
