"""One table of all keys: the window installs them from it, and the ``?`` overlay lists them from it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from PySide6.QtCore import QObject, Qt
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QLineEdit,
    QPlainTextEdit,
    QSplitterHandle,
    QTabBar,
    QTextEdit,
    QWidget,
)


class Scope(StrEnum):
    """Where a key has an effect."""

    ALWAYS = "always"
    """On every page, even while text is being typed."""
    WINDOW = "window"
    """On every page, but not while text is being typed."""
    SUPERVISE = "supervise"
    """On the Supervise page, not while text is being typed."""
    INSPECT = "inspect"
    """On the Inspect page, not while text is being typed; Space presses a button that has the keyboard."""
    POLICIES = "policies"
    """On the Policies page, not while text is being typed."""


@dataclass(frozen=True, slots=True)
class Binding:
    """One thing a person can do with a key."""

    action: str
    """Name by which controllers connect a function with it."""
    title: str
    group: str
    keys: tuple[str, ...]
    """Portable Qt key sequences."""
    pad: str = ""
    """The same on a gamepad, in Xbox names."""
    scope: Scope = Scope.SUPERVISE
    held: bool = False
    """Has its effect while held down: the Supervise page reads it from key events; it is not a Qt shortcut."""
    repeats: bool = False
    """Repeats while the key stays down."""
    everywhere: bool = False
    """Works in the program's other windows and dialogs, too."""

    @property
    def keys_text(self) -> str:
        """The keys as text."""
        shown = dict.fromkeys(_NAMES.get(key, key.replace("+", " + ")) for key in self.keys)
        text = " or ".join(shown)
        return f"hold {text}" if self.held and self.group == "Take over" else text


_NAMES = {
    "Return": "Enter",
    "Ctrl+Return": "Ctrl + Enter",
    "Del": "Delete",
    "W/S": "W / S",
    "A/D": "A / D",
    "Q/E": "Q / E",
    "↑/↓": "↑ / ↓",
    "←/→": "← / →",
    "Left": "←",
    "Right": "→",
    "Up": "↑",
    "Down": "↓",
    "Shift+Left": "Shift + ←",
    "Shift+Right": "Shift + →",
    "Alt+PgUp/PgDown": "Alt + PgUp / PgDown",
    "Alt+Left": "Alt + ←",
    "Alt+Right": "Alt + →",
    "Alt+Up": "Alt + ↑",
    "Alt+Down": "Alt + ↓",
}


def _inspect(action: str, title: str, *keys: str, repeats: bool = False) -> Binding:
    return Binding(f"inspect_{action}", title, "Inspect", keys, scope=Scope.INSPECT, repeats=repeats)


_DRIVE = "Drive"

INSPECT_BINDINGS: tuple[Binding, ...] = (
    _inspect("play", "Play or pause", "Space"),
    _inspect("back", "One step back", "Left", repeats=True),
    _inspect("forward", "One step forward", "Right", repeats=True),
    _inspect("first", "To the first step", "Home"),
    _inspect("last", "To the last step", "End"),
    _inspect("previous_takeover", "Previous takeover", "Shift+Left"),
    _inspect("next_takeover", "Next takeover", "Shift+Right"),
    _inspect("previous_miss", "Previous missed takeover", "Shift+M"),
    _inspect("next_miss", "Next missed takeover", "M"),
    _inspect("previous_false_alarm", "Previous false alarm", "Shift+F"),
    _inspect("next_false_alarm", "Next false alarm", "F"),
    _inspect("previous_call", "Previous call", "Shift+C"),
    _inspect("next_call", "Next call", "C"),
    _inspect("slower", "Play slower", ","),
    _inspect("faster", "Play faster", "."),
    _inspect("zoom_in", "Zoom into the timeline", "+", "="),
    _inspect("zoom_out", "Zoom out of the timeline", "-"),
    _inspect("show_all", "Whole timeline", "0"),
    _inspect("stretch_begin", "Selection begins here", "I"),
    _inspect("stretch_end", "Selection ends here", "O"),
    _inspect("stretch_clear", "Clear the selection", "U"),
    _inspect("mark", "Mark the selection as a takeover", "T"),
    _inspect("unmark", "Mark the selection as autonomous", "Shift+T"),
    _inspect("trim", "Keep only the selection", "X"),
    _inspect("note", "Write a note", "N"),
    _inspect("tags", "Tag the selected episodes", "G"),
    _inspect("delete", "Delete the selected episodes", "Del"),
    _inspect("restore", "Restore the selected episodes", "Shift+Del"),
    _inspect("undo", "Undo", "Ctrl+Z"),
    _inspect("redo", "Redo", "Ctrl+Shift+Z", "Ctrl+Y"),
    _inspect("roll", "Roll two policies forward from here", "W"),
    _inspect("path", "Show the next recorded or rolled-forward path", "V"),
    _inspect("tab", "Switch between scorecard and episode", "S"),
    _inspect("search", "Search episodes", "Ctrl+F"),
    _inspect("turn_left", "Turn the view left", "Alt+Left", repeats=True),
    _inspect("turn_right", "Turn the view right", "Alt+Right", repeats=True),
    _inspect("turn_up", "Turn the view up", "Alt+Up", repeats=True),
    _inspect("turn_down", "Turn the view down", "Alt+Down", repeats=True),
    _inspect("nearer", "Zoom the view in", "Alt+PgUp", repeats=True),
    _inspect("farther", "Zoom the view out", "Alt+PgDown", repeats=True),
    _inspect("camera_1", "Camera 1", "1"),
    _inspect("camera_2", "Camera 2", "2"),
    _inspect("camera_3", "Camera 3", "3"),
    _inspect("camera_4", "Camera 4", "4"),
    _inspect("camera_previous", "Previous camera", "["),
    _inspect("camera_next", "Next camera", "]"),
    _inspect("layout", "Arrange pictures", "P"),
)

BINDINGS: tuple[Binding, ...] = (
    Binding("takeover", "Take over", "Take over", ("Space",), "hold RB", held=True),
    Binding("rewind", "Rewind the scene", "Take over", ("R",), "hold LB", held=True),
    Binding("words", "Type a command in words", "Take over", ("/",)),
    Binding("drive_x", "Move away / nearer", _DRIVE, ("W/S", "↑/↓"), "left stick ↑↓", held=True),
    Binding("drive_y", "Move left / right", _DRIVE, ("A/D", "←/→"), "left stick ←→", held=True),
    Binding("drive_z", "Move down / up", _DRIVE, ("Q/E",), "right stick ↑↓", held=True),
    Binding("slow", "Drive slowly", _DRIVE, ("Shift",), "LB", held=True),
    Binding("gripper", "Open or close the gripper", _DRIVE, ("F",), "LT / RT", held=True),
    Binding("start", "Start an episode", "Episode", ("Ctrl+Return",), "Start"),
    Binding("success", "Mark success", "Episode", ("Return", "Enter"), "A"),
    Binding("partial", "Mark partial success", "Episode", ("B",), "D-pad ↓"),
    Binding("failure", "Mark failure", "Episode", ("Backspace",), "B"),
    Binding("discard", "Discard and record again (press twice)", "Episode", ("Del",), "X twice"),
    Binding("mark_call", "Mark the last call as unnecessary, or as late", "Episode", ("C",), "D-pad ↑"),
    Binding("hold", "Hold, or resume", "Episode", ("H",), "Y"),
    Binding("stop", "Emergency stop, until reset", "Episode", ("Esc",), "Back", Scope.ALWAYS),
    Binding("reset", "Reset after a stop", "Episode", ("Ctrl+R",), "Start"),
    Binding("arm", "Arm the robot", "Robot", ("Ctrl+F9",)),
    Binding("disarm", "Disarm the robot", "Robot", ("F9",), scope=Scope.ALWAYS, everywhere=True),
    Binding("robots", "Robots", "Robot", ("Ctrl+Shift+R",), scope=Scope.ALWAYS),
    Binding("camera_1", "Camera 1", "View", ("1",)),
    Binding("camera_2", "Camera 2", "View", ("2",)),
    Binding("camera_3", "Camera 3", "View", ("3",)),
    Binding("camera_4", "Camera 4", "View", ("4",)),
    *(Binding(f"viewpoint_{number}", f"Viewpoint {number}", "View", (str(number + 4),)) for number in range(1, 6)),
    Binding("save_viewpoint", "Save this viewpoint", "View", ("Ctrl+B",)),
    Binding("camera_previous", "Previous camera", "View", ("[",), "D-pad ←"),
    Binding("camera_next", "Next camera", "View", ("]",), "D-pad →"),
    Binding("layout", "Arrange pictures: one, small ones beside it, grid, 2 × 2", "View", ("P",)),
    Binding("view_turn", "Turn the view", "View", ("Alt + ↑ ↓ ← →",), held=True),
    Binding("view_zoom", "Zoom the view in or out", "View", ("Alt+PgUp/PgDown",), held=True),
    Binding("small_views", "Show or hide the scene's other cameras", "View", ("V",)),
    Binding("full_view", "Fill the screen with the view, and back", "View", ("Shift+F11",)),
    Binding("save_picture", "Save a picture of the view", "View", ("Ctrl+P",)),
    Binding("clip", "Record a video of the view, or end it", "View", ("Ctrl+Shift+P",)),
    Binding("cameras", "Cameras", "Window", ("Ctrl+K",), scope=Scope.ALWAYS),
    Binding("retrain", "Retrain", "Learn", ("Ctrl+T",)),
    Binding("calibrate", "Calibrate", "Learn", ("Ctrl+Shift+T",)),
    *INSPECT_BINDINGS,
    Binding(
        "policies_use",
        "Use the selected policy from the next episode",
        "Policies",
        ("Ctrl+Return",),
        scope=Scope.POLICIES,
    ),
    Binding("policies_rename", "Rename the selected policy", "Policies", ("F2",), scope=Scope.POLICIES),
    Binding("policies_archive", "Archive or restore the selected policy", "Policies", ("Del",), scope=Scope.POLICIES),
    Binding("policies_export", "Export the selected policy", "Policies", ("Ctrl+S",), scope=Scope.POLICIES),
    Binding("policies_import", "Import a policy", "Policies", ("Ctrl+O",), scope=Scope.POLICIES),
    Binding("evaluate", "Evaluate the ticked policies, or cancel", "Evaluate", ("Ctrl+E",), scope=Scope.ALWAYS),
    Binding("panel", "Show or hide the Learn panel", "Window", ("Ctrl+L",), scope=Scope.ALWAYS),
    Binding("page_supervise", "Supervise", "Window", ("Ctrl+1",), scope=Scope.ALWAYS),
    Binding("page_inspect", "Inspect", "Window", ("Ctrl+2",), scope=Scope.ALWAYS),
    Binding("page_policies", "Policies", "Window", ("Ctrl+3",), scope=Scope.ALWAYS),
    Binding("page_evaluate", "Evaluate", "Window", ("Ctrl+4",), scope=Scope.ALWAYS),
    Binding("page_devices", "Devices", "Window", ("Ctrl+5",), scope=Scope.ALWAYS),
    Binding("page_study", "Study", "Window", ("Ctrl+7",), scope=Scope.ALWAYS),
    Binding("page_settings", "Settings", "Window", ("Ctrl+,", "Ctrl+6"), scope=Scope.ALWAYS),
    Binding("messages", "Show earlier messages", "Window", ("Ctrl+M",), scope=Scope.ALWAYS),
    Binding(
        "message_action",
        "Press the button of the newest message (Undo …)",
        "Window",
        ("Ctrl+Shift+M",),
        scope=Scope.ALWAYS,
    ),
    Binding("full_screen", "Full screen", "Window", ("F11",), scope=Scope.ALWAYS),
    Binding("guide", "Guided start", "Window", ("Shift+F1",), scope=Scope.ALWAYS),
    Binding("help", "This list", "Window", ("?", "F1"), scope=Scope.WINDOW),
)

PARTICIPANT_ACTIONS = frozenset({
    "words", "mark_call", "hold", "stop", "reset", "arm", "disarm", "camera_1", "camera_2", "camera_3", "camera_4",
    "camera_previous", "camera_next", "layout", "small_views", "full_view", "full_screen",
})  # fmt: skip
"""What the keys of a participant of a study do: everything about driving and looking, and nothing that trains, loads,
opens a dialog or shows an earlier message, which may name a policy."""

_EDITORS = (QLineEdit, QAbstractSpinBox, QComboBox, QPlainTextEdit, QTextEdit)


def binding(action: str) -> Binding:
    """Return the binding of ``action``; raise ``KeyError`` naming it if there is none."""
    for candidate in BINDINGS:
        if candidate.action == action:
            return candidate
    raise KeyError(f"There is no shortcut called {action!r}.")


def tooltip(text: str, action: str) -> str:
    """Return ``text`` with the action's key behind it, for a tooltip."""
    return f"{text} ({binding(action).keys_text})"


class Shortcuts(QObject):
    """Installs the table on a window and switches keys on and off with the page and the keyboard focus.

    Parameters
    ----------
    window
        The window whose keys these are.
    handlers
        Action → what to call. Actions without a handler are neither installed nor listed.
    """

    def __init__(self, window: QWidget, handlers: Mapping[str, Callable[[], object]] | None = None) -> None:
        super().__init__(window)
        self._window = window
        self._page = "supervise"
        self._typing = False
        self._covered = False
        self._only: frozenset[str] = frozenset()
        self._driving: tuple[Binding, ...] = ()
        self._focus: QWidget | None = None
        self._installed: list[tuple[Binding, QShortcut]] = []
        self._available: dict[str, None] = {}
        self.install(handlers or {})
        application = QApplication.instance()
        if isinstance(application, QApplication):
            application.focusChanged.connect(self._focus_changed)

    @property
    def listed(self) -> tuple[Binding, ...]:
        """The bindings that the overlay shows: all that have a function in this window."""
        entries = [entry for entry in BINDINGS if entry.group != _DRIVE or not self._driving]
        # The keys of another kind of robot stand where those of the arm would be.
        place = next(index for index, entry in enumerate(entries) if entry.group not in {"Take over", _DRIVE})
        entries[place:place] = self._driving
        return tuple(entry for entry in entries if entry.held or entry.action in self._available)

    def set_driving(self, bindings: tuple[Binding, ...]) -> None:
        """List these keys in place of those that drive a robot arm; empty: list the arm's keys again."""
        self._driving = bindings

    def install(self, handlers: Mapping[str, Callable[[], object]]) -> None:
        """Add actions; raises ``KeyError`` for one that is not in the table."""
        for action, handler in handlers.items():
            entry = binding(action)
            if entry.held:
                raise KeyError(f"{action!r} is held down; it is read from key events, not installed.")
            self._available[action] = None
            for key in entry.keys:
                shortcut = QShortcut(QKeySequence(key), self._window)
                everywhere, here = Qt.ShortcutContext.ApplicationShortcut, Qt.ShortcutContext.WindowShortcut
                shortcut.setContext(everywhere if entry.everywhere else here)
                # A key that is held too long must not confirm, delete or retrain a second time.
                shortcut.setAutoRepeat(entry.repeats)
                shortcut.activated.connect(handler)
                self._installed.append((entry, shortcut))
        self._refresh()

    def set_page(self, page: str) -> None:
        """Enable the keys of ``page``, which is shown now."""
        self._page = page
        self._refresh()

    def set_covered(self, covered: bool) -> None:
        """Switch off the page's keys while the list of keys covers the page; what works everywhere keeps working."""
        self._covered = covered
        self._refresh()

    def limit_to(self, actions: frozenset[str]) -> None:
        """Let only the keys of these actions work; empty: all."""
        self._only = actions
        self._refresh()

    def _focus_changed(self, _old: QWidget | None, now: QWidget | None) -> None:
        self._typing = is_editor(now)
        self._focus = now
        self._refresh()

    def _refresh(self) -> None:
        for entry, shortcut in self._installed:
            allowed = not self._only or entry.action in self._only
            shortcut.setEnabled(allowed and self._is_active(entry))

    def _is_active(self, entry: Binding) -> bool:
        if entry.scope is Scope.ALWAYS:
            return True
        # Otherwise a letter in a note would mark an episode.
        if self._typing:
            return False
        if self._covered:
            return entry.scope is Scope.WINDOW
        if entry.scope is Scope.INSPECT and _keeps_its_keys(self._focus, entry.keys):
            return False
        return entry.scope is Scope.WINDOW or self._page == entry.scope.value


def _keeps_its_keys(widget: QWidget | None, keys: tuple[str, ...]) -> bool:
    """Whether the widget with the keyboard focus uses one of ``keys`` itself."""
    # A shortcut would take the key before the widget gets it.
    if isinstance(widget, QAbstractButton):
        return "Space" in keys
    return isinstance(widget, QTabBar | QSplitterHandle) and bool({"Left", "Right", "Home", "End"} & set(keys))


def is_editor(widget: QWidget | None) -> bool:
    """Whether keys typed into ``widget`` are text or a choice, not commands to a robot."""
    return isinstance(widget, _EDITORS)
