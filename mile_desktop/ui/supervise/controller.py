"""Connects the Supervise page with the worker, the viewer, the keys and the preferences."""

from datetime import datetime
from functools import partial
from pathlib import Path

import msgspec
from PySide6.QtCore import QObject, QUrl
from PySide6.QtGui import QDesktopServices

from mile_desktop.channels.messages import Message
from mile_desktop.rollout import messages as m
from mile_desktop.rollout.phases import IN_EPISODE, Phase
from mile_desktop.scenes.catalogue import scenes
from mile_desktop.ui.application import Application
from mile_desktop.ui.shell.close_question import RunningWork
from mile_desktop.ui.shell.message_line import MessageAction
from mile_desktop.ui.shell.preferences import Preferences, alert_of
from mile_desktop.ui.supervise.call_line_controller import CallLineController
from mile_desktop.ui.supervise.clip_controller import ClipController
from mile_desktop.ui.supervise.driving_help_controller import DrivingHelpController
from mile_desktop.ui.supervise.full_view import FullView
from mile_desktop.ui.supervise.page import SupervisePage
from mile_desktop.ui.supervise.scene_video_controller import SceneVideoController
from mile_desktop.ui.supervise.success_band_controller import SuccessBandController
from mile_desktop.ui.supervise.view_controller import ViewController
from mile_desktop.ui.supervise.view_picture import save_view_picture
from mile_desktop.ui.supervise.viewpoint_controller import ViewpointController
from mile_desktop.ui.supervise.viewpoint_menu import KEYS
from mile_desktop.ui.supervise.words_controller import FRAME, LANGUAGE, WordsController

_PAGE = "supervise"
_CAMERA_KEYS = 4
_PICTURES = "pictures"
"""Name in ``Preferences.layouts`` of the small pictures that were moved or put away."""
_SMALL_VIEWS, _HIDDEN = "small views", "hidden"
"""Name and value in ``Preferences.layouts`` that keep the small views hidden."""


class SuperviseController(QObject):
    """Owns the Supervise page; everything runs on the window's thread."""

    def __init__(self, application: Application) -> None:
        super().__init__(application)
        self._application = application
        remembered = application.preferences.value
        self.page = SupervisePage()
        self.full_view = FullView(application.window, self.page)
        self.driving_help = DrivingHelpController(application.worker, application.window.shortcuts, self)
        self.page.view.tiles.restore(remembered.layouts.get(_PICTURES, ""))
        small_views = remembered.layouts.get(_SMALL_VIEWS, "") != _HIDDEN
        self._views = ViewController(application.viewer, self.page, self, small_views=small_views)
        self._video = SceneVideoController(application.viewer, application.worker, self._folder, self)
        self.viewpoints = ViewpointController(application, self.page)
        self.clip = ClipController(
            self.page, self, folder=self._folder, scene=self._scene_name, say=application.window.say
        )
        self.words = WordsController(
            self.page.words,
            self,
            language=remembered.layouts.get(LANGUAGE, "en"),
            frame=remembered.layouts.get(FRAME, ""),
            view_yaw_deg=self._views.view_yaw_deg,
            remember=application.preferences.remember_layout,
        )
        application.window.add_page(_PAGE, self.page)
        self.page.set_alert(alert_of(remembered))
        self.page.set_hand_speed(remembered.hand_speed)
        layout = remembered.layouts.get(_PAGE, "")
        if layout:
            self.page.restore_layout(bytes.fromhex(layout))
        self.call_line = CallLineController(application, self.page.strips)
        self.band = SuccessBandController(application)
        self._install_keys()
        self._connect()
        self._views.paint_background()

    def running_work(self) -> RunningWork | None:
        """Return the open episode or run, for the question before the window closes; None if the person wants none."""
        application, status = self._application, self._application.worker.status
        if status is None or not (application.worker.alive and application.preferences.value.warn_on_close):
            return None
        if status.phase in IN_EPISODE:
            kept = f"Its {status.step} steps are kept, and it is marked as aborted."
            return RunningWork(f"An episode is running; the robot holds until you answer. {kept}")
        if status.phase is Phase.RESETTING and status.episodes_left:
            return RunningWork(f"A run is not finished: {status.episodes_left} more to record. They are not recorded.")
        return None

    def _folder(self) -> Path | None:
        workspace = self._application.workspace
        return None if workspace is None else workspace.folder

    def _scene_name(self) -> str:
        return self._application.scene

    def pause(self, paused: bool) -> None:
        """Let the robot hold while a question covers the window, or say that the question is answered."""
        self._application.worker.send(m.PauseRobot(paused=paused))

    def _install_keys(self) -> None:
        controls, view = self.page.controls, self.page.view
        self._application.window.install_actions(
            {
                "start": controls.start_or_reset,
                "reset": controls.start_or_reset,
                "success": self.page.keyboard.press_enter,
                "partial": controls.mark_partial,
                "failure": controls.mark_failure,
                "discard": controls.ask_discard,
                "hold": controls.toggle_hold,
                "mark_call": partial(self._command, m.MarkCall()),
                "words": self.words.open,
                "stop": self._escape,
                "layout": view.cycle_layout,
                "full_view": self.full_view.toggle,
                "save_picture": self.save_picture,
                "clip": self.clip.toggle,
                "save_viewpoint": self.viewpoints.save,
                **{f"viewpoint_{index + 1}": partial(self.viewpoints.use, index) for index in range(KEYS)},
                "small_views": self._views.toggle_small_views,
                "camera_previous": partial(view.step_camera, -1),
                "camera_next": partial(view.step_camera, 1),
                **{f"camera_{index + 1}": partial(view.choose_camera, index) for index in range(_CAMERA_KEYS)},
            }
        )

    def save_picture(self) -> None:
        """Save what the view shows into the workspace and say where it is."""
        workspace = self._application.workspace
        if workspace is None:
            self._application.window.say("info", "A picture is saved into the workspace; none is open yet.")
            return
        with self._application.errors_shown():
            # Local time, as the person reads it on the clock.
            path = save_view_picture(
                self.page.view, workspace.folder, self._application.scene, now=datetime.now().astimezone()
            )
            show = MessageAction("Open folder", partial(QDesktopServices.openUrl, QUrl.fromLocalFile(str(path.parent))))
            self._application.window.say("success", f"The picture is saved as {path.name} in {path.parent}.", show)

    def _escape(self) -> None:
        """Close what is on top; stop as well while the robot is busy, and in any case when nothing was on top."""
        # Esc in the line for words closes the line; in every other field it only leaves the field.
        words = self.page.words.edit.hasFocus()
        closed = self.words.close() if words else self._application.window.close_top()
        if self.page.busy or not closed:
            self.page.controls.stop()

    def _connect(self) -> None:
        application, worker, page = self._application, self._application.worker, self.page
        for signal in (worker.status_changed, worker.step_taken, worker.session_loaded, worker.episode_closed):
            signal.connect(page.handle)
        worker.camera_requested.connect(page.view.step_camera)
        worker.died.connect(self._worker_died)
        worker.loading.connect(self.clip.end_with_scene)
        worker.loading.connect(self._begin_loading)
        application.blocked.connect(self._explain)
        page.command.connect(self._command)
        self.words.command.connect(self._command)
        self.words.stop_asked.connect(page.controls.stop)
        self.words.shown_way.connect(page.view.show_words_way)
        worker.session_loaded.connect(self.words.start_session)
        worker.step_taken.connect(self.words.follow)
        worker.status_changed.connect(self.words.follow_status)
        page.escaped.connect(self._escape)
        page.pictures.full_view_asked.connect(self.full_view.toggle)
        page.pictures.save_asked.connect(self.save_picture)
        page.view.arrangement_chosen.connect(self._remember_pictures)
        self._views.command.connect(self._command)
        application.preferences.changed.connect(self._preferences_changed)
        application.window.closing.connect(self._remember_layout)
        application.window.closing.connect(self.clip.close)

    def _command(self, command: object) -> None:
        if isinstance(command, m.SetAlert):
            # The application sends what the preferences say, so that the Settings page and this one always agree.
            before = self._application.preferences.value
            # A line that a person moves is theirs again: no budget and no share of misses is kept any more.
            by_hand = {"alert_line": "by hand"} if command.threshold != before.alert_threshold else {}
            self._application.preferences.change(
                alert_threshold=command.threshold,
                alert_debounce_steps=command.debounce_steps,
                ask_me=command.ask_me,
                alert_let_go=command.let_go,
                **by_hand,
            )
        # Reset is the button a person presses when everything stands still; a dead worker cannot answer it.
        elif isinstance(command, m.RequestReset) and not self._application.worker.alive:
            self._application.restart_worker()
        elif isinstance(command, Message):
            self._application.worker.send(command)

    def _begin_loading(self) -> None:
        # A robot's task need not be a scene of the catalogue.
        info = next((each for each in scenes() if each.name == self._application.scene), None)
        self.page.begin_loading(info.title if info else self._application.scene)
        self.page.view.set_task(info.summary if info else "")

    def _explain(self, text: str, action: MessageAction | None) -> None:
        """Say in the middle of the view why there is nothing to supervise."""
        # Nothing is loaded: what the last session showed, above all READY with a green Start, would be wrong now.
        self.page.begin_loading("")
        label, run = (action.label, action.run) if action else ("", None)
        self.page.view.blocked.explain("Nothing can be supervised yet", text, label, run)

    def _worker_died(self, reason: str) -> None:
        """Show the last status as stopped: a dead worker cannot report that nothing moves any more."""
        last = self._application.worker.status
        if last is not None:
            self.page.handle(
                msgspec.structs.replace(
                    last, phase=Phase.STOPPED, reason=reason, rate_hz=0.0, alert=False, asking=False
                )
            )

    def _preferences_changed(self, value: Preferences) -> None:
        # Every preference emits the same signal, also while a threshold is being typed.
        if alert_of(value) != self.page.alert:
            self.page.set_alert(alert_of(value))
        self.page.set_hand_speed(value.hand_speed)

    def _remember_pictures(self) -> None:
        self._application.preferences.remember_layout(_PICTURES, self.page.view.tiles.remembered())

    def _remember_layout(self) -> None:
        preferences = self._application.preferences
        preferences.remember_layout(_PAGE, self.page.save_layout().hex())
        preferences.remember_layout(_SMALL_VIEWS, "" if self._views.small_views else _HIDDEN)
