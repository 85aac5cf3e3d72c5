"""Connects the remembered cameras, their processes, their dialog and the view that shows them."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject, QTimer

from mile_desktop.cameras.attached import attached_cameras, identified, other_devices, said_about
from mile_desktop.cameras.messages import CameraNote
from mile_desktop.processes import camera
from mile_desktop.rollout import messages as m
from mile_desktop.ui.application import Application
from mile_desktop.ui.cameras import status_text
from mile_desktop.ui.cameras.camera_store import FILE_NAME, CameraStore, RememberedCameras
from mile_desktop.ui.cameras.capture_controller import CaptureController
from mile_desktop.ui.cameras.dialog import CamerasDialog
from mile_desktop.ui.cameras.recording_controller import RecordingController
from mile_desktop.ui.shell.message_line import MessageAction
from mile_desktop.ui.viewport.picture_canvas import PictureCanvas

_NOTES_MS = 200
_PAGE = "supervise"
_REMOVED = "removed camera"


class CamerasController(QObject):
    """Shows cameras in a view, opens the dialog, and tells the worker which cameras it has to watch.

    Cameras are started when the first session is loaded, so that they never delay the first picture of the scene, or
    when the dialog is opened. Everything runs on the window's thread.

    Parameters
    ----------
    view
        Where the pictures are shown: the view of the Supervise page.
    """

    def __init__(self, application: Application, view: PictureCanvas) -> None:
        super().__init__(application)
        self._application = application
        self._view = view
        self.store = CameraStore(application.preferences.path.with_name(FILE_NAME), self)
        self.live = CaptureController(self.store, camera, self)
        self._recording = RecordingController(self.live, application.worker, self._folder)
        self._dialog: CamerasDialog | None = None
        self._started = False
        self._notes = QTimer(self)
        self._notes.setInterval(_NOTES_MS)
        self._notes.timeout.connect(self._annotate)
        self._connect()
        self._restore(self.store.value)
        if self.store.problem:
            application.window.say("warning", self.store.problem)

    @property
    def dialog(self) -> CamerasDialog:
        """The dialog, made when it is first asked for."""
        if self._dialog is None:
            self._dialog = CamerasDialog(self.store, self.live, camera, self._application.window)
            self._dialog.visibility_changed.connect(self._look)
            self._dialog.escape_pressed.connect(self._escape)
            self._dialog.removed.connect(self._offer_undo)
            self._dialog.brought_back.connect(partial(self._application.window.messages.withdraw, _REMOVED))
        return self._dialog

    def open_dialog(self) -> None:
        """Show the dialog, or bring it to the front."""
        self.start()
        self.dialog.show()
        self.dialog.raise_()
        self.dialog.activateWindow()

    def start(self) -> None:
        """Start the cameras, once."""
        if not self._started:
            self._started = True
            self._identify()
            self.live.start()
            self._notes.start()
            self._look()

    def _identify(self) -> None:
        """Find out which cameras of this computer are there, and say where another one is than the one added."""
        attached, remembered = attached_cameras(), self.store.cameras
        # Cameras of earlier versions have a number only. What is there now counts as theirs.
        self.store.set_cameras([each if each.device else identified(each, attached) for each in remembered])
        others = other_devices(self.store.cameras, attached)
        if others:
            use = MessageAction("Use it", partial(self._accept, tuple(others)))
            self._application.window.say("warning", said_about(others, self.store.cameras), use)

    def _accept(self, names: Sequence[str]) -> None:
        attached = attached_cameras()
        cameras = [identified(each, attached) if each.name in names else each for each in self.store.cameras]
        self.store.set_cameras(cameras)

    def _connect(self) -> None:
        application, view = self._application, self._view
        application.window.install_actions({"cameras": self.open_dialog})
        application.window.header.cameras_asked.connect(self.open_dialog)
        application.window.page_changed.connect(self._look)
        application.window.closing.connect(self._close)
        application.worker.session_loaded.connect(self._session_loaded)
        # Also after a fault: cameras must not wait for a scene that cannot be loaded.
        application.worker.fault.connect(self._session_loaded)
        view.arrangement_chosen.connect(self._remember_view)
        self.live.frame_ready.connect(view.show_camera)
        self.live.cameras_changed.connect(self._show_cameras)
        self.live.needed_changed.connect(application.worker.send)
        self.live.note.connect(self._say)
        self.store.problem_occurred.connect(self._warn)

    def _folder(self) -> Path | None:
        workspace = self._application.workspace
        return workspace.folder if workspace is not None else None

    def _session_loaded(self, _: m.SessionLoaded | m.Fault) -> None:
        self.start()

    def _show_cameras(self) -> None:
        self._view.set_cameras([client.settings.name for client in self.live])
        self._annotate()

    def _restore(self, value: RememberedCameras) -> None:
        self._view.set_arrangement(value.layout, value.main)

    def _remember_view(self) -> None:
        tiles = self._view.tiles
        self.store.remember_view(tiles.layout, tiles.wanted)

    def _annotate(self) -> None:
        """Say over each picture what is wrong with it; ages grow, so this is asked again and again."""
        for client in self.live:
            stale = client.stale
            note = status_text.tile_note(client.status, client.age_s(), stale=stale)
            self._view.annotate_camera(client.settings.name, note, faded=stale)

    def _look(self, _: object = None) -> None:
        """Copy pictures only while they are shown."""
        in_dialog = self._dialog is not None and self._dialog.isVisible()
        self.live.set_watched(in_dialog or self._application.window.page == _PAGE)

    def _say(self, note: CameraNote) -> None:
        self._application.window.say_note(note.level, note.text)

    def _escape(self) -> None:
        # The dialog is on top, so the first Esc closes it; while an episode runs, it stops the robot as well.
        self._application.stop_episode()
        self.dialog.hide()

    def _offer_undo(self, name: str) -> None:
        # Also in the window, for a dialog that was closed before the person noticed.
        undo = MessageAction("Undo", self.dialog.bring_back, _REMOVED)
        self._application.window.say("info", f"The camera {name} was removed; its videos stay.", undo)

    def _warn(self, text: str) -> None:
        self._application.window.say("warning", text)

    def _close(self) -> None:
        """End everything; the worker, which watches the pictures, has ended by now."""
        self._notes.stop()
        # First, since it may be testing a camera of its own.
        if self._dialog is not None:
            self._dialog.close()
        self.live.close()
