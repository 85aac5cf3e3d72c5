"""A real window with real processes behind it, and what a person at it would see and do."""

import time
from collections.abc import Callable
from pathlib import Path

import psutil
from PySide6.QtCore import QCoreApplication, QEvent, Qt
from PySide6.QtGui import QWindow
from PySide6.QtTest import QTest

from mile_desktop.processes import evaluation_worker, rollout_worker, viewer
from mile_desktop.rollout import messages as m
from mile_desktop.rollout.phases import Phase
from mile_desktop.ui.application import Application
from mile_desktop.ui.evaluate.controller import EvaluateController
from mile_desktop.ui.learn.calibration_controller import CalibrationController
from mile_desktop.ui.learn.controller import RetrainController
from mile_desktop.ui.policies.controller import PoliciesController
from mile_desktop.ui.shell.message_line import Entry
from mile_desktop.ui.shell.preferences import PreferenceStore
from mile_desktop.ui.supervise.model import EpisodeAction
from mile_desktop.ui.viewport.phase_style import style_of
from mile_desktop.ui.workspace_session import WorkspaceSession

DEADLINE_S = 100.0
SIZE = (1100, 700)


class LiveWindow:
    """A desk that has been started; ``plan`` is what to load instead of what is remembered.

    Everything the user owns lies in ``folder``; the fixtures see to the rest.
    """

    def __init__(
        self,
        folder: Path,
        plan: m.LoadSession | None = None,
        worker: Callable[..., None] = rollout_worker,
        *,
        viewer_target: Callable[..., None] = viewer,
        evaluation_worker: Callable[..., None] = evaluation_worker,
        keep_size: bool = False,
    ) -> None:
        self.folder = folder
        self.store = PreferenceStore(folder / "preferences.json")
        self.application = Application(self.store, plan=plan, worker=worker, viewer_target=viewer_target)
        self.retraining = RetrainController(self.application)
        self.window = self.application.window
        self.window.set_panel(self.retraining.panel)
        self.evaluating = EvaluateController(self.application, worker=evaluation_worker)
        self.calibrating = CalibrationController(self.application)
        self.retraining.panel.add_part(self.calibrating.part)
        self.keeping = PoliciesController(self.application, self.evaluating)
        self.window.closing.connect(self.retraining.leave)
        self.closed: list[m.EpisodeClosed] = []
        self.steps: list[m.StepTaken] = []
        self.application.worker.episode_closed.connect(self.closed.append)
        self.application.worker.step_taken.connect(self.steps.append)
        self._open = True
        self._said = 0
        self.application.start()
        if not keep_size:
            self.window.resize(*SIZE)

    # ── what a person sees ───────────────────────────────────────────────────────────────────────────────────────

    @property
    def status(self) -> m.Status | None:
        return self.application.worker.status

    @property
    def phase(self) -> Phase | None:
        return self.status.phase if self.status else None

    @property
    def messages(self) -> list[Entry]:
        """What was said since the last ``forget``."""
        return list(self.window.messages.entries[self._said :])

    def said(self, *parts: str, level: str = "") -> Entry | None:
        """Return the first message that has all ``parts`` in it."""
        for entry in self.messages:
            if all(part in entry.text for part in parts) and level in {"", entry.level}:
                return entry
        return None

    @property
    def badge(self) -> str:
        """The phase as the view shows it."""
        shown = self.application.supervise.view._status
        return style_of(shown).title if shown else ""

    @property
    def learn_facts(self) -> str:
        return "\n".join(line.text() for line in self.retraining.panel._lines)

    @property
    def workspace(self) -> WorkspaceSession:
        assert self.application.workspace is not None
        return self.application.workspace

    def forget(self) -> None:
        self._said = len(self.window.messages.entries)
        self.closed.clear()
        self.steps.clear()

    # ── what a person does ───────────────────────────────────────────────────────────────────────────────────────

    @property
    def handle(self) -> QWindow:
        handle = self.window.windowHandle()
        assert handle is not None
        return handle

    def press(self, key: Qt.Key) -> None:
        QTest.keyPress(self.handle, key)

    def release(self, key: Qt.Key) -> None:
        QTest.keyRelease(self.handle, key)

    def click(self, action: EpisodeAction, times: int = 1) -> None:
        """Click a button of the transport, as often within one turn of the window."""
        button = self.application.supervise.controls.button(action)
        for _ in range(times):
            QTest.mouseClick(button, Qt.MouseButton.LeftButton)

    def choose(self, button_text: str) -> None:
        """Take the way out that a message offers; on a busy machine another one may be on the line meanwhile."""
        assert button_text in [entry.way_out for entry in self.messages]
        self.window.messages.way_out_chosen.emit(button_text)

    # ── waiting ──────────────────────────────────────────────────────────────────────────────────────────────────

    def until(self, condition: Callable[[], object], *, within_s: float = DEADLINE_S) -> float:
        """Let the window live until ``condition`` holds; return the seconds that took."""
        began = time.monotonic()
        while not condition():
            if time.monotonic() - began > within_s:
                texts = [f"{entry.level}: {entry.text}" for entry in self.messages[-6:]]
                raise AssertionError(f"It did not happen within {within_s} s; {self.status}; said: {texts}")
            QCoreApplication.processEvents()
            time.sleep(0.002)
        return time.monotonic() - began

    def until_phase(self, *phases: Phase) -> None:
        self.until(lambda: self.phase in phases)

    def until_loaded(self) -> None:
        self.until(lambda: self.application.worker.session is not None and self.status is not None)

    def to_idle(self) -> None:
        """Bring the robot to rest, from whatever it is doing."""
        self.until_loaded()
        if self.phase is not Phase.IDLE:
            self.application.worker.send(m.RequestStop())
            self.until_phase(Phase.STOPPED)
            self.application.worker.send(m.RequestReset())
            self.until_phase(Phase.IDLE)

    def start_episode(self, episodes: int = 1) -> None:
        self.to_idle()
        self.application.supervise.controls.set_episodes(episodes)
        self.application.supervise.controls.start()
        self.until_phase(Phase.AUTONOMOUS)

    # ── the end ──────────────────────────────────────────────────────────────────────────────────────────────────

    def close(self) -> None:
        if self._open:
            self._open = False
            self.window.close()
            self.window.deleteLater()
            QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


def plan(workspace: Path, **changes: object) -> m.LoadSession:
    fields: dict[str, object] = {
        "workspace": str(workspace), "scene": "peg-insertion", "policy": "expert", "speed": 5.0, "seed": 3,
    } | changes  # fmt: skip
    return m.LoadSession(**fields)  # type: ignore[arg-type]


def children() -> set[str]:
    """Return the command lines of this process's living descendants that are the program's."""
    found = set()
    for child in psutil.Process().children(recursive=True):
        try:
            words = " ".join(child.cmdline())
            if child.status() != psutil.STATUS_ZOMBIE and "resource_tracker" not in words:
                found.add(words)
        except psutil.NoSuchProcess:
            continue
    return found
