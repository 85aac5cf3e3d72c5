"""Where the window stands on the screen, and how large it is there."""

from PySide6.QtCore import QRect
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QMainWindow

FIRST_SIZE = (1440, 900)
"""Width and height at the first start, px, where the screen has room for them."""
FRAME_MS = (0, 300)
"""After these times the window looks how large its frame is: the window manager adds it after the window is shown."""


def take_first_place(window: QMainWindow) -> None:
    """Give ``window`` its first size, in the middle of the screen."""
    room = _room(window)
    width, height = min(FIRST_SIZE[0], room.width()), min(FIRST_SIZE[1], room.height())
    window.resize(width, height)
    window.move(room.x() + (room.width() - width) // 2, room.y() + (room.height() - height) // 2)


def fit_into_screen(window: QMainWindow) -> None:
    """Make a window smaller whose frame is larger than the screen, and move it inside.

    Its lowest line holds every message, and without the title bar it cannot be moved.
    """
    if window.isMaximized() or window.isFullScreen():
        return
    frame, room = window.frameGeometry(), _room(window)
    across, down = max(0, frame.width() - room.width()), max(0, frame.height() - room.height())
    if across or down:
        window.resize(window.width() - across, window.height() - down)
        frame = window.frameGeometry()
    left = _inside(frame.left(), frame.width(), room.left(), room.width())
    top = _inside(frame.top(), frame.height(), room.top(), room.height())
    if (left, top) != (frame.left(), frame.top()):
        window.move(left, top)  # places the frame, not its content


def _inside(start: int, length: int, first: int, room: int) -> int:
    """Return where something of ``length`` begins within ``room``; its beginning counts more than its end."""
    return max(first, min(start, first + room - length))


def _room(window: QMainWindow) -> QRect:
    """Return the part of the window's screen that no panel covers."""
    screen = window.screen() or QGuiApplication.primaryScreen()
    return screen.availableGeometry() if screen else QRect(0, 0, *FIRST_SIZE)
