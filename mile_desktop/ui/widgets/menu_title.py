"""A heading inside a menu."""

from PySide6.QtWidgets import QMenu

from mile_desktop.ui.theme import theme


def add_heading(menu: QMenu, title: str) -> None:
    """Add a line above a group of entries: Qt's own sections show no text in a styled menu."""
    if menu.actions():
        menu.addSeparator()
    heading = menu.addAction(title)
    heading.setEnabled(False)
    heading.setFont(theme.font("body", bold=True))
