"""Keeps errors of our overrides out of Qt."""

import functools
import sys
from collections.abc import Callable
from inspect import isfunction

from PySide6.QtCore import QObject, QRectF, QSize, Qt
from PySide6.QtWidgets import QSplitter, QSplitterHandle

Override = Callable[..., object]


class OverrideGuard:
    """Mixin: no method that overrides one of Qt's lets an error pass into Qt.

    Qt calls overrides (``paintEvent``, ``eventFilter``, ``data`` …) from C++, which cannot pass a Python error on.
    PySide prints most of them, but while Python ends it crashes with a segmentation fault: a page that is hidden then
    is enough. With this mixin, an error goes to ``sys.excepthook``, which logs and shows it as any other uncaught
    error, and Qt gets a value that does no harm, see ``SAFE_VALUES``.

    Name it before the Qt class: ``class Strip(OverrideGuard, QFrame)``. It also covers every subclass. A test fails for
    a class of the window that overrides something without it.
    """

    def __init_subclass__(cls, **arguments: object) -> None:
        super().__init_subclass__(**arguments)
        for name in overrides(cls):
            # Once for each class, not at each call: paint events come often.
            setattr(cls, name, _guarded(vars(cls)[name], SAFE_VALUES.get(name, _nothing)))


def overrides(cls: type) -> tuple[str, ...]:
    """Return the methods that ``cls`` itself defines and that one of its Qt base classes has, too."""
    qt_bases = [base for base in cls.__mro__ if base.__module__.startswith("PySide6")]
    # __init__ and the like are called from Python, which passes errors on.
    own = [name for name, value in vars(cls).items() if isfunction(value) and not name.startswith("__")]
    return tuple(name for name in own if any(hasattr(base, name) for base in qt_bases))


def is_guarded(method: object) -> bool:
    """Return whether errors of ``method`` stay away from Qt."""
    return getattr(method, _MARK, False) is True


def _nothing(_: object) -> object:
    return None


def _no(_: object) -> object:
    return False


def _yes(_: object) -> object:
    return True


def _zero(_: object) -> object:
    return 0


def _any_size(_: object) -> object:
    return QSize()  # not valid: layouts ignore it


def _no_area(_: object) -> object:
    return QRectF()


def _no_flags(_: object) -> object:
    return Qt.ItemFlag.NoItemFlags


def _no_direction(_: object) -> object:
    return Qt.Orientation(0)


def _plain_handle(splitter: object) -> object:
    assert isinstance(splitter, QSplitter)
    return QSplitterHandle(splitter.orientation(), splitter)


SAFE_VALUES: dict[str, Callable[[object], object]] = {
    "eventFilter": _no,  # the widget still gets its event
    "focusNextPrevChild": _no,
    "setData": _no,
    "filterAcceptsRow": _yes,  # rather a row too many than one that is missing without a word
    "rowCount": _zero,
    "columnCount": _zero,
    "flags": _no_flags,
    "count": _zero,
    "itemAt": _nothing,  # a layout without this item
    "takeAt": _nothing,
    "expandingDirections": _no_direction,
    "minimumSize": _any_size,
    "sizeHint": _any_size,
    "minimumSizeHint": _any_size,
    "boundingRect": _no_area,
    "createHandle": _plain_handle,
}
"""Override → what Qt gets in place of a result, made from the object; where none is named, None."""

_MARK = "_mile_guarded"


def _guarded(method: Override, safe: Callable[[object], object]) -> Override:
    @functools.wraps(method)
    def call(self: QObject, *arguments: object) -> object:
        try:
            return method(self, *arguments)
        except BaseException as error:  # noqa: BLE001 - Ctrl-C and a test that fails must not pass through C++ either
            # Looked up at each call, because the window installs its own hook later.
            sys.excepthook(type(error), error, error.__traceback__)
            return safe(self)

    setattr(call, _MARK, True)
    return call
