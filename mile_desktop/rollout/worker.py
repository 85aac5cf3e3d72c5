"""The rollout worker: the process that owns scene, policy, operator devices and recorder."""

import gc
import sys
from collections.abc import Callable
from multiprocessing.connection import Connection

import msgspec
import torch

from mile_desktop.arrays import Float32Array
from mile_desktop.channels.endpoint import Endpoint
from mile_desktop.channels.messages import Shutdown
from mile_desktop.channels.shared import StateSlot
from mile_desktop.intervention.model import InterventionModelError
from mile_desktop.operators.hand_response import Hand
from mile_desktop.operators.profile import ProfileError, decode_profile
from mile_desktop.operators.words.segment import WORDS
from mile_desktop.policies.policy import PolicyFileError
from mile_desktop.priority import be_eager, enter_real_time, leave_real_time
from mile_desktop.registry.policies import UnknownPolicyError
from mile_desktop.rollout import messages as m
from mile_desktop.rollout.alert import AlertRule
from mile_desktop.rollout.alert_sound import AlertSound
from mile_desktop.rollout.cadence import Cadence
from mile_desktop.rollout.camera_watch import CameraWatch
from mile_desktop.rollout.clock import SystemClock
from mile_desktop.rollout.input_devices import InputDevices, simulated_supervisor
from mile_desktop.rollout.phases import MOVING
from mile_desktop.rollout.policy_loader import LOADING_ERRORS
from mile_desktop.rollout.session import Session
from mile_desktop.rollout.target import with_rate
from mile_desktop.scenes.catalogue import scene_info
from mile_desktop.scenes.scene_code import SceneModuleError

_POLICY_ERRORS = (UnknownPolicyError, PolicyFileError, InterventionModelError)
"""Loading another policy would help; the window then offers the initial one."""

_EPISODE_OPEN = "An episode is running, so nothing else was loaded. End it, then choose again."

_IDLE_RATE_HZ = 20.0
_SWITCH_INTERVAL_S = 0.0005
"""How long another thread may keep the interpreter. Python's default of 5 ms would be a tenth of a control period."""


def run_worker(connection: Connection, state_slot_name: str) -> None:
    """Run the process; it ends on ``Shutdown`` or when the window is gone."""
    _prefer_control()
    endpoint: Endpoint[m.Command] = Endpoint(connection, m.Command, newest_wins=(m.Status, m.RobotStatus, m.PadState))
    # Shared memory belongs to the window. This process attaches to it and never removes it.
    with endpoint:
        slot = StateSlot.attach(state_slot_name)
        worker = Worker(endpoint, slot)
        try:
            # ``close`` must run although the loop raised: it puts the running episode on disk.
            worker.run()
        finally:
            worker.close()
            slot.close()


def _prefer_control() -> None:
    """Give the control thread priority over this process's other threads and, where allowed, over other processes."""
    torch.set_num_threads(1)  # waiting for a second thread costs more than these networks take
    sys.setswitchinterval(_SWITCH_INTERVAL_S)
    be_eager()


def set_aside_what_stays() -> None:
    """Collect garbage, and let later collections pass over what is left: torch's and the simulator's objects.

    A collection that walked them would delay a tick. What the session before has left was passed over since that
    session was loaded, and much of it refers to itself: without ``unfreeze`` it would never be freed (1.3 MiB a load).
    """
    gc.unfreeze()
    gc.collect()
    gc.freeze()


class Worker:
    """Handles the window's commands between ticks; everything here runs on the process's main thread.

    Commands that concern devices, alert and cameras outlive a session and are handled here; all others belong to the
    session that is loaded.
    """

    def __init__(self, endpoint: Endpoint[m.Command], slot: StateSlot) -> None:
        self._endpoint = endpoint
        self._slot = slot
        self._generation = 0
        # Monotonic: a changed wall clock must not make a picture stale or a tick late.
        self._clock = SystemClock()
        self._devices = InputDevices()
        self._sound = AlertSound()
        self._cameras = CameraWatch()
        # Its own cadence, because a session may run at another rate.
        self._idle_cadence = Cadence(_IDLE_RATE_HZ, self._clock)
        self._session: Session | None = None
        # Kept here and not in the session, because the window sends the rule once and sessions come and go.
        self._alert = m.SetAlert(threshold=0.5, debounce_steps=3, ask_me=False)
        self._alerting = False
        self._watch_pad = False
        self._running = True
        self._reported_pad_problem = ""
        self._reported_disk_problem = ""
        self._reported_bad_input = False
        self._handlers: dict[type, Callable[..., None]] = {
            m.LoadSession: self._load,
            m.LabelStates: self._label_states,
            m.WindowInput: self._feed,
            m.DriveWords: self._drive_words,
            m.CancelWords: self._cancel_words,
            m.SetAlert: self._set_alert,
            m.SetPad: self._set_pad,
            m.SetViewYaw: self._set_view_yaw,
            m.WatchPad: self._set_watch_pad,
            m.TestRumble: self._rumble,
            m.WatchCameras: self._watch_cameras,
            Shutdown: self._shut_down,
        }

    def run(self) -> None:
        """Tick until a message asks for the end, or the window is gone."""
        while self._running and not self._endpoint.closed:
            # Commands are taken only between ticks, so nothing in a tick needs a lock.
            for command in self._endpoint.receive():
                self._handle(command)
            try:
                self._tick()
            # Only a scene's own code: any other exception is a fault of the program, ends the process with its
            # traceback, and the window starts a new one.
            except SceneModuleError as error:  # the code of a user's scene, which may fail at any step
                self._leave_session()
                self._endpoint.send(m.Fault(text=str(error), policy_at_fault=False))

    def close(self) -> None:
        """Put the running episode on disk and release everything."""
        self._leave_session()
        self._devices.close()
        self._cameras.close()

    def _handle(self, command: m.Command) -> None:
        """Do what the window asks for; without a session, commands to one have no effect."""
        if handler := self._handlers.get(type(command)):
            handler(command)
        elif self._session is not None:
            self._session.handle(command)

    def _tick(self) -> None:
        session = self._session
        if session is None:
            # SDL notices that a pad was plugged in only when it is polled.
            self._devices.poll()
        else:
            # The tick first. What follows reports on it, and a status from before it would be one period old when the
            # window reads it.
            session.tick()
            self._call_for_attention(session)
            # In each tick, although little has changed: the window takes a missing status for a dead or hanging worker.
            self._endpoint.send(session.status())
            if (robot := session.robot_status()) is not None:
                self._endpoint.send(robot)
            self._report_disk(session.recorder.problem)
        self._report_pad()
        # everything above belongs to this tick; the wait comes last, so that commands are taken right before the next
        (self._idle_cadence if session is None else session.cadence).wait()

    def _report_disk(self, problem: str) -> None:
        """Report once why nothing can be written: between episodes no robot holds, so no phase shows it."""
        if problem and problem != self._reported_disk_problem:
            self._endpoint.send(m.Note(level="error", text=problem))
        self._reported_disk_problem = problem

    def _report_pad(self) -> None:
        """Send the pad's state while the Devices page is open, and report once what is wrong with the pad."""
        # Only for the open page: 20 messages a second would be read by nothing else.
        if self._watch_pad:
            self._endpoint.send(self._devices.pad_state())
        problem = self._devices.gamepad.problem
        if problem != self._reported_pad_problem:
            self._reported_pad_problem = problem
            if problem:
                self._endpoint.send(m.Note(level="warning", text=problem))

    def _call_for_attention(self, session: Session) -> None:
        # While the robot holds or a person drives, an alert that is still active calls for nothing.
        alerting = session.loop.runner.asking or (session.loop.runner.alert.active and session.loop.phase in MOVING)
        # On the rising edge only. A sound in each tick would not be an alert any more.
        if alerting and not self._alerting:
            if self._alert.sound:
                self._sound.play()
            if self._alert.rumble:
                self._devices.gamepad.rumble()
        self._alerting = alerting

    # ── commands ─────────────────────────────────────────────────────────────────────────────────────────────────

    def _load(self, plan: m.LoadSession) -> None:
        # The window asks only between episodes. Decided here all the same: a pad may have begun an episode while the
        # message was on its way, and loading would end it and drop the robot.
        if self._session is not None and self._session.loop.in_episode:
            self._endpoint.send(m.LoadRefused(text=_EPISODE_OPEN, number=plan.number))
            self._endpoint.send(self._answer(self._session, plan))
            return
        leave_real_time()  # loading takes seconds of processor time, which the window needs, too
        # The old session is closed before the new one opens, because both could want the same robot.
        self._leave_session()
        self._generation = plan.generation
        try:
            plan = with_rate(plan)  # the controls need it, too: some change an entry of the action by a rate
            supervisor = simulated_supervisor(plan.simulated_operator, plan.scene, plan.supervisor_settings)
            info = None if plan.robot else scene_info(plan.scene)
            operator = self._devices.group(
                supervisor, info, gamepad=plan.gamepad, rate_hz=plan.rate_hz, only=plan.device
            )
            self._session = Session(
                plan,
                operator,
                publish=self._endpoint.send,
                show=self._show,
                clock=self._clock,
                hazard=self._cameras.hazard,
            )
        except LOADING_ERRORS as error:
            at_fault = isinstance(error, _POLICY_ERRORS)
            self._endpoint.send(m.Fault(text=str(error), policy_at_fault=at_fault, number=plan.number))
            return
        self._devices.words.begin_session(self._session.words_drive)
        # A new session has a new runner with the default rule.
        self._set_alert(self._alert)
        set_aside_what_stays()
        if plan.speed == 1.0 or plan.robot:
            enter_real_time()
        self._session.cadence.restart()  # ticks did not pass while everything was loaded
        loaded = self._answer(self._session, plan)
        self._endpoint.send(loaded)
        for problem in loaded.problems:
            self._endpoint.send(m.Note(level="warning", text=problem))

    @staticmethod
    def _answer(session: Session, plan: m.LoadSession) -> m.SessionLoaded:
        body = session.words_drive
        labels = body.labels if body is not None else ()
        return msgspec.structs.replace(session.loaded(), number=plan.number, observation_labels=labels)

    def _label_states(self, command: m.LabelStates) -> None:
        self._generation = command.generation

    def _leave_session(self) -> None:
        if self._session is not None:
            # The session is gone after this, so nothing else could report it.
            if unwritten := self._session.close():
                self._endpoint.send(m.Note(level="error", text=unwritten))
            self._session = None

    def _feed(self, command: m.WindowInput) -> None:
        operator = self._devices.window.get(command.source)
        if operator is None:
            return
        operator.feed(
            command.source,
            takeover=command.takeover,
            action=command.action,
            rewind=command.rewind,
            hand=Hand(command.slow, command.speed),
        )
        if operator.problem and not self._reported_bad_input:
            # once until the takeover ends: the window sends ten of these a second, and an axis may flicker
            self._reported_bad_input = True
            self._endpoint.send(m.Note(level="warning", text=operator.problem))
        elif not command.takeover and not operator.problem:
            self._reported_bad_input = False

    def _drive_words(self, command: m.DriveWords) -> None:
        """Drive what was typed, or report why not; the limits are checked here, whatever the window has checked."""
        problem = self._devices.words.problem(command.segments)
        if self._session is not None and self._session.plan.device not in {"", WORDS}:
            # The operator is not polled then, so the line would say "the robot drives" and nothing would move.
            problem = "Words do not drive in this part of the study; use the device that you were shown."
        if not problem and (self._session is None or not self._session.loop.in_episode):
            problem = "No episode is running; start one before you type a command."
        if problem:
            self._endpoint.send(m.Note(level="warning", text=problem))
            return
        words = f"{command.text} → {command.meaning}"
        self._devices.words.drive(command.segments, words=words, view_yaw_deg=command.view_yaw_deg)

    def _cancel_words(self, _: m.CancelWords) -> None:
        self._devices.words.cancel()

    def _set_alert(self, command: m.SetAlert) -> None:
        try:
            rule = AlertRule(
                command.threshold, command.debounce_steps, command.ask_me, command.let_go, command.most_calls
            )
        # The number comes from a field of the window. A wrong one must not end the process that controls the robot.
        except ValueError as error:
            self._endpoint.send(m.Note(level="warning", text=str(error)))
            return
        self._alert = command
        if self._session is not None:
            self._session.loop.runner.alert.follow(rule)

    def _set_pad(self, command: m.SetPad) -> None:
        try:
            self._devices.gamepad.set_profile(decode_profile(command.profile))
        except ProfileError as error:
            self._endpoint.send(m.Note(level="warning", text=f"The gamepad profile was not used: {error}"))

    def _set_view_yaw(self, command: m.SetViewYaw) -> None:
        self._devices.gamepad.set_view_yaw(command.yaw_deg)

    def _set_watch_pad(self, command: m.WatchPad) -> None:
        self._watch_pad = command.enabled

    def _rumble(self, _: m.TestRumble) -> None:
        if not self._devices.gamepad.rumble():
            self._endpoint.send(m.Note(level="info", text="This pad cannot rumble."))

    def _watch_cameras(self, command: m.WatchCameras) -> None:
        self._cameras.watch(command.cameras)

    def _shut_down(self, _: Shutdown) -> None:
        self._running = False

    def _show(self, state: Float32Array, step: int) -> None:
        if len(state) > self._slot.capacity:
            raise SceneModuleError(
                f"The scene has a state of {len(state)} values, and the view takes at most {self._slot.capacity}; "
                "return fewer in scene_state."
            )
        # Overwrites: a viewer that is slower than the loop skips states and never delays a tick.
        self._slot.write(state, step, flags=self._generation)
