import pytest
from PySide6.QtCore import QRectF
from PySide6.QtGui import QImage, QPainter

from mile_desktop.ui.theme import theme
from mile_desktop.ui.viewport.overlay import paint_gauge
from tests.ui.supervise.examples import taken

pytestmark = pytest.mark.usefixtures("themed")


def colours(probability: float, *, calls: bool) -> set[str]:
    """Return the colours of the column below the line of the alarm."""
    canvas = QImage(400, 300, QImage.Format.Format_RGB32)
    canvas.fill(0)
    painter = QPainter(canvas)
    paint_gauge(painter, QRectF(0, 0, 400, 300), taken(3, probability=probability), 0.7, calls=calls)
    painter.end()
    return {canvas.pixelColor(360, y).name() for y in range(300)}


CASES = [(0.9, True, True), (0.9, False, False), (0.3, True, False)]


@pytest.mark.parametrize(("probability", "calls", "alarm"), CASES)
def test_a_high_p_looks_like_an_alarm_only_where_p_calls(probability: float, *, calls: bool, alarm: bool) -> None:
    shown = colours(probability, calls=calls)
    # The tick of the line itself has the colour of the alarm, too, but is thin: the filled part decides.
    assert (theme.token("policy").name() in shown) is not alarm
