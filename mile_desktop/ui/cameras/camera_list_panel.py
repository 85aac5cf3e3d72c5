"""The list of cameras in their dialog: a small picture and the state of each, their order, removal and its undo."""

from collections.abc import Sequence

from PySide6.QtCore import QSignalBlocker, QSize, Qt, Signal
from PySide6.QtGui import QIcon, QImage, QKeySequence, QPainter, QPixmap
from PySide6.QtWidgets import QHBoxLayout, QListWidget, QListWidgetItem, QPushButton, QToolButton, QWidget

from mile_desktop.cameras.messages import CameraStatus
from mile_desktop.channels.shared import Frame
from mile_desktop.ui.cameras import status_text
from mile_desktop.ui.theme import theme
from mile_desktop.ui.viewport.frame_canvas import as_image
from mile_desktop.ui.widgets.page_frame import Panel

_WIDTH = 208
_PICTURE = QSize(64, 40)
"""Enough to tell two cameras apart, px at 100 %."""
_NAME = Qt.ItemDataRole.UserRole


class CameraListPanel(Panel):
    """Requests by signals; window's thread only."""

    chosen = Signal()
    """Another camera is selected."""
    move_requested = Signal(int)
    """Move the selected camera up (−1) or down (+1)."""
    remove_requested = Signal()
    undo_requested = Signal()
    """Bring the camera back that was removed last."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("Cameras", parent)
        self._list = QListWidget()
        self.up, self.down, self.remove = QToolButton(), QToolButton(), QToolButton()
        self.undo = QPushButton()
        self._pictures: dict[str, QImage] = {}
        self._set_up()
        self._list.currentRowChanged.connect(self.chosen)
        self.up.clicked.connect(lambda: self.move_requested.emit(-1))
        self.down.clicked.connect(lambda: self.move_requested.emit(1))
        self.remove.clicked.connect(self.remove_requested)
        self.undo.clicked.connect(self.undo_requested)

    def _set_up(self) -> None:
        self._list.setAccessibleName("Cameras in the order in which they are shown")
        self._list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)  # long names end in …
        self._list.setIconSize(QSize(theme.px(_PICTURE.width()), theme.px(_PICTURE.height())))
        theme.bound(self._list, width=_WIDTH)
        order = QHBoxLayout()
        theme.space(order, spacing=4)
        for tool, icon, tip, key in (
            (self.up, "mdi6.arrow-up", "Move up (Alt + ↑)", "Alt+Up"),
            (self.down, "mdi6.arrow-down", "Move down (Alt + ↓)", "Alt+Down"),
            (self.remove, "mdi6.trash-can-outline", "Remove the camera; its videos stay (Alt + Delete)", "Alt+Del"),
        ):
            theme.set_icon(tool, icon, "secondary")
            tool.setToolTip(tip)
            tool.setAccessibleName(tip.split(" (")[0])
            tool.setShortcut(QKeySequence(key))
            order.addWidget(tool)
        order.addStretch(1)
        theme.set_icon(self.undo, "mdi6.undo")
        self.undo.setAutoDefault(False)  # Enter in the form would otherwise press it
        self.undo.hide()
        self.body.addWidget(self._list, 1)
        self.body.addWidget(self.undo)
        self.body.addLayout(order)

    # ── content ──────────────────────────────────────────────────────────────────────────────────────────────────

    @property
    def selected(self) -> str:
        """Name of the selected camera, or an empty string."""
        item = self._list.currentItem()
        return str(item.data(_NAME)) if item is not None else ""

    @property
    def row(self) -> int:
        """Place of the selected camera; −1 for none."""
        return self._list.currentRow()

    @property
    def names(self) -> tuple[str, ...]:
        """All cameras in their order."""
        return tuple(str(self._list.item(row).data(_NAME)) for row in range(self._list.count()))

    def select(self, name: str) -> None:
        """Select the camera called ``name``, if it is there."""
        if name in self.names:
            self._list.setCurrentRow(self.names.index(name))

    def fill(self, names: Sequence[str]) -> None:
        """List these cameras; the selection stays or goes to the neighbour, without a signal."""
        selected, row = self.selected, max(0, self.row)
        # Without blocked signals every removed row would select another camera and end a running test.
        with QSignalBlocker(self._list):
            self._list.clear()
            for name in names:
                item = QListWidgetItem(name)
                item.setData(_NAME, name)
                self._list.addItem(item)
            self._list.setCurrentRow(min(row, self._list.count() - 1))
            self.select(selected)
        self._pictures = {name: picture for name, picture in self._pictures.items() if name in names}

    def enable_order(self) -> None:
        """Enable what is possible with the selected camera."""
        row, count = self.row, self._list.count()
        self.up.setEnabled(row > 0)
        self.down.setEnabled(0 <= row < count - 1)
        self.remove.setEnabled(row >= 0)

    def offer_undo(self, name: str) -> None:
        """Offer to bring back the camera called ``name``; empty: offer nothing."""
        self.undo.setText(f"Undo: add “{name}” again")
        self.undo.setVisible(bool(name))

    def keep_picture(self, name: str, frame: Frame) -> None:
        """Keep the newest picture of a camera, small; it is shown with the next ``show_status``."""
        size = QSize(theme.px(_PICTURE.width()), theme.px(_PICTURE.height()))
        self._pictures[name] = as_image(frame).scaled(size, Qt.AspectRatioMode.KeepAspectRatio)

    def show_status(self, name: str, status: CameraStatus, *, stale: bool) -> None:
        """Show state and small picture of a camera; a picture that is not live is faded."""
        if name not in self.names:
            return
        item = self._list.item(self.names.index(name))
        word = status_text.state_word(status, stale=stale)
        item.setText(f"{name}\n{word}")
        item.setToolTip(f"{word}. {status_text.explanation(status)}")
        picture = self._pictures.get(name)
        if picture is None:
            item.setIcon(theme.icon(*status_text.icon_of(status, stale=stale)))
        else:
            item.setIcon(_icon(picture, self._list.iconSize(), faded=stale))


def _icon(picture: QImage, size: QSize, *, faded: bool) -> QIcon:
    """Return ``picture`` in the middle of an icon of ``size``: all names then begin at the same place."""
    pixmap = QPixmap(size)
    pixmap.fill(theme.token("ground"))
    painter = QPainter(pixmap)
    painter.setOpacity(0.4 if faded else 1.0)
    painter.drawImage((size.width() - picture.width()) // 2, (size.height() - picture.height()) // 2, picture)
    painter.end()
    return QIcon(pixmap)
