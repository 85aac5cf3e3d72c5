"""The button that lists the cameras of this machine."""

from PySide6.QtCore import QPoint, Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMenu, QPushButton, QWidget

from mile_desktop.cameras.attached import AttachedCamera, CameraList

_NONE = "No camera is plugged into this computer"


class AttachedMenu(QPushButton):
    """Lists the cameras that are plugged in, by their names; looks for them each time it is opened.

    A camera that cannot be used is listed with the reason, so that a person does not look for it elsewhere. Nodes that
    only carry data are left out: every modern webcam has one, and none of them is ever wanted.

    Parameters
    ----------
    cameras
        Where to look.
    """

    chosen = Signal(str)
    """The lasting address of a camera."""

    def __init__(self, cameras: CameraList, parent: QWidget | None = None) -> None:
        super().__init__("Find …", parent)
        self._cameras = cameras
        self._menu = QMenu(self)
        self._menu.setToolTipsVisible(True)
        self._menu.triggered.connect(self._choose)
        self.setToolTip("List the cameras of this computer")
        self.setAutoDefault(False)  # Enter in a field beside it must not open the list
        self.clicked.connect(self.open_list)

    def open_list(self) -> None:
        """Look for cameras and open the list below the button."""
        self.fill()
        self._menu.popup(self.mapToGlobal(QPoint(0, self.height())))

    def fill(self) -> list[QAction]:
        """Look for cameras and return the entries of the list."""
        self._menu.clear()
        for camera in self._cameras.usable():
            self._add(camera)
        if self._menu.isEmpty():
            self._menu.addAction(_NONE).setEnabled(False)
        return self._menu.actions()

    def _add(self, camera: AttachedCamera) -> None:
        action = self._menu.addAction(f"{camera.name} ({camera.file})")
        action.setData(camera.address)
        action.setEnabled(not camera.problem)
        # The lasting path says which of two alike cameras it is.
        action.setToolTip(camera.problem or camera.address)
        if camera.problem:
            action.setText(f"{action.text()}: not allowed")

    def _choose(self, action: QAction) -> None:
        self.chosen.emit(str(action.data()))
