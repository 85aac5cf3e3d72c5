import numpy as np
import pytest

from mile_desktop.ui.viewport.projection import ARROW_M, action_arrow, project

# a camera at the origin that looks along −z, 90° wide: clip x = x, y = y, w = −z
PERSPECTIVE = np.array([[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, -1, -0.1], [0, 0, -1, 0]], dtype=np.float32)


def test_points_are_projected_where_the_camera_sees_them() -> None:
    points = np.array([[0, 0, -2], [1, 0, -2], [0, 1, -2], [0, 0, 1]], dtype=np.float32)
    seen = project(PERSPECTIVE, points)
    assert seen[:3] == pytest.approx(np.array([[0.5, 0.5], [0.75, 0.5], [0.5, 0.25]]))
    assert np.isnan(seen[3]).all()


def test_the_arrow_points_where_the_action_goes() -> None:
    arrow = action_arrow(PERSPECTIVE, (0.0, 0.0, -1.0), (1.0, 0.0, 0.0, -1.0))
    assert arrow is not None
    assert arrow.start == pytest.approx((0.5, 0.5))
    assert arrow.end == pytest.approx((0.5 + ARROW_M / 2, 0.5))


@pytest.mark.parametrize("action", [(), (0.1, 0.2), (float("nan"), 0.0, 0.0, 0.0)])
def test_there_is_no_arrow_without_a_direction(action: tuple[float, ...]) -> None:
    assert action_arrow(PERSPECTIVE, (0.0, 0.0, -1.0), action) is None


def test_there_is_no_arrow_behind_the_camera() -> None:
    assert action_arrow(PERSPECTIVE, (0.0, 0.0, 1.0), (1.0, 0.0, 0.0)) is None
