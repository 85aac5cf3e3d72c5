"""Parts that pages are made of: frame with title and purpose, empty state, scroll areas, panels."""

from PySide6.QtCore import QEvent, QObject, QSize, Qt
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QScrollArea, QToolButton, QVBoxLayout, QWidget

from mile_desktop.ui.theme import theme
from mile_desktop.ui.widgets.override_guard import OverrideGuard


class PageFrame(OverrideGuard, QWidget):
    """A page with its title and one sentence about its purpose."""

    def __init__(self, title: str, purpose: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("page")
        # A plain QWidget ignores the background of a style sheet without it.
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        heading = QLabel(title)
        theme.set_role(heading, "title")
        self.purpose = QLabel(purpose)
        theme.set_role(self.purpose, "quiet")
        self.purpose.setWordWrap(True)
        self.top = QHBoxLayout()
        """The row of the title; buttons that concern the whole page go to its right."""
        theme.space(self.top, spacing=16)
        self.top.addWidget(heading)
        self.top.addWidget(self.purpose, 1)
        self.body = QVBoxLayout()
        """The content of the page."""
        theme.space(self.body, spacing=16)
        column = QVBoxLayout(self)
        theme.space(column, (24, 16, 24, 16), 16)
        column.addLayout(self.top)
        column.addLayout(self.body, 1)


class EmptyState(QWidget):
    """Shown in place of content that does not exist yet: what it will be and how to get it."""

    def __init__(self, icon: str, headline: str, way: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        # Unlike a label's picture, the icon of a button follows the theme.
        picture = QToolButton()
        picture.setEnabled(True)
        picture.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        picture.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        theme.set_role(picture, "bare")
        theme.set_icon(picture, icon, "secondary", 48)
        title = QLabel(headline)
        theme.set_role(title, "heading")
        hint = QLabel(way)
        theme.set_role(hint, "quiet")
        hint.setWordWrap(True)
        hint.setAlignment(Qt.AlignmentFlag.AlignCenter)
        column = QVBoxLayout(self)
        theme.space(column, (32, 32, 32, 32), 8)
        column.addStretch(1)
        column.addWidget(picture, 0, Qt.AlignmentFlag.AlignCenter)
        column.addWidget(title, 0, Qt.AlignmentFlag.AlignCenter)
        column.addWidget(hint)
        column.addStretch(1)


class ColumnScroll(OverrideGuard, QScrollArea):
    """Scrolls up and down only, with the keyboard too; never narrower than its content."""

    def __init__(self, content: QWidget, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName(name)
        self.setWidgetResizable(True)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)  # a click between two fields must not frame the whole area
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._least_width = 0
        self.setWidget(content)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Ask for another width when the content needs one: Qt keeps such requests within a scroll area."""
        handled = super().eventFilter(watched, event)
        if event.type() is QEvent.Type.LayoutRequest and self.minimumSizeHint().width() != self._least_width:
            self._least_width = self.minimumSizeHint().width()
            self.updateGeometry()
        return handled

    def minimumSizeHint(self) -> QSize:
        """Return the content's minimum width plus the scroll bar."""
        content = self.widget()
        # A scroll area would become narrower than its content and cut it off, since it never scrolls sideways.
        width = max(content.minimumSizeHint().width(), content.minimumWidth()) if content is not None else 0
        return QSize(width + self.verticalScrollBar().sizeHint().width(), theme.px(64))


class WideScroll(QScrollArea):
    """Fills the page, and scrolls sideways in a window that is too narrow."""

    def __init__(self, content: QWidget, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName(name)
        self.setWidgetResizable(True)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)  # a click between two fields must not frame the whole area
        self.setWidget(content)


class Panel(QFrame):
    """A raised area with a heading; rows are added to ``body``."""

    def __init__(self, heading: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        theme.set_role(self, "panel")
        title = QLabel(heading)
        theme.set_role(title, "heading")
        self.top = QHBoxLayout()
        """The line of the heading."""
        theme.space(self.top, spacing=8)
        self.top.addWidget(title)
        self.top.addStretch(1)
        self.body = QVBoxLayout()
        """The content below the heading."""
        theme.space(self.body, spacing=8)
        column = QVBoxLayout(self)
        theme.space(column, (16, 12, 16, 16), 12)
        column.addLayout(self.top)
        column.addLayout(self.body, 1)
