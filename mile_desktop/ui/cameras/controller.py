"""Live cameras at the desk: what ties store, processes, dialog and view together."""

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer

from mile_desktop.cameras.messages import CameraNote
from mile_desktop.processes import camera
from mile_desktop.rollout import messages as m
from mile_desktop.ui.cameras import status_text
from mile_desktop.ui.cameras.camera_store import FILE_NAME, CameraStore, RememberedCameras
from mile_desktop.ui.cameras.capture_controller import CaptureController
from mile_desktop.ui.cameras.dialog import CamerasDialog
from mile_desktop.ui.cameras.full_view import FullView
from mile_desktop.ui.cameras.recording_controller import RecordingController
from mile_desktop.ui.widgets.side_dialog import stop_or_hide

if TYPE_CHECKING:
    from mile_desktop.ui.application import Application

_NOTES_MS = 200
_PAGE = "supervise"


class CamerasController(QObject):
    """Shows cameras in the Supervise view, opens the dialog, tells the worker what it has to watch.

    Cameras are started when the first session is loaded, so that they never delay the first picture of the scene, or
    when the dialog is opened. Everything runs on the window's thread.
    """

    def __init__(self, application: "Application") -> None:
        super().__init__(application)
        self._application = application
        self.store = CameraStore(application.preferences.path.with_name(FILE_NAME), self)
        self.live = CaptureController(self.store, camera, self)
        self._recording = RecordingController(self.live, application.worker, self._folder)
        self._full_view = FullView(application.window, application.supervise)
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
            self.live.start()
            self._notes.start()
            self._look()

    def _connect(self) -> None:
        application, view = self._application, self._application.supervise.view
        application.window.install_actions(
            {"layout": view.cycle_layout, "full_view": self._full_view.toggle, "cameras": self.open_dialog}
        )
        application.window.header.cameras_asked.connect(self.open_dialog)
        application.window.page_changed.connect(self._look)
        application.window.closing.connect(self._close)
        application.worker.session_loaded.connect(self._session_loaded)
        application.worker.fault.connect(self._session_loaded)
        application.supervise.pictures.cameras_asked.connect(self.open_dialog)
        application.supervise.pictures.full_view_asked.connect(self._full_view.toggle)
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
        self._application.supervise.view.set_cameras([client.settings.name for client in self.live])
        self._annotate()

    def _restore(self, value: RememberedCameras) -> None:
        self._application.supervise.view.set_arrangement(value.layout, value.main)

    def _remember_view(self) -> None:
        tiles = self._application.supervise.view.tiles
        self.store.remember_view(tiles.layout, tiles.wanted)

    def _annotate(self) -> None:
        """Say over each picture what is wrong with it; ages grow, so this is asked again and again."""
        view = self._application.supervise.view
        for client in self.live:
            stale = client.stale
            note = status_text.tile_note(client.status, client.age_s(), stale=stale)
            view.annotate_camera(client.settings.name, note, faded=stale)

    def _look(self, _: object = None) -> None:
        """Copy pictures only while somebody looks at them."""
        in_dialog = self._dialog is not None and self._dialog.isVisible()
        self.live.set_watched(in_dialog or self._application.window.page == _PAGE)

    def _say(self, note: CameraNote) -> None:
        level = note.level if note.level in {"info", "success", "warning", "error"} else "info"
        self._application.window.say(level, note.text)  # type: ignore[arg-type]

    def _escape(self) -> None:
        stop_or_hide(self._application, self.dialog)

    def _warn(self, text: str) -> None:
        self._application.window.say("warning", text)

    def _close(self) -> None:
        """End everything; the worker, which watches the pictures, has ended by now."""
        self._notes.stop()
        if self._dialog is not None:
            self._dialog.close()
        self.live.close()
