"""PyBullet's own software renderer: slow, but available on every computer."""

import numpy as np
import pybullet

from mile_desktop.arrays import Float32Array
from mile_desktop.viewer.camera import Matrix, View
from mile_desktop.viewer.renderer import Background, Pixels

_TOWARDS_LIGHT = (-0.12, -0.18, 1.0)
_NOTHING_DEPTH = 0.99999
"""PyBullet leaves a little less than 1 where it drew nothing."""


class TinyRenderer:
    """Draws all bodies of a PyBullet client."""

    name = "TinyRenderer"
    software = True

    def __init__(self, client: int) -> None:
        self._client = client
        self._background = Background()

    def scene_changed(self) -> None:
        """Nothing to do: PyBullet knows where its bodies are."""

    def set_background(self, background: Background) -> None:
        """Use these colours from the next picture on."""
        self._background = background

    def draw(self, view: View, width: int, height: int, *, smooth: bool = True) -> Pixels:  # noqa: ARG002 - it cannot
        """Return a picture, uint8[height, width, 4], top row first."""
        picture = pybullet.getCameraImage(
            width,
            height,
            _columns(view.view_matrix()),
            _columns(view.projection_matrix(width / height)),
            lightDirection=_TOWARDS_LIGHT,
            shadow=1,
            renderer=pybullet.ER_TINY_RENDERER,
            flags=pybullet.ER_NO_SEGMENTATION_MASK,
            physicsClientId=self._client,
        )
        # PyBullet returns a flat tuple or an array, depending on how it was built.
        pixels = np.array(picture[2], np.uint8).reshape(height, width, 4)
        self._paint_background(pixels, np.asarray(picture[3]).reshape(height, width))
        return pixels

    def _paint_background(self, pixels: Pixels, depth: Float32Array) -> None:
        """Colour the pixels on which nothing was drawn."""
        share = np.linspace(0.0, 1.0, len(pixels))[:, None]
        rows = (1.0 - share) * self._background.top + share * self._background.bottom
        empty = depth > _NOTHING_DEPTH
        colours = (255.0 * rows).astype(np.uint8)
        pixels[empty, :3] = np.broadcast_to(colours[:, None], (*empty.shape, 3))[empty]
        pixels[:, :, 3] = 255

    def close(self) -> None:
        """Nothing to free."""


def _columns(matrix: Matrix) -> list[float]:
    return [float(value) for value in matrix.T.ravel()]
