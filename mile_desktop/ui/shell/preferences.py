"""The choices that the window remembers between starts; it also works when their file cannot be read or written."""

import os
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
import platformdirs
from PySide6.QtCore import QObject, QTimer, Signal

from mile_desktop.rollout.messages import SetAlert, SetTimeLimit
from mile_desktop.storage.operator_names import operator_name_of
from mile_desktop.ui.viewport.viewpoints import Viewpoints

_SAVE_DELAY_MS = 300
"""A slider that is dragged changes the preferences many times; they are written once, after the last change."""

SCENE_RATE = 20
"""Value of ``Preferences.rate_hz`` that stands for the scene's own rate."""

Scale = Annotated[float, msgspec.Meta(ge=1.0, le=2.0)]
Probability = Annotated[float, msgspec.Meta(ge=0.0, le=1.0)]
LimitSeconds = Annotated[float, msgspec.Meta(ge=0.5, le=3600.0)]
HandSpeed = Annotated[float, msgspec.Meta(ge=0.1, le=1.0)]
Debounce = Annotated[int, msgspec.Meta(ge=1, le=200)]


class Preferences(msgspec.Struct, frozen=True, kw_only=True):
    """Every remembered choice, with its default."""

    theme: Literal["dark", "light", "system"] = "dark"
    ui_scale: Scale = 1.0
    """1.0 for 100 %."""

    workspace: str = ""
    """Folder that was open last; empty for the one in the user's data folder."""
    recent_workspaces: tuple[str, ...] = ()
    """Newest first, at most eight."""
    scene: str = "peg-insertion"
    policy: str = ""
    """Id of the policy that was used last; empty for the scene's newest."""
    operator_name: str = ""
    """Name or code of the person who operates, recorded with each episode; empty: none."""
    operator_names: tuple[str, ...] = ()
    """Names that were used, newest first, at most eight."""
    device: str = ""
    """GUID of the pad that was used last."""
    page: str = "supervise"
    geometry: str = ""
    """Qt's saved geometry, base64."""
    window_state: str = ""
    """Qt's saved docks and tool bars, base64."""
    panel_visible: bool = True
    """The panel on the right of the Supervise page."""
    layouts: dict[str, str] = {}
    """Layouts of other parts of the window (splitters …), by name."""
    viewpoints: dict[str, Viewpoints] = {}
    """Saved positions of the camera, by scene."""

    rate_hz: Literal[10, 20, 30] = 20
    """Control rate; 20 (``SCENE_RATE``) stands for the scene's own, because earlier builds stored it as the default."""
    hand_speed: HandSpeed = 1.0
    """Share of full speed at which keys and on-screen pad drive."""
    time_limits_s: dict[str, LimitSeconds] = {}
    """Time limit of an episode by scene, or by task of a robot; a scene that is missing has its own."""
    time_stops_while_driving: bool = False
    """The time limit stands still while a person drives."""
    live_source: Literal["ensemble", "published", "temporal"] = "ensemble"
    """The model that computes p(intervene)."""
    alert_threshold: Probability = 0.7
    """The level of the shipped forecasts is set for this line, see ``intervention.forecast_level``."""
    alert_debounce_steps: Debounce = 3
    """Number of steps that p must stay above the threshold before an alert."""
    alert_line: Literal["by hand", "calls", "missed"] = "by hand"
    """How the threshold is chosen: by hand, by a budget of calls, or by a share of unannounced takeovers."""
    alert_most_calls: Annotated[int, msgspec.Meta(ge=1, le=1000)] = 5
    """In ten minutes."""
    alert_most_missed_percent: Annotated[int, msgspec.Meta(ge=1, le=99)] = 10
    alert_let_go: Probability = 0.25
    """The lower line: an alert stays on above it, and below it a person who drives may let go."""
    alert_sound: bool = True
    alert_rumble: bool = True
    ask_me: bool = False
    """Hold the robot and ask, in addition to the alert."""
    guide: Literal["offer", "answered"] = "offer"
    """Whether the guided start is offered at the start; it is offered until a person has begun or refused it."""
    warn_on_close: bool = True
    """Ask before closing while an episode runs."""


def asked_rate(value: Preferences) -> float:
    """Return the control rate that a person wants in every scene; 0 for the scene's own."""
    return 0.0 if value.rate_hz == SCENE_RATE else float(value.rate_hz)


class PreferenceStore(QObject):
    """Holds the preferences, announces changes and writes them a moment later.

    Used on the window's thread only. Reading and writing never raise: a problem is reported in one sentence, by
    ``problem`` after the start and by ``problem_occurred`` later.

    Parameters
    ----------
    path
        The JSON file; by default ``preferences.json`` in the user's configuration folder.
    """

    changed = Signal(object)
    """The new ``Preferences``."""
    problem_occurred = Signal(str)

    def __init__(self, path: Path | None = None, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._path = default_path() if path is None else path
        self._unwritable = False
        self._value, self._problem = load(self._path)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_SAVE_DELAY_MS)
        self._timer.timeout.connect(self.save)

    @property
    def value(self) -> Preferences:
        """The present preferences."""
        return self._value

    @property
    def path(self) -> Path:
        """The file in which they are kept."""
        return self._path

    @property
    def problem(self) -> str:
        """The problem with the file at the start, in one sentence; empty if there was none."""
        return self._problem

    def change(self, **fields: object) -> None:
        """Set some fields, announce the change and save soon.

        Raises
        ------
        msgspec.ValidationError
            If a value is out of its range.
        TypeError
            If there is no such field.
        """
        # replace() does not check values; only the conversion does.
        candidate = msgspec.structs.replace(self._value, **fields)
        self.replace(msgspec.convert(msgspec.to_builtins(candidate), Preferences))

    def replace(self, value: Preferences) -> None:
        """Replace all preferences at once (to undo a reset), announce the change and save soon."""
        # Without this, widgets that set a value because of a change would announce it again and again.
        if value == self._value:
            return
        self._value = value
        self._timer.start()
        self.changed.emit(value)

    def remember_layout(self, name: str, state: str) -> None:
        """Remember the layout of one part of the window under ``name``."""
        self.change(layouts={**self._value.layouts, name: state})

    def remember_workspace(self, folder: str) -> None:
        """Remember ``folder`` as the open workspace and the newest of the recent ones."""
        recent = (folder, *(other for other in self._value.recent_workspaces if other != folder))
        self.change(workspace=folder, recent_workspaces=recent[:8])

    def choose_operator(self, text: str) -> None:
        """Record this name or code with each episode from now on and remember it; empty: record none."""
        name = operator_name_of(text)
        names = (name, *(other for other in self._value.operator_names if other != name)) if name else None
        self.change(operator_name=name, operator_names=(names or self._value.operator_names)[:8])

    def reset(self) -> None:
        """Return every setting to its default; the open workspace and the window's place stay."""
        # A reset is about settings; to lose the open workspace or the window's place would surprise.
        kept = {name: getattr(self._value, name) for name in _KEPT_ON_RESET}
        self.replace(Preferences(**kept))

    def save(self) -> None:
        """Write the file now: to a draft first, so that a crash leaves the old file whole."""
        self._timer.stop()
        draft = self._path.with_name(self._path.name + ".new")
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            draft.write_bytes(msgspec.json.format(msgspec.json.encode(self._value), indent=2))
            os.replace(draft, self._path)  # noqa: PTH105 (Path.replace is the same call; this one names both ends)
        except OSError as error:
            self._report_unwritable(error)
        else:
            self._unwritable = False

    def _report_unwritable(self, error: OSError) -> None:
        # Reported once: every further change would fail for the same reason.
        if not self._unwritable:
            self._unwritable = True
            reason = error.strerror or str(error)
            self.problem_occurred.emit(
                f"Choices are kept only until you close the window: {self._path.parent} is not writable ({reason})."
            )


_KEPT_ON_RESET = (
    "workspace",
    "recent_workspaces",
    "scene",
    "policy",
    "page",
    "geometry",
    "window_state",
    "guide",
    "viewpoints",  # made by the person, and no setting that could be wrong
    "operator_name",
    "operator_names",
)


def default_path() -> Path:
    """Return where preferences are kept for this user."""
    return Path(platformdirs.user_config_dir("mile-desktop", appauthor=False)) / "preferences.json"


def load(path: Path) -> tuple[Preferences, str]:
    """Read preferences; return them and the problem in one sentence, or an empty string.

    A file that is not a JSON object is renamed to ``….damaged`` and the defaults are used. A single value of the wrong
    type or out of range falls back to its default. Unknown names (of a newer version) are ignored.
    """
    try:
        content = msgspec.json.decode(path.read_bytes(), type=dict[str, Any])
    except FileNotFoundError:
        return Preferences(), ""
    except OSError as error:
        return Preferences(), f"Your preferences could not be read ({error.strerror}); the defaults are used."
    except msgspec.MsgspecError:
        return Preferences(), f"Your preferences were damaged; the defaults are used.{_move_aside(path)}"
    return _convert(content)


def _convert(content: dict[str, Any]) -> tuple[Preferences, str]:
    known: dict[str, Any] = {}
    refused: list[str] = []
    for field in msgspec.structs.fields(Preferences):
        if field.name in content:
            # One by one: a single bad value must not cost the person all the others.
            try:
                known[field.name] = msgspec.convert(content[field.name], field.type)
            except msgspec.ValidationError:
                refused.append(field.name)
    problem = f"The preferences {', '.join(refused)} could not be used; their defaults are used." if refused else ""
    return Preferences(**known), problem


def _move_aside(path: Path) -> str:
    aside = path.with_name(path.name + ".damaged")
    try:
        path.replace(aside)
    except OSError:
        return ""  # the damaged file then stays until the next save
    return f" The old file is kept as {aside.name}."


def alert_of(value: Preferences) -> SetAlert:
    """Return the remembered choices about alerts as the command for the worker."""
    return SetAlert(
        threshold=value.alert_threshold,
        debounce_steps=value.alert_debounce_steps,
        ask_me=value.ask_me,
        sound=value.alert_sound,
        rumble=value.alert_rumble,
        let_go=value.alert_let_go,
        most_calls=value.alert_most_calls if value.alert_line == "calls" else 0,
    )


def time_limit_of(value: Preferences, scene: str) -> SetTimeLimit:
    """Return the remembered time limit of ``scene`` as the command for the worker."""
    return SetTimeLimit(seconds=value.time_limits_s.get(scene, 0.0), stops_while_driving=value.time_stops_while_driving)
