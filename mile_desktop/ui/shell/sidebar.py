"""The sidebar on the left: one button for each page, with a word under its icon."""

from dataclasses import dataclass

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QButtonGroup, QFrame, QToolButton, QVBoxLayout, QWidget

from mile_desktop.ui.shell import shortcuts
from mile_desktop.ui.theme import theme
from mile_desktop.ui.widgets.override_guard import OverrideGuard


@dataclass(frozen=True, slots=True)
class PageInfo:
    """A page of the window."""

    page: str
    title: str
    icon: str
    at_bottom: bool = False
    """Pages about the program stand apart from the other pages."""


PAGES: tuple[PageInfo, ...] = (
    PageInfo("supervise", "Supervise", "mdi6.robot-industrial-outline"),
    PageInfo("inspect", "Inspect", "mdi6.timeline-text-outline"),
    PageInfo("policies", "Policies", "mdi6.source-branch"),
    PageInfo("evaluate", "Evaluate", "mdi6.chart-box-outline"),
    PageInfo("devices", "Devices", "mdi6.controller"),
    PageInfo("study", "Study", "mdi6.account-group-outline"),
    PageInfo("settings", "Settings", "mdi6.cog-outline", at_bottom=True),
)


def page_info(page: str) -> PageInfo:
    """Return the page called ``page``; raise ``KeyError`` if there is none."""
    for info in PAGES:
        if info.page == page:
            return info
    raise KeyError(f"There is no page {page!r}; there are {', '.join(info.page for info in PAGES)}.")


_FITS = (
    (Qt.ToolButtonStyle.ToolButtonTextUnderIcon, "rail"),
    (Qt.ToolButtonStyle.ToolButtonIconOnly, "rail_low"),
)
"""From the highest form of the buttons to the lowest; tooltips and screen readers have the words in both."""


class Sidebar(OverrideGuard, QFrame):
    """Buttons in the order of ``PAGES``, for the pages the window has; only their icons in a window that is too low."""

    chosen = Signal(str)
    """Name of the page."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("rail")
        self._group = QButtonGroup(self)
        self._group.setExclusive(True)
        self._group.idClicked.connect(self._clicked)
        self._buttons: dict[str, QToolButton] = {}
        self._top, self._bottom = QVBoxLayout(), QVBoxLayout()
        theme.space(self._top, spacing=4)
        theme.space(self._bottom, spacing=4)
        theme.signals().changed.connect(self._fit)
        column = self._column = QVBoxLayout(self)
        theme.space(column, (8, 8, 8, 8), 4)
        column.addLayout(self._top)
        column.addStretch(1)
        column.addLayout(self._bottom)

    @property
    def pages(self) -> tuple[str, ...]:
        """The pages that can be chosen, from the top."""
        return tuple(info.page for info in PAGES if info.page in self._buttons)

    def add(self, page: str) -> None:
        """Add the button of ``page`` at its place."""
        info = page_info(page)
        button = QToolButton(self)
        button.setText(info.title)
        button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextUnderIcon)
        button.setCheckable(True)
        button.setAccessibleName(info.title)
        button.setToolTip(shortcuts.tooltip(info.title, f"page_{page}"))
        theme.set_role(button, "rail")
        self._buttons[page] = button
        # The number in the table is the id, so that a click leads back to its page.
        self._group.addButton(button, PAGES.index(info))
        self._paint(page)
        layout = self._bottom if info.at_bottom else self._top
        before = [p for p in self.pages if p != page and page_info(p).at_bottom == info.at_bottom]
        # Pages are added in the order in which their controllers exist; the buttons keep the order of the table.
        layout.insertWidget(sum(PAGES.index(page_info(p)) < PAGES.index(info) for p in before), button)
        self._fit()

    def select(self, page: str) -> None:
        """Show ``page`` as the current one; nothing is emitted."""
        self._buttons[page].setChecked(True)
        # All of them, because the button that was chosen before loses its colour.
        for name in self._buttons:
            self._paint(name)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Leave the words out where they would cover the icons."""
        super().resizeEvent(event)
        if event.size().height() != event.oldSize().height():
            self._fit()

    def _fit(self) -> None:
        for style, role in _FITS:
            for button in self._buttons.values():
                button.setToolButtonStyle(style)
                theme.set_role(button, role)
            # Qt recomputes a layout only when it returns to its event loop; the size is asked for at once.
            for layout in (self._top, self._bottom, self._column):
                layout.invalidate()
            if self._column.minimumSize().height() <= self.height():
                return

    def _paint(self, page: str) -> None:
        button = self._buttons[page]
        theme.set_icon(button, page_info(page).icon, "policy" if button.isChecked() else "secondary", 22)

    def _clicked(self, index: int) -> None:
        self.chosen.emit(PAGES[index].page)
