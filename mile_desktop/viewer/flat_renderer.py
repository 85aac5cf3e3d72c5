"""Draws pictures of flat scenes on the processor, smooth-edged: a few polygons need no graphics hardware."""

from collections.abc import Callable

import cv2
import numpy as np
import numpy.typing as npt

from mile_desktop.scenes.flat import Colour, Disc, Line, Picture, Points, Polygon, Shape
from mile_desktop.viewer.camera import View
from mile_desktop.viewer.messages import Rgb
from mile_desktop.viewer.renderer import Background, Pixels

_SHIFT = 4
_SUBPIXELS = 1 << _SHIFT
"""Corners are placed on sixteenths of a pixel, so that slow motion does not jump from pixel to pixel."""
_FAR_PX = 1 << 14
"""Corners farther out are moved to this distance; larger fixed-point numbers would overflow."""
_BRIGHT = 0.5

Rgbx = tuple[int, int, int, int]
ToPixels = Callable[[Points], npt.NDArray[np.int32]]
"""Points of the plane → where they are on the canvas, in subpixels."""

_ON_DARK: dict[Colour, Rgb] = {
    "ground": (0.157, 0.188, 0.235),
    "edge": (0.576, 0.631, 0.690),
    "distant": (0.255, 0.302, 0.365),
    "body": (0.792, 0.827, 0.867),
    "body edge": (0.451, 0.510, 0.576),
    "limb": (0.576, 0.631, 0.690),
    "glass": (0.169, 0.204, 0.251),
    "fire": (1.000, 0.624, 0.263),
    "ember": (1.000, 0.890, 0.600),
    "mark": (1.000, 0.820, 0.400),
    "good": (0.243, 0.812, 0.557),
}
_ON_BRIGHT: dict[Colour, Rgb] = {
    "ground": (0.761, 0.792, 0.827),
    "edge": (0.357, 0.408, 0.459),
    "distant": (0.788, 0.820, 0.851),
    "body": (0.353, 0.404, 0.463),
    "body edge": (0.173, 0.208, 0.251),
    "limb": (0.357, 0.408, 0.459),
    "glass": (0.839, 0.871, 0.906),
    "fire": (0.890, 0.424, 0.039),
    "ember": (1.000, 0.784, 0.345),
    "mark": (0.690, 0.478, 0.000),
    "good": (0.086, 0.478, 0.302),
}
"""The theme's colours by role, on a dark and on a bright ground (``ui/theme_tokens``), told apart by the background."""


class FlatRenderer:
    """Draws the picture that it was given last; belongs to one thread."""

    name = "flat drawing"
    software = True

    def __init__(self) -> None:
        self._picture = Picture((), (0.0, 0.0))
        self._background = Background()
        self._empty: Pixels | None = None

    def show(self, picture: Picture) -> None:
        """Draw this from the next frame on."""
        self._picture = picture

    def scene_changed(self) -> None:
        """Nothing to do: ``show`` gives the next picture."""

    def set_background(self, background: Background) -> None:
        """Use these colours from the next frame on."""
        self._background = background
        self._empty = None

    def draw(self, view: View, width: int, height: int, *, smooth: bool = True) -> Pixels:  # noqa: ARG002 - it always is
        """Return a picture, uint8[height, width, 4], top row first.

        ``view`` has to look along +y without a tilt (``FlatStage.standpoint``): then its perspective is a scale.
        """
        canvas = self._ground(width, height)
        # By brightness and not by the theme's name, which this process does not know.
        colours = _ON_BRIGHT if sum(self._background.bottom) / 3 > _BRIGHT else _ON_DARK
        # The view's own projection decides, so that a flat scene and one with bodies zoom alike.
        scale = height / 2 * float(view.projection_matrix(width / height)[1, 1]) / view.distance_m
        centre = np.array([view.target[0], view.target[2]])
        middle = np.array([width / 2, height / 2])

        def on_canvas(points: Points) -> npt.NDArray[np.int32]:
            # Half a pixel less, because OpenCV counts from the middle of a pixel.
            pixels = (points - centre) * (scale, -scale) + middle - 0.5
            fixed: npt.NDArray[np.int32] = np.rint(np.clip(pixels, -_FAR_PX, _FAR_PX) * _SUBPIXELS).astype(np.int32)
            return fixed

        for shape in self._picture.shapes:
            red, green, blue = (round(255 * share) for share in colours[shape.colour])
            _paint(canvas, shape, on_canvas, scale, (red, green, blue, 255))
        return canvas

    def _ground(self, width: int, height: int) -> Pixels:
        """Return a canvas of this size with nothing on it."""
        if self._empty is None or self._empty.shape[:2] != (height, width):
            self._empty = self._painted_ground(width, height)
        # A copy, because the shapes are painted onto it.
        return self._empty.copy()

    def _painted_ground(self, width: int, height: int) -> Pixels:
        share = np.linspace(0.0, 1.0, height)[:, None]
        rows = (1.0 - share) * self._background.top + share * self._background.bottom
        canvas = np.empty((height, width, 4), np.uint8)
        canvas[:, :, :3] = np.rint(255.0 * rows).astype(np.uint8)[:, None]
        canvas[:, :, 3] = 255
        return canvas

    def close(self) -> None:
        """Nothing to free."""


def _paint(canvas: Pixels, shape: Shape, on_canvas: ToPixels, scale: float, colour: Rgbx) -> None:
    match shape:
        case Polygon(points=points):
            cv2.fillPoly(canvas, [on_canvas(points)], colour, cv2.LINE_AA, _SHIFT)
        case Line(points=points, width=width):
            thickness = max(1, round(width * scale))
            cv2.polylines(canvas, [on_canvas(points)], False, colour, thickness, cv2.LINE_AA, _SHIFT)
        case Disc(centre=centre, radius=radius):
            x, y = on_canvas(np.array([centre]))[0].tolist()
            cv2.circle(canvas, (x, y), max(1, round(radius * scale * _SUBPIXELS)), colour, -1, cv2.LINE_AA, _SHIFT)
