"""Which visible controls of a window cover each other, are cut off, or have no room for their text."""

from collections.abc import Iterator

from PySide6.QtCore import QPoint, QRect, Qt
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractScrollArea,
    QAbstractSpinBox,
    QCheckBox,
    QComboBox,
    QDockWidget,
    QLabel,
    QLineEdit,
    QRadioButton,
    QScrollBar,
    QSizePolicy,
    QSlider,
    QTabBar,
    QToolButton,
    QWidget,
)

from mile_desktop.ui.theme import theme

_CONTROLS = (QAbstractButton, QComboBox, QAbstractSpinBox, QLineEdit, QLabel, QTabBar, QSlider)
_BOX = 18
"""Tick and gap beside the text of a check box, px at 100 %."""


def layout_faults(window: QWidget) -> list[str]:
    """Return one line for each fault in what ``window`` shows now."""
    shown = [each for each in window.findChildren(QWidget) if _counts(each, window)]
    faults = [fault for each in shown for fault in _faults_of(each, window)]
    visible = [(each, _seen(each, window, scrolled=True)) for each in shown]
    for number, (first, place) in enumerate(visible):
        for second, other in visible[number + 1 :]:
            covered = place.intersected(other)
            related = first.isAncestorOf(second) or second.isAncestorOf(first)
            if not related and covered.width() > 1 and covered.height() > 1:
                faults.append(f"{_name(first)} and {_name(second)} cover each other at {covered.getRect()}")
    return faults


def _counts(widget: QWidget, window: QWidget) -> bool:
    if not isinstance(widget, _CONTROLS) or isinstance(widget, QScrollBar) or not widget.isVisible():
        return False
    # Parts of a control (the field of a spin box, the arrows of a tab bar) and of Qt's own dock title are Qt's affair.
    parent = widget.parentWidget()
    if widget.window() is not window or isinstance(parent, (*_CONTROLS, QDockWidget)):
        return False
    return not isinstance(widget, QLabel) or bool(widget.text()) or not widget.pixmap().isNull()


def _faults_of(widget: QWidget, window: QWidget) -> Iterator[str]:
    whole, seen = _place(widget, window), _seen(widget, window, scrolled=False)
    if seen != whole:
        yield f"{_name(widget)} is cut off: {seen.getRect()} of {whole.getRect()} is seen"
    if widget.width() < _least_width(widget) - 1:
        yield f"{_name(widget)} is {widget.width()} wide, its text needs {_least_width(widget)}"
    least = widget.fontMetrics().height()
    if isinstance(widget, QLabel) and widget.wordWrap():
        least = widget.heightForWidth(widget.width())
    if widget.height() < least - 1:
        yield f"{_name(widget)} is {widget.height()} high, its text needs {least}"


def _place(widget: QWidget, window: QWidget) -> QRect:
    return QRect(widget.mapTo(window, QPoint(0, 0)), widget.size())


def _seen(widget: QWidget, window: QWidget, *, scrolled: bool) -> QRect:
    """Return the part of ``widget`` within its ancestors; ``scrolled`` False: as if each scroll area showed it."""
    seen, parent, inner = _place(widget, window), widget.parentWidget(), widget
    while parent is not None and inner is not window:
        area = parent.parentWidget()
        reachable = isinstance(area, QAbstractScrollArea) and parent is area.viewport()
        if reachable and not scrolled:
            # What is outside can be scrolled to, except sideways where there is no bar for it.
            off = area.horizontalScrollBarPolicy() is Qt.ScrollBarPolicy.ScrollBarAlwaysOff
            view = _place(parent, window)
            return seen if not off else QRect(seen).intersected(QRect(view.x(), seen.y(), view.width(), seen.height()))
        seen = seen.intersected(_place(parent, window))
        inner, parent = parent, parent.parentWidget()
    return seen


def _least_width(widget: QWidget) -> int:
    if isinstance(widget, QAbstractButton):
        return _button_width(widget)
    if isinstance(widget, QComboBox):
        return theme.px(64)
    if isinstance(widget, QAbstractSpinBox):
        return int(widget.fontMetrics().horizontalAdvance(widget.text()) + theme.px(22))
    shortened = widget.sizePolicy().horizontalPolicy() is QSizePolicy.Policy.Ignored
    if isinstance(widget, QLabel) and not widget.wordWrap() and not shortened:
        return int(widget.sizeHint().width())
    return 0


def _button_width(button: QAbstractButton) -> int:
    text = max(button.fontMetrics().horizontalAdvance(line) for line in button.text().replace("&", "").split("\n"))
    if isinstance(button, QCheckBox | QRadioButton):
        return int(text + theme.px(_BOX))
    picture = 0 if button.icon().isNull() else button.iconSize().width()
    style = button.toolButtonStyle() if isinstance(button, QToolButton) else None
    if style is Qt.ToolButtonStyle.ToolButtonIconOnly:
        return int(picture)
    return int(max(text, picture) if style is Qt.ToolButtonStyle.ToolButtonTextUnderIcon else text + picture)


def _name(widget: QWidget) -> str:
    text = widget.text() if isinstance(widget, QAbstractButton | QLabel | QLineEdit) else ""
    word = widget.accessibleName() or text or widget.objectName()
    return f"{type(widget).__name__} {word[:40]!r} in {type(widget.parentWidget()).__name__}"
