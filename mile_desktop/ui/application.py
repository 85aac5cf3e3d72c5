"""The desk a person sits at: window, workspace, worker and viewer, wired to each other."""

import secrets
from collections.abc import Callable
from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject, QTimer, Signal

from mile_desktop.paths import default_workspace, pad_profiles
from mile_desktop.processes import rollout_worker, viewer
from mile_desktop.rollout import messages as m
from mile_desktop.rollout.phases import IN_EPISODE
from mile_desktop.storage.errors import WorkspaceError
from mile_desktop.ui.clients.rollout_client import RolloutClient
from mile_desktop.ui.clients.viewer_client import ViewerClient
from mile_desktop.ui.devices.page import DevicesPage
from mile_desktop.ui.error_presenter import INITIAL, ErrorPresenter
from mile_desktop.ui.robots.robot_store import RememberedRobot
from mile_desktop.ui.settings.page import SettingsPage
from mile_desktop.ui.shell.main_window import MainWindow
from mile_desktop.ui.shell.preferences import Preferences, PreferenceStore
from mile_desktop.ui.shell.scene_menu import SceneMenu
from mile_desktop.ui.supervise.driving_help_controller import DrivingHelpController
from mile_desktop.ui.supervise.page import SupervisePage
from mile_desktop.ui.supervise.view_controller import ViewController
from mile_desktop.ui.workspace_session import WorkspaceSession
from mile_desktop.viewer import messages as v

_REFRESH_MS = 200
_REWIND_STEPS = 200
_CAMERA_KEYS = 4
_SMALL_VIEWS, _HIDDEN = "small views", "hidden"


class Application(QObject):
    """Composes the window; everything here runs on the window's thread and waits for nothing but the end.

    Parameters
    ----------
    preferences
        Remembered choices.
    plan
        What to load at the start instead of what is remembered: workspace, scene, policy, simulated operator, speed.
    worker, viewer_target
        Entry points of the processes, as of ``processes``.
    """

    workspace_opened = Signal(object)
    """A ``WorkspaceSession``, whenever a workspace was opened."""
    policies_changed = Signal(object)
    """A ``PolicyList``: policies came, or another one drives."""
    robot_changed = Signal()
    """Another robot, or a scene, was chosen: see ``robot``."""
    episodes_changed = Signal()
    """An episode was closed, discarded or brought back."""

    def __init__(
        self,
        preferences: PreferenceStore,
        *,
        plan: m.LoadSession | None = None,
        worker: Callable[..., None] = rollout_worker,
        viewer_target: Callable[..., None] = viewer,
    ) -> None:
        super().__init__()
        self.preferences = preferences
        self.workspace: WorkspaceSession | None = None
        self.window = MainWindow(preferences)
        self.supervise = SupervisePage()
        self.devices = DevicesPage(pad_profiles())
        self.settings = SettingsPage(preferences)
        self.viewer = ViewerClient(viewer_target, self)
        self.worker = RolloutClient(worker, (self.viewer.state_slot_name,), self)
        self._scenes = SceneMenu(self.window, self)
        small_views = preferences.value.layouts.get(_SMALL_VIEWS, "") != _HIDDEN
        self._viewing = ViewController(self.viewer, self.supervise, self, small_views=small_views)
        self._driving = DrivingHelpController(self.worker, self.window.shortcuts, self.devices, self)
        self._simulated_operator = plan.simulated_operator if plan else "none"
        self._speed = plan.speed if plan else 1.0
        self._seed = plan.seed if plan else None
        self._scene = plan.scene if plan else preferences.value.scene
        self.robot: RememberedRobot | None = None
        """The robot that is driven in place of a scene."""
        self._robot_client = secrets.token_hex(16)
        self._policy = plan.policy if plan else ""
        self.policy_asked = ""
        self._first_workspace = Path(plan.workspace) if plan else _remembered_workspace(preferences.value)
        self._before = preferences.value
        self._refresh = QTimer(self)
        self._refresh.setSingleShot(True)
        self._refresh.setInterval(_REFRESH_MS)
        self._refresh.timeout.connect(self.refresh_policies)
        self.error_presenter = ErrorPresenter(self)
        self._furnish()
        self._connect_worker()
        self._connect_viewer()
        self._connect_window()

    # ── from start to end ────────────────────────────────────────────────────────────────────────────────────────

    def start(self) -> None:
        """Show the window, start the processes, open the workspace and load the scene."""
        self.window.restore()
        self.window.show()
        self.viewer.start()
        self.worker.start()
        self._viewing.paint_background()
        self.open_workspace(self._first_workspace)

    def close(self) -> None:
        """End what runs: the worker puts the running episode on disk first."""
        self._refresh.stop()
        self.worker.close()
        self.viewer.close()
        self.close_workspace()

    def close_workspace(self) -> None:
        """Let another window have the workspace."""
        if self.workspace is not None:
            self.workspace.close()
            self.workspace = None

    def open_workspace(self, folder: Path) -> None:
        """Use another workspace; when it cannot be opened, say why and go on with the one there is."""
        if self.workspace is not None and self.workspace.holds(folder):
            self.window.say("info", f"{folder} is open already.")
            return
        if self.is_busy("Another workspace can be opened when the episode has ended."):
            return
        try:
            workspace_session = WorkspaceSession(folder)
        except WorkspaceError as error:
            self.error_presenter.show_error(error, folder)
            return
        if self.workspace is not None:
            self.workspace.close()
        self.workspace = workspace_session
        self.preferences.remember_workspace(str(folder))
        self.error_presenter.recover(workspace_session)
        self.workspace_opened.emit(workspace_session)
        self.load_scene(self._scene)

    # ── what people ask for ──────────────────────────────────────────────────────────────────────────────────────

    @property
    def scene(self) -> str:
        """Name of the scene that is loaded, or of the robot's task."""
        return self._scene

    def load_scene(self, scene: str) -> None:
        """Load a scene with the policy that was promoted there, or the bundled one."""
        if self.workspace is None or self.is_busy("Another scene can be loaded when the episode has ended."):
            return
        info = self._scenes.find(scene)
        if info is None:
            return
        self.preferences.change(scene=info.name)
        self._scenes.offer(info.name)
        self.viewer.send(v.LoadScene(scene=info.name))
        self._load_best(self.workspace, info.name, None)

    def load_robot(self, robot: RememberedRobot) -> None:
        """Drive a robot with the policy that was promoted for its task; nothing moves before it is armed."""
        if self.workspace is None or self.is_busy("A robot can be driven when the episode has ended."):
            return
        self._scenes.offer("")
        if robot.scene:
            self.viewer.send(v.LoadScene(scene=robot.scene))
        self._load_best(self.workspace, robot.task, robot)

    def _load_best(self, workspace_session: WorkspaceSession, scene: str, robot: RememberedRobot | None) -> None:
        self._scene, self.robot = scene, robot
        self.robot_changed.emit()
        try:
            promoted = workspace_session.catalogue.promoted(scene)
        except WorkspaceError as error:
            self.error_presenter.show_error(error)
            return
        self.load(self._policy or promoted or INITIAL)
        self._policy = ""

    def load(self, policy: str) -> None:
        """Load the scene with a policy: an id, a folder, ``initial`` or ``expert``."""
        if self.workspace is None:
            return
        self.policy_asked = policy
        self.worker.send(
            m.LoadSession(
                workspace=str(self.workspace.folder),
                scene=self._scene,
                robot=self.robot.address if self.robot else "",
                robot_key=self.robot.key if self.robot else "",
                robot_client=self._robot_client,
                policy=policy,
                simulated_operator=self._simulated_operator,
                rate_hz=float(self.preferences.value.rate_hz),
                speed=self._speed,
                rewind_steps=_REWIND_STEPS,
                live_source=self.preferences.value.live_source,
                seed=self._seed,
            )
        )
        self.worker.send(_alert(self.preferences.value))

    def use_policy(self, policy_id: str) -> None:
        """Let a policy drive from the next episode on; the one that drove until now is one click away."""
        self.worker.send(m.PromotePolicy(policy=policy_id))

    def refresh_policies(self) -> None:
        """Show the policies as they are now."""
        if self.workspace is None:
            return
        try:
            policy_list = self.workspace.policy_list(self._scene)
        except WorkspaceError as error:
            self.error_presenter.show_error(error)
            return
        self.window.header.set_policies(policy_list.entries, policy_list.current, policy_list.previous)
        self.policies_changed.emit(policy_list)

    def is_busy(self, reason: str) -> bool:
        """Return whether an episode is open; say ``reason`` then."""
        status = self.worker.status
        if not self.worker.alive or status is None or status.phase not in IN_EPISODE:
            return False
        self.window.say("warning", reason)
        return True

    # ── wiring ───────────────────────────────────────────────────────────────────────────────────────────────────

    def _furnish(self) -> None:
        self.window.add_page("supervise", self.supervise)
        self.window.add_page("devices", self.devices)
        self.window.add_page("settings", self.settings)
        controls, view = self.supervise.controls, self.supervise.view
        self.window.install_actions(
            {
                "start": controls.start_or_reset,
                "reset": controls.start_or_reset,
                "success": controls.mark_success,
                "failure": controls.mark_failure,
                "discard": controls.ask_discard,
                "hold": controls.toggle_hold,
                "stop": controls.stop,
                "camera_previous": partial(view.step_camera, -1),
                "camera_next": partial(view.step_camera, 1),
                "small_views": self._viewing.toggle_small_views,
                **{f"camera_{index + 1}": partial(view.choose_camera, index) for index in range(_CAMERA_KEYS)},
            }
        )
        self.supervise.set_alert(_alert(self.preferences.value))
        layout = self.preferences.value.layouts.get("supervise", "")
        if layout:
            self.supervise.restore_layout(bytes.fromhex(layout))

    def _connect_worker(self) -> None:
        worker, page = self.worker, self.supervise
        for signal in (worker.status_changed, worker.step_taken, worker.session_loaded, worker.episode_closed):
            signal.connect(page.handle)
        worker.status_changed.connect(self.window.header.show_status)
        worker.session_loaded.connect(self._session_loaded)
        worker.policy_accepted.connect(self._policy_accepted)
        worker.episode_closed.connect(self._episode_closed)
        worker.note.connect(self._say_note)
        worker.pad_state.connect(self.devices.show_pad)
        worker.camera_requested.connect(page.view.step_camera)
        worker.refused.connect(self._say_error)
        page.command.connect(self._command)

    def _connect_viewer(self) -> None:
        self._viewing.command.connect(self._command)
        self.viewer.note.connect(self._say_note)
        self.viewer.fault.connect(self._say_fault)

    def _connect_window(self) -> None:
        header = self.window.header
        header.scene_chosen.connect(self.load_scene)
        header.policy_chosen.connect(self.use_policy)
        self.devices.profile_changed.connect(self._profile_changed)
        self.devices.watch_requested.connect(self._watch_pad)
        self.devices.rumble_requested.connect(self._rumble)
        self.devices.message.connect(self.window.say)
        self.settings.workspace_chosen.connect(self._workspace_chosen)
        self.preferences.changed.connect(self._preferences_changed)
        self.window.closing.connect(self._closing)

    # ── what the worker says ─────────────────────────────────────────────────────────────────────────────────────

    def _session_loaded(self, session: m.SessionLoaded) -> None:
        self.window.header.set_rate_asked(session.rate_hz)
        if self.workspace is None:
            return
        self.error_presenter.recover(self.workspace)  # a worker that was ended has left its episode behind
        self._promote(session.scene, session.policy_id)
        self.episodes_changed.emit()

    def _policy_accepted(self, accepted: m.PolicyAccepted) -> None:
        self._promote(self._scene, accepted.policy)

    def _promote(self, scene: str, policy_id: str) -> None:
        """Remember what drives; the expert and folders outside of the workspace are nothing it could remember."""
        self.preferences.change(policy=policy_id)
        if self.workspace is None:
            return
        try:
            known = self.workspace.policy(scene, policy_id) is not None
            if known and self.workspace.catalogue.promoted(scene) != policy_id:
                self.workspace.catalogue.promote(scene, policy_id)
        except WorkspaceError as error:
            self.error_presenter.show_error(error)
        self.refresh_policies()

    def _episode_closed(self, episode: m.EpisodeClosed) -> None:
        if not episode.discarded:
            takeovers = "1 takeover" if episode.takeovers == 1 else f"{episode.takeovers} takeovers"
            text = f"{episode.outcome.capitalize()} after {episode.steps} steps with {takeovers}; recorded."
            self.window.say("success" if episode.outcome == "success" else "info", text)
        self.episodes_changed.emit()
        self._refresh.start()

    def _command(self, command: object) -> None:
        if isinstance(command, m.SetAlert):
            self.preferences.change(
                alert_threshold=command.threshold,
                alert_debounce_steps=command.debounce_steps,
                ask_me=command.ask_me,
            )
            command = _alert(self.preferences.value)
        if isinstance(command, m.RequestReset) and not self.worker.alive:
            self.error_presenter.restart_worker()
        elif isinstance(command, m.Message):
            self.worker.send(command)

    # ── what the window says ─────────────────────────────────────────────────────────────────────────────────────

    def _workspace_chosen(self, folder: str) -> None:
        self.open_workspace(Path(folder))

    def _preferences_changed(self, value: Preferences) -> None:
        before, self._before = self._before, value
        if _alert(before) != _alert(value):
            self.supervise.set_alert(_alert(value))
            self.worker.send(_alert(value))
        loaded_with = (before.rate_hz, before.live_source) != (value.rate_hz, value.live_source)
        if loaded_with and not self.is_busy("This counts when the scene is loaded next."):
            self.load(value.policy or INITIAL)

    def _profile_changed(self, profile: str) -> None:
        self.worker.send(m.SetPad(profile=profile))

    def _watch_pad(self, enabled: bool) -> None:
        self.worker.send(m.WatchPad(enabled=enabled))

    def _rumble(self) -> None:
        self.worker.send(m.TestRumble())

    def _closing(self) -> None:
        self.preferences.remember_layout("supervise", self.supervise.save_layout().hex())
        self.preferences.remember_layout(_SMALL_VIEWS, "" if self._viewing.small_views else _HIDDEN)
        self.preferences.save()
        self.close()

    # ── words ────────────────────────────────────────────────────────────────────────────────────────────────────

    def _say_note(self, note: m.Note | v.ViewerNote) -> None:
        level = note.level if note.level in {"info", "success", "warning", "error"} else "info"
        self.window.say(level, note.text)  # type: ignore[arg-type]

    def _say_fault(self, fault: v.ViewerFault) -> None:
        self.window.say("error", fault.text)

    def _say_error(self, text: str) -> None:
        self.window.say("error", text)


def _remembered_workspace(value: Preferences) -> Path:
    return Path(value.workspace) if value.workspace else default_workspace()


def _alert(value: Preferences) -> m.SetAlert:
    return m.SetAlert(
        threshold=value.alert_threshold,
        debounce_steps=value.alert_debounce_steps,
        ask_me=value.ask_me,
        sound=value.alert_sound,
        rumble=value.alert_rumble,
    )
