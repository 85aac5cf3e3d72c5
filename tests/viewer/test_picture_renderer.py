import numpy as np
import pytest

from mile_desktop.viewer.camera import View
from mile_desktop.viewer.picture_renderer import PictureRenderer
from mile_desktop.viewer.renderer import Background, Pixels

WHOLE = View(0.0, 0.0, 1.0, (0.0, 0.0, 0.0), 53.13)
RED, GREEN = (200, 0, 0), (0, 200, 0)
BACKGROUND = Background(bottom=(0.0, 0.0, 1.0))


class Source:
    """A picture of 40 × 20 pixels, red on the left and green on the right."""

    name = "two halves"

    def __init__(self) -> None:
        self.asked: list[bool] = []

    def take(self, *, smooth: bool) -> Pixels:
        self.asked.append(smooth)
        picture = np.zeros((20, 40, 3), np.uint8)
        picture[:, :20], picture[:, 20:] = RED, GREEN
        return picture

    def close(self) -> None:
        pass


def made() -> tuple[Source, PictureRenderer, list[Pixels]]:
    source, taken = Source(), list[Pixels]()
    renderer = PictureRenderer(source, taken.append)
    renderer.set_background(BACKGROUND)
    return source, renderer, taken


@pytest.mark.parametrize(("width", "height"), [(80, 80), (160, 40), (33, 77), (16, 16)])
def test_the_whole_picture_fits_whatever_the_shape_of_the_view(width: int, height: int) -> None:
    _, renderer, _ = made()
    drawn = renderer.draw(WHOLE, width, height)
    assert drawn.shape == (height, width, 4)
    middle = drawn[height // 2, :, :3].tolist()
    wide = min(width, 2 * height)
    assert (middle[(width - wide // 2) // 2], middle[(width + wide // 2) // 2]) == (list(RED), list(GREEN))
    assert (drawn[:, :, 2] == 0).sum() == pytest.approx(wide**2 / 2, rel=0.1)


def test_coming_closer_magnifies_the_middle_and_moving_shifts_it() -> None:
    _, renderer, _ = made()
    closer = View(0.0, 0.0, 0.5, (0.0, 0.0, 0.0), 53.13)
    assert (renderer.draw(closer, 80, 40)[:, :, 2] == 0).all()
    right = View(0.0, 0.0, 0.5, (0.5, 0.0, 0.0), 53.13)
    assert (renderer.draw(right, 80, 40)[20, :, :3] == GREEN).all()
    gone = View(0.0, 0.0, 0.5, (9.0, 0.0, 0.0), 53.13)
    assert (renderer.draw(gone, 80, 40)[:, :, 2] == 255).all()


def test_a_picture_is_taken_once_for_each_state_and_once_more_at_rest() -> None:
    source, renderer, taken = made()
    for smooth in (False, False, True, True):
        renderer.draw(WHOLE, 80, 40, smooth=smooth)
    assert source.asked == [False, True]
    renderer.scene_changed()
    renderer.draw(WHOLE, 80, 40, smooth=True)
    assert source.asked == [False, True, True]
    assert len(taken) == 2
