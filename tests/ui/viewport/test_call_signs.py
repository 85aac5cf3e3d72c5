import pytest
from PySide6.QtCore import QRectF
from PySide6.QtGui import QImage, QPainter
from PySide6.QtWidgets import QApplication

from mile_desktop.storage.reasons import KINDS
from mile_desktop.ui.viewport.call_signs import OF_THE_ACTION, OF_TIME, paint_call
from mile_desktop.ui.viewport.projection import Arrow

ARROW = Arrow((0.5, 0.5), (0.7, 0.5))


def _painted(kinds: set[str]) -> QImage:
    image = QImage(200, 200, QImage.Format.Format_RGB32)
    image.fill(0xFF000000)
    painter = QPainter(image)
    paint_call(painter, QRectF(0, 0, 200, 200), ARROW, kinds)
    painter.end()
    return image


def _coloured(image: QImage, area: tuple[int, int, int, int]) -> bool:
    black = 0xFF000000
    left, top, right, bottom = area
    return any(image.pixel(x, y) != black for x in range(left, right) for y in range(top, bottom))


@pytest.mark.parametrize(("kind", "clock", "doubted"), [
    ("stalled", True, False), ("elapsed", True, False), ("disagreement", False, True), ("near", False, False),
])  # fmt: skip
def test_each_reason_has_its_sign_where_it_belongs(themed: QApplication, kind: str, clock: bool, doubted: bool) -> None:
    image = _painted({kind})
    assert _coloured(image, (110, 55, 145, 90)) is clock
    assert _coloured(image, (105, 90, 140, 97)) is doubted


def test_the_signs_are_of_known_kinds() -> None:
    assert set(KINDS) >= OF_TIME | OF_THE_ACTION
