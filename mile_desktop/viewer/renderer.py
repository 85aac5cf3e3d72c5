"""The interface of a renderer; there are two, OpenGL and PyBullet's own."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from mile_desktop.errors import UserError
from mile_desktop.viewer.camera import View
from mile_desktop.viewer.messages import Rgb

Pixels = npt.NDArray[np.uint8]


class RendererUnavailableError(UserError, RuntimeError):
    """The renderer cannot work on this computer; the message gives the reason."""


@dataclass(frozen=True, slots=True)
class Background:
    """Colours behind the scene, sRGB 0–1; the default is the dark theme's ground, a little lighter at the top."""

    top: Rgb = (0.106, 0.129, 0.165)
    bottom: Rgb = (0.059, 0.075, 0.094)


class Renderer(Protocol):
    """Draws the bodies of one PyBullet client; belongs to one thread."""

    @property
    def name(self) -> str:
        """Name for people."""

    def scene_changed(self) -> None:
        """Note that bodies have moved since the last picture."""

    @property
    def software(self) -> bool:
        """Whether the processor does the work of graphics hardware."""

    def draw(self, view: View, width: int, height: int, *, smooth: bool = True) -> Pixels:
        """Return a picture, uint8[height, width, 4], top row first.

        ``smooth``: as good as it can. Otherwise quicker, with edges that are softened or not at all.
        """

    def set_background(self, background: Background) -> None:
        """Use these colours from the next picture on."""

    def close(self) -> None:
        """Free all resources of the renderer."""
