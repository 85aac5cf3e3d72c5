"""Shows the picture that an environment draws of itself, fitted into the view: it can be moved and magnified."""

from collections.abc import Callable
from typing import Protocol

import cv2
import numpy as np

from mile_desktop.viewer.camera import View
from mile_desktop.viewer.renderer import Background, Pixels

_PICTURE_HEIGHT = 1.0
"""Height of the picture in the units of the view; its middle is at x = 0, z = 0."""


class PictureSource(Protocol):
    """What draws the picture."""

    @property
    def name(self) -> str:
        """Name for people."""

    def take(self, *, smooth: bool) -> Pixels:
        """Return the picture of the present state, uint8[height, width, 3]; with ``smooth`` as good as it can be."""

    def close(self) -> None:
        """Free what drawing needs."""


class PictureRenderer:
    """Draws the newest picture of ``source``; a ``Renderer``. Belongs to one thread.

    A picture is taken only when the state has changed, or when a better one is asked for, because environments take
    from 1 ms to 700 ms for one. Moving and magnifying use the picture that is there.

    Parameters
    ----------
    taken
        Called with every new picture that shows a changed state: the video is made of these.
    """

    software = True

    def __init__(self, source: PictureSource, taken: Callable[[Pixels], None]) -> None:
        self._source = source
        self._taken = taken
        self._background = Background()
        self._picture: Pixels | None = None
        self._is_smooth = False

    @property
    def name(self) -> str:
        """Name for people."""
        return self._source.name

    def scene_changed(self) -> None:
        """Take a new picture the next time."""
        self._picture = None

    def set_background(self, background: Background) -> None:
        """Use these colours beside the picture."""
        self._background = background

    def draw(self, view: View, width: int, height: int, *, smooth: bool = True) -> Pixels:
        """Return the part of the picture that ``view`` shows, uint8[height, width, 4], top row first."""
        if self._picture is None:
            self._picture, self._is_smooth = self._source.take(smooth=smooth), smooth
            self._taken(self._picture)
        elif smooth and not self._is_smooth:
            self._picture, self._is_smooth = self._source.take(smooth=True), True
        canvas = np.empty((height, width, 4), np.uint8)
        canvas[:, :] = (*(round(255 * share) for share in self._background.bottom), 255)
        _paste(canvas, self._picture, view)
        return canvas

    def close(self) -> None:
        """Free what drawing needs."""
        self._source.close()


def _paste(canvas: Pixels, picture: Pixels, view: View) -> None:
    """Draw the visible part of ``picture`` into ``canvas``; only that part is scaled."""
    height, width = canvas.shape[:2]
    rows, columns = picture.shape[:2]
    whole = min(height, width * rows / columns)  # the whole picture fits at a distance of 1, whatever its shape
    scale = whole / (rows * view.distance_m)  # pixels of the canvas for one of the picture
    unit = whole / (_PICTURE_HEIGHT * view.distance_m)
    left = width / 2 - scale * columns / 2 - unit * view.target[0]
    top = height / 2 - scale * rows / 2 + unit * view.target[2]
    first = max(0, int(-left / scale)), max(0, int(-top / scale))
    last = min(columns, int((width - left) / scale) + 1), min(rows, int((height - top) / scale) + 1)
    if first[0] >= last[0] or first[1] >= last[1]:
        return  # moved out of the view
    part = picture[first[1] : last[1], first[0] : last[0]]
    x, y = round(left + scale * first[0]), round(top + scale * first[1])
    size = max(1, round(scale * part.shape[1])), max(1, round(scale * part.shape[0]))
    scaled = cv2.resize(part, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
    shown = scaled[max(0, -y) : height - y, max(0, -x) : width - x]
    canvas[max(0, y) : max(0, y) + shown.shape[0], max(0, x) : max(0, x) + shown.shape[1], :3] = shown
