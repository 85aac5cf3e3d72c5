"""Holds one page, and scrolls where the window is smaller than the page can be."""

from PySide6.QtCore import QEvent, QObject, QSize, Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QFrame, QScrollArea, QWidget

from mile_desktop.ui.widgets.override_guard import OverrideGuard


class PageScroll(OverrideGuard, QScrollArea):
    """Gives a page at least its smallest size. With less, Qt would let the controls of the page cover each other."""

    def __init__(self, page: QWidget, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFrameShape(QFrame.Shape.NoFrame)
        # The keys of a page belong to the page: neither Tab nor a click may stop at the frame around it.
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.page = page
        """What it shows."""
        self.setWidget(page)

    def minimumSizeHint(self) -> QSize:
        """Return no size: the window must be able to be smaller than its largest page."""
        return QSize(0, 0)

    def sizeHint(self) -> QSize:
        """Return the page's own wish."""
        return self.page.sizeHint()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Fill the new size with the page."""
        super().resizeEvent(event)
        self._fit()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Fit the page again when something in it needs another size."""
        if event.type() is QEvent.Type.LayoutRequest:
            self._fit()
        return super().eventFilter(watched, event)  # Qt's own filter keeps the bars up to date

    def _fit(self) -> None:
        page, room = self.page, self.maximumViewportSize()
        least = _least_size(page, room.width())
        # A bar takes room in the other direction, where it may make a second bar necessary.
        if least.height() > room.height():
            least = _least_size(page, room.width() - self.verticalScrollBar().sizeHint().width())
            room.setWidth(room.width() - self.verticalScrollBar().sizeHint().width())
        if least.width() > room.width():
            room.setHeight(room.height() - self.horizontalScrollBar().sizeHint().height())
        page.resize(room.expandedTo(least))


def _least_size(page: QWidget, width: int) -> QSize:
    """Return the smallest size of ``page`` that is at least ``width`` wide."""
    least = page.minimumSizeHint().expandedTo(page.minimumSize())
    layout = page.layout()
    if layout is not None and layout.hasHeightForWidth():
        # Texts that continue on the next line need more height in a narrow page.
        least.setHeight(max(least.height(), layout.minimumHeightForWidth(max(width, least.width()))))
    return least
