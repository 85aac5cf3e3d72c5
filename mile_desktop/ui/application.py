"""What all pages share: the window, the worker, the viewer, the preferences, the open workspace and what is loaded."""

import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
from PySide6.QtCore import QObject, QTimer, Signal

from mile_desktop.errors import UserError
from mile_desktop.paths import default_workspace
from mile_desktop.processes import rollout_worker, viewer
from mile_desktop.registry.names import INITIAL
from mile_desktop.registry.promotion import promote
from mile_desktop.robots.remembered import RememberedRobot
from mile_desktop.rollout import messages as m
from mile_desktop.rollout.phases import IN_EPISODE
from mile_desktop.storage.errors import WorkspaceLockedError
from mile_desktop.storage.rebuild import rebuild_catalogue
from mile_desktop.ui.clients.rollout_client import RolloutClient
from mile_desktop.ui.clients.viewer_client import ViewerClient
from mile_desktop.ui.error_presenter import ErrorPresenter
from mile_desktop.ui.locked_workspace import LockedWorkspace
from mile_desktop.ui.session_messages import SessionMessages
from mile_desktop.ui.shell.main_window import MainWindow
from mile_desktop.ui.shell.preferences import Preferences, PreferenceStore, alert_of, asked_rate
from mile_desktop.ui.shell.scene_menu import SceneMenu
from mile_desktop.ui.workspace_session import WorkspaceSession
from mile_desktop.viewer import messages as v

_REFRESH_MS = 200
"""Episodes that end soon after each other refresh the list of policies once."""
_REWIND_STEPS = 200


class Application(QObject):
    """The context in which the pages work; it knows none of them.

    Controllers receive it, connect to its signals and call it. It lives on the window's thread, and only ``close``
    waits: for the processes to end.

    Parameters
    ----------
    preferences
        Remembered choices.
    plan
        What to load at the start in place of what is remembered: workspace, scene, policy, simulated operator, speed.
    worker, viewer_target
        Entry points of the processes, see ``processes``.
    """

    workspace_opened = Signal(object)
    """A ``WorkspaceSession``: this workspace is open now."""
    policies_changed = Signal(object)
    """A ``PolicyList``: policies were added or changed, or another one drives."""
    robot_changed = Signal()
    """Another robot, or a scene in its place, was chosen: see ``robot``."""
    blocked = Signal(str, object)
    """Nothing can be supervised: why, in one sentence, and the ``MessageAction`` that leads out, or None."""
    episodes_changed = Signal()
    """An episode was closed, discarded or restored."""

    def __init__(
        self,
        preferences: PreferenceStore,
        *,
        plan: m.LoadSession | None = None,
        worker: Callable[..., None] = rollout_worker,
        viewer_target: Callable[..., None] = viewer,
    ) -> None:
        super().__init__()
        remembered = preferences.value
        self.preferences = preferences
        self.workspace: WorkspaceSession | None = None
        self.window = MainWindow(preferences)
        self.viewer = ViewerClient(viewer_target, self)
        self.worker = RolloutClient(worker, (self.viewer.state_slot_name,), self)
        self.error_presenter = ErrorPresenter(
            self.window, self.worker, self.viewer, restart=self.restart_worker, rebuild=self.rebuild_workspace
        )
        self.robot: RememberedRobot | None = None
        """The robot that is driven in place of a scene."""
        self._messages = SessionMessages(self.window, self.worker, use_policy=self.use_policy)
        self.guided = False
        """A study decides what is loaded, started and called; see ``begin_guided``."""
        self._scenes = SceneMenu(self.window, self)
        self._plan = plan or m.LoadSession(
            workspace=remembered.workspace or str(default_workspace()), scene=remembered.scene, policy=""
        )
        self._scene = self._plan.scene
        # What the worker has loaded: the window returns to it when another load is refused.
        self._loaded: tuple[Path, str, RememberedRobot | None, bool] | None = None
        self._first_policy = self._plan.policy
        # To tell whether the bundled policy has failed itself: then there is nothing left to fall back to.
        self._requested_policy = ""
        # A restarted worker reconnects with the same id, so that the robot knows that its driver has not changed.
        self._robot_client = secrets.token_hex(16)
        # The preferences that the worker has; compared with each change.
        self._before = remembered
        self._locked_workspace = LockedWorkspace(self._use_workspace, self.show_error, self)
        self._refresh = QTimer(self, singleShot=True, interval=_REFRESH_MS)
        self._refresh.timeout.connect(self.refresh_policies)
        self._connect()

    # ── from start to end ────────────────────────────────────────────────────────────────────────────────────────

    def start(self) -> None:
        """Show the window, start the processes, open the workspace and load the scene."""
        # Before it is shown, or it would jump to its old place in front of the person.
        self.window.restore()
        self.window.show()
        for client in (self.viewer, self.worker):
            if not client.pid:  # the program has started the worker already, see ``composition``
                client.start()
        self.open_workspace(Path(self._plan.workspace))

    def close(self) -> None:
        """End the processes; the worker first saves the running episode."""
        self._refresh.stop()
        self._locked_workspace.give_up()
        # The worker writes into shared memory that belongs to the viewer's client, so the viewer is closed after it.
        self.worker.close()
        self.viewer.close()
        self.close_workspace()

    # ── the workspace ────────────────────────────────────────────────────────────────────────────────────────────

    def open_workspace(self, folder: Path) -> None:
        """Open another workspace; when that is not possible, show the reason and keep the present one."""
        if self.workspace is not None and self.workspace.holds(folder):
            self.window.say("info", f"{folder} is open already.")
            return
        # The running episode belongs to the open workspace.
        if self.is_busy("Another workspace can be opened when the episode has ended."):
            return
        with self.errors_shown(folder):
            self._use_workspace(WorkspaceSession(folder))

    def close_workspace(self) -> None:
        """Close the workspace, so that another window can open it."""
        if self.workspace is not None:
            self.workspace.close()
            self.workspace = None

    def rebuild_workspace(self, folder: Path) -> None:
        """Make a new catalogue for the workspace in ``folder`` from its files, and open it."""
        if self.is_busy("The catalogue can be rebuilt when the episode has ended."):
            return
        if self.workspace is not None and self.workspace.holds(folder):
            # The database files are about to be replaced, so no process of ours may have them open.
            self.worker.close()
            self.close_workspace()
        with self.errors_shown(folder):
            report = rebuild_catalogue(folder)
            text = f"The catalogue was rebuilt: {report.episodes} episodes, {report.policies} policies."
            self.window.say("warning" if report.problems else "success", " ".join((text, *report.problems)))
        if not self.worker.alive:
            self.worker.start()
        self.open_workspace(folder)

    def recover_episodes(self) -> None:
        """Turn what a killed process has left in the journal into episodes, and report them."""
        if self.workspace is None:
            return
        found = self.workspace.recover()
        self.error_presenter.show_recovery(found)
        if found.recovered:
            self.episodes_changed.emit()

    @contextmanager
    def errors_shown(self, folder: Path | None = None) -> Iterator[None]:
        """Show a ``UserError`` of the block as a message, and go on after the block.

        Parameters
        ----------
        folder
            The workspace that the block uses; by default the open one.
        """
        try:
            yield
        except UserError as error:
            self.show_error(error, folder)

    def show_error(self, error: UserError, folder: Path | None = None) -> None:
        """Show an error of the workspace in ``folder``, by default the open one, with the action that helps."""
        action = self.error_presenter.show_error(error, folder or (self.workspace.folder if self.workspace else None))
        if self.workspace is not None:
            return
        text = str(error)
        if isinstance(error, WorkspaceLockedError) and folder is not None:
            text = f"{text} It is opened here as soon as it is free."
            self._locked_workspace.wait_for(folder)
        self.blocked.emit(text, action)

    # ── what is loaded ───────────────────────────────────────────────────────────────────────────────────────────

    @property
    def scene(self) -> str:
        """Name of the scene that is loaded, or of the robot's task."""
        return self._scene

    def load_scene(self, scene: str) -> None:
        """Load a scene with the policy that was promoted for it, or the bundled one."""
        if self.workspace is None or self.is_busy("Another scene can be loaded when the episode has ended."):
            return
        info = self._scenes.find(scene)
        if info is None:
            return
        self.preferences.change(scene=info.name)
        self._scenes.offer(info.name)
        # The viewer loads while the worker does, so that the scene appears earlier.
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

    def load(self, policy: str) -> None:
        """Load the scene with a policy: an id, a folder, ``initial`` or ``expert``."""
        if self.workspace is None:
            return
        self._requested_policy = policy
        self.worker.send(
            msgspec.structs.replace(
                self._plan,
                workspace=str(self.workspace.folder),
                scene=self._scene,
                robot=self.robot.address if self.robot else "",
                robot_key=self.robot.key if self.robot else "",
                robot_client=self._robot_client,
                policy=policy,
                rate_hz=asked_rate(self.preferences.value),
                operator_name=self.preferences.value.operator_name,
                rewind_steps=_REWIND_STEPS,
                generation=self.viewer.generation,
                live_source=self.preferences.value.live_source,
            )
        )
        # After the session: a new one starts with the default rule.
        self.worker.send(alert_of(self.preferences.value))

    def begin_guided(self, scene: str) -> None:
        """Leave to a study what is loaded, until a scene is: preferences, promotion and fall-back have no effect."""
        self._scene, self.robot, self.guided = scene, None, True
        self.robot_changed.emit()

    def use_policy(self, policy_id: str) -> None:
        """Let a policy drive from the next episode on; the present one stays one click away."""
        self.worker.send(m.PromotePolicy(policy=policy_id))

    def refresh_policies(self) -> None:
        """Read the policies again and show them everywhere."""
        if self.workspace is None:
            return
        with self.errors_shown():
            policy_list = self.workspace.policy_list(self._scene)
            self.window.header.set_policies(policy_list.entries, policy_list.current, policy_list.previous)
            self.policies_changed.emit(policy_list)

    def restart_worker(self) -> None:
        """Start a new rollout worker; what the old one has left in the journal becomes an episode."""
        # Only journals of dead processes are taken, so this is safe while the old worker still ends.
        self.recover_episodes()
        self.worker.restart()

    @property
    def in_episode(self) -> bool:
        """Whether the worker runs and has an episode open."""
        status = self.worker.status
        return self.worker.alive and status is not None and status.phase in IN_EPISODE

    def stop_episode(self) -> bool:
        """Stop the robot if an episode is open; return whether one was."""
        if self.in_episode:
            self.worker.send(m.RequestStop())
            return True
        return False

    def is_busy(self, reason: str) -> bool:
        """Return whether an episode is open, and show ``reason`` if so."""
        if self.in_episode:
            self.window.say("warning", reason)
            return True
        return False

    # ── inside ───────────────────────────────────────────────────────────────────────────────────────────────────

    def _connect(self) -> None:
        self.worker.status_changed.connect(self.window.header.show_status)
        self.worker.session_loaded.connect(self._session_loaded)
        self.worker.load_refused.connect(self._load_refused)
        self.worker.policy_accepted.connect(self._policy_accepted)
        self.worker.episode_closed.connect(self._episode_closed)
        self.worker.fault.connect(self._fault)
        self.window.header.scene_chosen.connect(self.load_scene)
        self.window.header.policy_chosen.connect(self.use_policy)
        self.preferences.changed.connect(self._preferences_changed)
        # First of all that is connected to ``closing``: the worker ends before the cameras, whose pictures it watches.
        self.window.closing.connect(self.close)

    def _use_workspace(self, session: WorkspaceSession) -> None:
        self._take_workspace(session)
        self.load_scene(self._scene)

    def _take_workspace(self, session: WorkspaceSession) -> None:
        # The new one is open and locked at this point, so a failure would have left the old one in use.
        self.close_workspace()
        self.workspace = session
        self._locked_workspace.give_up()
        self.preferences.remember_workspace(str(session.folder))
        self.recover_episodes()
        self.workspace_opened.emit(session)

    def _load_best(self, session: WorkspaceSession, scene: str, robot: RememberedRobot | None) -> None:
        self._scene, self.robot, self.guided = scene, robot, False
        self.robot_changed.emit()
        self._messages.begin_scene()
        with self.errors_shown():
            promoted = session.catalogue.promoted(scene)
            self.load(self._first_policy or promoted or INITIAL)
            self._first_policy = ""  # a policy of the command line is meant for the first scene only

    def _session_loaded(self, session: m.SessionLoaded) -> None:
        self._messages.begin_session()
        if self.workspace is not None:
            self._loaded = self.workspace.folder, self._scene, self.robot, self.guided
        self.window.header.set_rate_asked(session.rate_hz)
        self.recover_episodes()  # a worker that was killed has left its episode in the journal
        if not self.guided:
            self._promote(session.scene, session.policy_id)
        self.episodes_changed.emit()

    def _load_refused(self, refused: m.LoadRefused) -> None:
        """Show again what is loaded still: the view has begun to load the other scene already."""
        if self._loaded is None:
            return
        folder, self._scene, self.robot, self.guided = self._loaded
        if self.workspace is None or not self.workspace.holds(folder):
            with self.errors_shown(folder):
                self._take_workspace(WorkspaceSession(folder))
        self._scenes.offer("" if self.robot else self._scene)
        if not self.robot:
            self.preferences.change(scene=self._scene)
        self.robot_changed.emit()
        if drawn := self.robot.scene if self.robot else self._scene:
            self.viewer.send(v.LoadScene(scene=drawn))
        self.worker.send(m.LabelStates(generation=self.viewer.generation))
        self.window.say("warning", refused.text)

    def _policy_accepted(self, accepted: m.PolicyAccepted) -> None:
        before = self.preferences.value.policy
        self._promote(self._scene, accepted.policy)
        if self.workspace is None or before in {"", accepted.policy}:
            return
        with self.errors_shown():
            entries = self.workspace.policy_list(self._scene).entries
            name = next((each.name for each in entries if each.policy_id == accepted.policy), accepted.policy)
            self._messages.show_policy(name, before)

    def _promote(self, scene: str, policy_id: str) -> None:
        self.preferences.change(policy=policy_id)
        if self.workspace is None:
            return
        with self.errors_shown():
            if unarchived := promote(self.workspace.catalogue, scene, policy_id).unarchived:
                self.window.say("info", unarchived)
        self.refresh_policies()

    def _episode_closed(self, episode: m.EpisodeClosed) -> None:
        self._messages.show_episode(episode)
        self.episodes_changed.emit()
        # A timer that is started again waits again: several ends in a row cause one refresh.
        self._refresh.start()

    def _fault(self, fault: m.Fault) -> None:
        """Load the bundled policy in place of one that cannot be used; if that one fails too, offer a restart."""
        fall_back = not self.guided and fault.policy_at_fault and self._requested_policy != INITIAL
        self.error_presenter.show_fault(fault.text, bundled_policy_follows=fall_back)
        if fall_back:
            self.load(INITIAL)
        elif self.worker.session is None:
            self.blocked.emit(fault.text, None)

    def _preferences_changed(self, value: Preferences) -> None:
        # Replaced first: the calls below can change preferences and come back here.
        before, self._before = self._before, value
        if self.guided:
            return
        if alert_of(before) != alert_of(value):
            self.worker.send(alert_of(value))
        needs_loading = (before.rate_hz, before.live_source) != (value.rate_hz, value.live_source)
        if needs_loading and not self.is_busy("This takes effect when the scene is loaded again."):
            self.load(value.policy or INITIAL)
