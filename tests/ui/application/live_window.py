"""The program's whole window with its real processes, and what a person sees and does there."""

import time
from collections.abc import Callable
from pathlib import Path

import psutil
from PySide6.QtCore import QCoreApplication, QEvent, Qt
from PySide6.QtGui import QWindow
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QMenu

from mile_desktop.processes import evaluation_worker, rollout_worker, viewer
from mile_desktop.rollout import messages as m
from mile_desktop.rollout.phases import Phase
from mile_desktop.ui.composition import compose
from mile_desktop.ui.shell.message_line import Entry
from mile_desktop.ui.shell.preferences import PreferenceStore
from mile_desktop.ui.supervise.model import EpisodeAction
from mile_desktop.ui.supervise.page import SupervisePage
from mile_desktop.ui.viewport.phase_style import style_of
from mile_desktop.ui.workspace_session import WorkspaceSession
from tests.ui.application.page_objects import EvaluateScreen, LearnScreen

DEADLINE_S = 100.0
SIZE = (1100, 700)
_WRITTEN_S = 10.0
"""An episode is on the disk long before; the end of one whose worker was killed is not reported at all."""


class LiveWindow:
    """The window, started; ``plan`` is what to load in place of what is remembered.

    Preferences, cameras and robots are kept in ``folder``; the fixtures redirect every other place of the user.
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
        self.parts = compose(
            self.store, plan=plan, worker=worker, viewer_target=viewer_target, evaluation_target=evaluation_worker
        )
        self.application = self.parts.application
        self.window = self.application.window
        self.learn = LearnScreen(self.parts.retrain.panel, self.parts.calibration.part)
        self.evaluate = EvaluateScreen(self.parts.evaluate)
        self.closed: list[m.EpisodeClosed] = []
        self.steps: list[m.StepTaken] = []
        self.application.worker.episode_closed.connect(self.closed.append)
        self.application.worker.step_taken.connect(self.steps.append)
        self._open_episode = ""
        self.application.worker.step_taken.connect(self._note_step)
        self.application.worker.episode_closed.connect(self._note_end)
        self.application.worker.died.connect(self._note_end)
        self._open = True
        self._resumed_at = 0.0
        self._forgotten = 0
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
        """The messages since the last ``forget``."""
        return list(self.window.messages.entries[self._forgotten :])

    def said(self, *parts: str, level: str = "") -> Entry | None:
        """Return the first message that contains all ``parts``."""
        for entry in self.messages:
            if all(part in entry.text for part in parts) and level in {"", entry.level}:
                return entry
        return None

    @property
    def badge(self) -> str:
        """The phase as the view shows it."""
        shown = self.supervise.view._status
        return style_of(shown).title if shown else ""

    @property
    def supervise(self) -> SupervisePage:
        return self.parts.supervise.page

    @property
    def policy_menu(self) -> QMenu:
        menu: QMenu = self.window.header._policy.menu()
        return menu

    @property
    def device_text(self) -> str:
        return self.window.header._device.text()

    @property
    def workspace(self) -> WorkspaceSession:
        assert self.application.workspace is not None
        return self.application.workspace

    def forget(self) -> None:
        self._forgotten = len(self.window.messages.entries)
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
        """Click a button below the view, ``times`` times before the window reacts."""
        button = self.supervise.controls.button(action)
        for _ in range(times):
            QTest.mouseClick(button, Qt.MouseButton.LeftButton)

    def choose(self, label: str) -> None:
        """Run the action that a message offers; on a busy machine the line may show a later message by now."""
        actions = [entry.action for entry in self.messages if entry.action is not None and entry.action.label == label]
        assert actions
        actions[-1].run()

    def undo_discard(self) -> None:
        self.supervise.controls._undo.click()

    def divide_supervise_page(self, *heights: int) -> None:
        self.supervise._splitter.setSizes(list(heights))

    def set_alert_threshold(self, value: float) -> None:
        self.supervise.strips.bar._threshold.setValue(value)

    def open_folder(self, folder: Path) -> None:
        """Choose a workspace on the Settings page."""
        self.parts.settings.page.workspace_chosen.emit(str(folder))

    # ── waiting ──────────────────────────────────────────────────────────────────────────────────────────────────

    def until(self, condition: Callable[[], object], *, within_s: float = DEADLINE_S) -> float:
        """Let the window work until ``condition`` holds; return the seconds that took."""
        began = time.monotonic()
        while not condition():
            if time.monotonic() - began > within_s:
                texts = [f"{entry.level}: {entry.text}" for entry in self.messages[-6:]]
                raise AssertionError(f"It did not happen within {within_s} s; {self.status}; messages: {texts}")
            QCoreApplication.processEvents()
            time.sleep(0.002)
        return time.monotonic() - began

    def until_phase(self, *phases: Phase) -> None:
        self.until(lambda: self.phase in phases)

    def until_loaded(self) -> None:
        self.until(lambda: self.application.worker.session is not None and self.status is not None)

    def to_idle(self) -> None:
        """Bring the robot to rest, whatever it does now."""
        self.until_loaded()
        if self.phase is not Phase.IDLE:
            self.application.worker.send(m.RequestStop())
            self.until_phase(Phase.STOPPED)
            self.application.worker.send(m.RequestReset())
            self.until_phase(Phase.IDLE)
        # The end of an episode is reported when it is on the disk, later than the robot comes to rest: without waiting,
        # the next test would take it for the end of its own episode.
        deadline = time.monotonic() + _WRITTEN_S
        while self._open_episode and time.monotonic() < deadline:
            QTest.qWait(10)

    def _note_step(self, step: m.StepTaken) -> None:
        self._open_episode = step.episode_id

    def _note_end(self, _: object) -> None:
        self._open_episode = ""

    def start_episode(self, episodes: int = 1) -> None:
        self.to_idle()
        assert self.badge == "Ready"
        assert self.supervise.controls.button(EpisodeAction.START).isEnabled(), "it says Ready, but Start is grey"
        self.supervise.controls.set_episodes(episodes)
        self.supervise.controls.start()
        self.until_phase(Phase.AUTONOMOUS)

    def resume(self) -> bool:
        """Press Resume if the robot holds, at most twice a second, as a person would; return whether it goes on.

        A press in the first moment of a hold does not count, and a second press before the first is shown would hold
        again.
        """
        now = time.monotonic()
        if self.phase is Phase.HOLD and now - self._resumed_at > 0.5:
            self._resumed_at = now
            self.supervise.controls.toggle_hold()
        return self.phase is not None and self.phase is not Phase.HOLD

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


def children(folder: Path) -> set[str]:
    """Return the command lines of the program's processes that this one has started.

    Of the commands that windows start after an episode, only those for the workspace in ``folder``: other windows of
    the module are still open, and theirs come and go.
    """
    found = set()
    for child in psutil.Process().children(recursive=True):
        try:
            words = " ".join(child.cmdline())
            elsewhere = "--background" in words and str(folder) not in words
            if child.status() != psutil.STATUS_ZOMBIE and "resource_tracker" not in words and not elsewhere:
                found.add(words)
        except psutil.NoSuchProcess:
            continue
    return found
