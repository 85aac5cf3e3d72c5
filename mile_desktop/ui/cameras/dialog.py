"""The Cameras dialog: add, test, name, sort and set up cameras while they run."""

from collections.abc import Callable

import msgspec
from PySide6.QtCore import QTimer, Signal
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import (
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from mile_desktop.cameras.address import AddressKind, parse_address
from mile_desktop.cameras.attached import CameraList, attached_cameras, identified
from mile_desktop.cameras.errors import CameraAddressError
from mile_desktop.cameras.messages import CameraState, CameraStatus
from mile_desktop.cameras.settings import CameraSettings, free_name
from mile_desktop.channels.shared import Frame
from mile_desktop.ui.cameras import status_text
from mile_desktop.ui.cameras.attached_menu import AttachedMenu
from mile_desktop.ui.cameras.camera_form import CameraForm
from mile_desktop.ui.cameras.camera_list_panel import CameraListPanel
from mile_desktop.ui.cameras.camera_preview import CameraPreview
from mile_desktop.ui.cameras.camera_store import CameraStore
from mile_desktop.ui.cameras.capture_controller import CaptureController
from mile_desktop.ui.clients.camera_client import CameraClient
from mile_desktop.ui.theme import theme
from mile_desktop.ui.widgets.page_frame import ColumnScroll, EmptyState, Panel
from mile_desktop.ui.widgets.side_dialog import SideDialog

_SIZE = (1220, 680)
_REFRESH_MS = 200
_OFF = CameraStatus(state=CameraState.OFF)


class CamerasDialog(SideDialog):
    """Not modal, because the robot may move meanwhile. Lives on the window's thread.

    Parameters
    ----------
    store
        The cameras that are edited here.
    live
        The running cameras, for pictures and status.
    target
        Entry point of a capture process, for testing an address before it is added.
    attached
        Where to look for the cameras of this computer.
    """

    removed = Signal(str)
    """The name of a camera that a person has removed; ``bring_back`` undoes it."""
    brought_back = Signal()
    visibility_changed = Signal(bool)
    """Pictures are copied only while the dialog or the view shows them."""

    def __init__(
        self,
        store: CameraStore,
        live: CaptureController,
        target: Callable[..., None],
        parent: QWidget | None = None,
        *,
        attached: CameraList | None = None,
    ) -> None:
        super().__init__(parent)
        self._store = store
        self._live = live
        self._target = target
        self._attached = attached or attached_cameras()
        self._find = AttachedMenu(self._attached)
        self._trial: CameraClient | None = None
        self.cameras = CameraListPanel()
        self._removed: tuple[int, CameraSettings] | None = None
        """The camera that was removed last, with its place."""
        self._new_address = QLineEdit()
        self._test = QPushButton("Test")
        self._add = QPushButton("Add")
        self._browse = QPushButton("Browse …")
        self._message = QLabel()
        self._title = QLabel()
        self._status = QLabel()
        self._preview = CameraPreview()
        self._form = CameraForm()
        self._content = QStackedWidget()
        self._refresh = QTimer(self)
        self._refresh.setInterval(_REFRESH_MS)
        self._prepare()
        self._lay_out()
        self._connect()
        self._fill()

    @property
    def selected(self) -> str:
        """Name of the selected camera, or an empty string."""
        return self.cameras.selected

    def select(self, name: str) -> None:
        """Show the camera called ``name``."""
        self.cameras.select(name)

    # ── layout ───────────────────────────────────────────────────────────────────────────────────────────────────

    def _prepare(self) -> None:
        self.setWindowTitle("Cameras")
        self.setModal(False)
        self.take_size(*_SIZE)
        self._new_address.setPlaceholderText(
            "0, /dev/video0, rtsp://…, http://…, a video, a folder of pictures, or gst: …"
        )
        self._new_address.setAccessibleName("Address of a new camera")
        self._test.setToolTip("Test whether a camera answers at this address, without adding it")
        self._add.setToolTip("Add the camera and start it")
        theme.set_role(self._add, "primary")
        for button in (self._test, self._browse, self._add):
            button.setAutoDefault(False)  # Enter in the form below would otherwise press "Add"
        self._message.setWordWrap(True)
        self._message.hide()
        theme.set_role(self._title, "heading")
        theme.set_role(self._status, "secondary")
        self._status.setWordWrap(True)

    def _lay_out(self) -> None:
        add = QHBoxLayout()
        theme.space(add, spacing=8)
        add.addWidget(self._new_address, 1)
        for button in (self._find, self._browse, self._test, self._add):
            add.addWidget(button)
        right = QWidget()
        picture = QVBoxLayout()
        theme.space(picture, spacing=8)
        picture.addWidget(self._title)
        picture.addWidget(self._preview, 1)
        picture.addWidget(self._status)
        settings = Panel("Settings")
        settings.body.addWidget(ColumnScroll(self._form, "Settings of the camera"), 1)
        halves = QHBoxLayout(right)
        theme.space(halves, spacing=16)
        halves.addLayout(picture, 1)
        halves.addWidget(settings)
        self._content.addWidget(EmptyState(
            "mdi6.cctv",
            "No cameras yet",
            "Find a camera of this computer, type an address, or choose a video. "
            "The picture appears in the Supervise view, beside the scene.",
        ))  # fmt: skip
        self._content.addWidget(right)
        body = QHBoxLayout()
        theme.space(body, spacing=16)
        body.addWidget(self.cameras)
        body.addWidget(self._content, 1)
        column = QVBoxLayout(self)
        theme.space(column, (16, 16, 16, 16), 12)
        column.addLayout(add)
        column.addWidget(self._message)
        column.addLayout(body, 1)

    def _connect(self) -> None:
        self._test.clicked.connect(self._start_trial)
        self._add.clicked.connect(self._add_new)
        self._browse.clicked.connect(self._choose_file)
        self._find.chosen.connect(self._try_attached)
        self._new_address.returnPressed.connect(self._add_new)
        self._new_address.textEdited.connect(self._hide_message)
        self.cameras.move_requested.connect(self._move)
        self.cameras.remove_requested.connect(self._remove_selected)
        self.cameras.undo_requested.connect(self.bring_back)
        self.cameras.chosen.connect(self._selection_changed)
        self._form.edited.connect(self._change)
        self._form.refused.connect(self._show_error)
        self._preview.crop_dragged.connect(self._form.crop_to)
        self._store.changed.connect(self._fill)
        self._store.problem_occurred.connect(self._show_error)
        self._live.frame_ready.connect(self._show_frame)
        self._live.cameras_changed.connect(self._fill)
        self._refresh.timeout.connect(self._show_status)

    # ── display ──────────────────────────────────────────────────────────────────────────────────────────────────

    def _fill(self) -> None:
        """Fill the list again and keep the selection."""
        self.cameras.fill([camera.name for camera in self._store.cameras])
        self._selection_changed()

    def _selection_changed(self) -> None:
        camera = self._camera()
        # Its picture would stand under another camera's name.
        self._end_trial()
        self._preview.clear()
        self._form.show_camera(camera)
        self._title.setText(camera.name if camera else "")
        self.cameras.enable_order()
        self._content.setCurrentIndex(1 if camera is not None else 0)
        self._show_status()

    def _show_frame(self, name: str, frame: Frame) -> None:
        self.cameras.keep_picture(name, frame)
        # While an address is tested, the preview belongs to the test.
        if self._trial is None and name == self.selected:
            self._preview.show_frame(frame)

    def _show_status(self) -> None:
        for name in self.cameras.names:
            client = self._live.client(name)
            status, stale = (client.status, client.stale) if client else (_OFF, True)
            self.cameras.show_status(name, status, stale=stale)
        client = self._trial or self._live.client(self.selected)
        if client is None:
            self._status.setText("Off" if self.selected else "")
            self._preview.show_note("This camera is switched off." if self.selected else "")
            return
        age_s, stale, status = client.age_s(), client.stale, client.status
        self._status.setText(status_text.figures(status, age_s, stale=stale))
        note = status_text.explanation(status) or status_text.tile_note(status, age_s, stale=stale)
        self._preview.show_note(note)

    def _camera(self) -> CameraSettings | None:
        return next((camera for camera in self._store.cameras if camera.name == self.selected), None)

    # ── commands ─────────────────────────────────────────────────────────────────────────────────────────────────

    def _new_camera(self) -> CameraSettings | None:
        """Return the camera at the typed address; None, with a message, if the address is invalid."""
        typed = self._new_address.text().strip()
        try:
            address = parse_address(typed)
        except CameraAddressError as error:
            self._show_error(str(error))
            return None
        name = free_name(_NAMES[address.kind], [camera.name for camera in self._store.cameras])
        return identified(CameraSettings(name=name, address=typed), self._attached)

    def _add_new(self) -> None:
        camera = self._new_camera()
        if camera is None:
            return
        # First: two processes would open the same device, and the second would fail.
        self._end_trial()
        self._new_address.clear()
        self._hide_message()
        self._replace([*self._store.cameras, camera])
        self.select(camera.name)

    def _try_attached(self, address: str) -> None:
        # Its picture at once: a person knows a camera by what it sees.
        self._new_address.setText(address)
        self._start_trial()

    def _start_trial(self) -> None:
        camera = self._new_camera()
        if camera is None:
            return
        self._end_trial()
        self._hide_message()
        self._trial = CameraClient(camera, self._target, self)
        self._trial.frame_ready.connect(self._preview.show_frame)
        self._trial.start()
        self._preview.clear()
        self._form.show_camera(None)
        self._content.setCurrentIndex(1)
        self._title.setText(f"{camera.shown_address}, not added yet")
        self._show_status()

    def _end_trial(self) -> None:
        if self._trial is not None:
            # Retiring does not wait: a camera that does not answer may take seconds to end.
            self._live.retire(self._trial)
            self._trial = None

    def _choose_file(self) -> None:
        name, _ = QFileDialog.getOpenFileName(
            self, "Use a video as a camera", "", "Videos (*.mp4 *.mkv *.avi *.mov *.webm);;All files (*)"
        )
        if name:
            self._new_address.setText(name)

    def _change(self, settings: CameraSettings) -> None:
        selected = self.selected
        before = self._camera()
        if before is not None and before.address != settings.address:
            settings = identified(msgspec.structs.replace(settings, device=""), self._attached)
        cameras = [settings if camera.name == selected else camera for camera in self._store.cameras]
        if self._replace(cameras):
            self._hide_message()
            self.select(settings.name)
        else:
            # Refused: the form shows the values that are in use.
            self._form.show_camera(self._camera())

    def _move(self, direction: int) -> None:
        cameras, row, name = list(self._store.cameras), self.cameras.row, self.selected
        if 0 <= row + direction < len(cameras):
            cameras[row], cameras[row + direction] = cameras[row + direction], cameras[row]
            self._replace(cameras)
            self.select(name)

    def _remove_selected(self) -> None:
        camera, row = self._camera(), self.cameras.row
        if camera is None:
            return
        if self._replace([each for each in self._store.cameras if each is not camera]):
            self._removed = (row, camera)
            self.cameras.offer_undo(camera.name)
            self.removed.emit(camera.name)

    def bring_back(self) -> None:
        """Add the camera that was removed last again, at its place and with its settings."""
        if self._removed is None:
            return
        (row, camera), cameras = self._removed, list(self._store.cameras)
        cameras.insert(row, camera)
        # Refused where another camera has taken its name meanwhile; then it can still be brought back later.
        if self._replace(cameras):
            self._removed = None
            self.cameras.offer_undo("")
            self.brought_back.emit()
            self.select(camera.name)

    def _replace(self, cameras: list[CameraSettings]) -> bool:
        try:
            self._store.set_cameras(cameras)
        except ValueError as error:
            self._show_error(str(error))
            return False
        return True

    def _show_error(self, text: str) -> None:
        theme.set_role(self._message, "error")
        self._message.setText(text)
        self._message.show()

    def _hide_message(self) -> None:
        self._message.hide()

    # ── visibility ──────────────────────────────────────────────────────────────────────────────────────

    def showEvent(self, event: QShowEvent) -> None:
        """Update the status while the dialog is visible."""
        super().showEvent(event)
        self._refresh.start()
        self.visibility_changed.emit(True)

    def hideEvent(self, event: QHideEvent) -> None:
        """Stop updating, and end a test."""
        super().hideEvent(event)
        self._refresh.stop()
        # A hidden test would keep the device open.
        self._end_trial()
        self.visibility_changed.emit(False)


_NAMES = {
    AddressKind.DEVICE: "Camera",
    AddressKind.RTSP: "Network camera",
    AddressKind.HTTP: "Network camera",
    AddressKind.FILE: "Video",
    AddressKind.FOLDER: "Pictures",
    AddressKind.GSTREAMER: "Pipeline",
    AddressKind.ROBOT: "Robot camera",
}
