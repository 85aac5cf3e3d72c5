import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QImage

from mile_desktop.ui.viewport.tiles import SCENE, Layout, Tiles, arrange

AREA = QRectF(10, 20, 900, 500)
PICTURE = QImage(64, 48, QImage.Format.Format_RGB888)


pytestmark = pytest.mark.usefixtures("qapp")


def tiles(*cameras: str, thumbnails: tuple[str, ...] = ()) -> Tiles:
    made = Tiles()
    made.keep(thumbnails, can_be_main=False)
    made.keep(cameras, can_be_main=True)
    return made


@given(
    layout=st.sampled_from(Layout),
    width=st.floats(300, 2500),
    height=st.floats(200, 1500),
    shapes=st.lists(st.floats(0.3, 2.0), min_size=1, max_size=9),
)
def test_every_picture_keeps_its_shape_and_stays_within_the_view(
    layout: Layout, width: float, height: float, shapes: list[float]
) -> None:
    area = QRectF(5, 7, width, height)
    rects = arrange(layout, area, shapes)
    assert len(rects) == len(shapes)
    for place, shape in zip(rects, shapes, strict=True):
        assert place.height() == pytest.approx(place.width() * shape)
        assert area.adjusted(-1, -1, 1, 1).left() <= place.left()
        assert place.right() <= area.right() + 1
        assert place.bottom() <= area.bottom() + 1
    small = rects if layout is Layout.GRID else rects[1:]
    for index, place in enumerate(small):
        assert not any(place.adjusted(1, 1, -1, -1).intersects(other) for other in small[:index])


def test_the_large_picture_is_the_chosen_one_or_the_scene() -> None:
    some = tiles("a", "b", thumbnails=("wrist",))
    assert some.main == SCENE
    some.choose("b")
    assert list(some.rects(AREA, 0.75)) == ["b", SCENE, "wrist", "a"]
    some.keep(["a"], can_be_main=True)
    assert some.main == SCENE, "a camera that is gone leaves the large place to the scene"
    assert some.wanted == "b"
    some.keep(["b", "a"], can_be_main=True)
    assert some.main == "b", "and takes it again when it is back"


def test_layouts_show_one_or_all() -> None:
    some = tiles("a", "b", thumbnails=("wrist",))
    some.layout = Layout.ONE
    assert list(some.rects(AREA, 0.75)) == [SCENE]
    some.layout = Layout.GRID
    assert list(some.rects(AREA, 0.75)) == [SCENE, "a", "b"]
    some.has_scene = False
    assert list(some.rects(AREA, 0.75)) == ["a", "b"]
    some.layout = Layout.ONE
    assert list(some.rects(AREA, 0.75)) == ["a"]


def test_a_point_belongs_to_the_topmost_picture() -> None:
    some = tiles("a")
    some.show("a", PICTURE)
    place = some.rects(AREA, 0.75)["a"]
    assert some.name_at(place.center(), AREA, 0.75) == "a"
    assert some.name_at(AREA.center(), AREA, 0.75) == SCENE
    assert some.name_at(QPointF(0, 0), AREA, 0.75) is None
