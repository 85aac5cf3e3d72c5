import pytest
from PySide6.QtCore import QRectF
from PySide6.QtGui import QFontMetrics, QImage, QPainter

from mile_desktop.ui.theme import theme
from mile_desktop.ui.viewport.overlay import Notice, paint_hints, paint_outcome, whole_parts

pytestmark = pytest.mark.usefixtures("themed")


def drawn(height: int, below: float) -> list[bool]:
    """Return for each pixel row of a picture whether a hint covers it."""
    canvas = QImage(700, height, QImage.Format.Format_RGB32)
    canvas.fill(0)
    painter = QPainter(canvas)
    paint_hints(painter, QRectF(0, 0, 700, height), ("the task", "how to take over", "the keys"), 560, below)
    painter.end()
    return [any(canvas.pixel(column, row) & 0xFFFFFF for column in range(12, 80)) for row in range(height)]


def test_in_a_low_picture_hints_give_way_to_what_is_measured() -> None:
    free, low = drawn(300, 40.0), drawn(150, 80.0)
    assert sum(low) < sum(free)
    assert not any(low[:80])
    assert low[130], "the last hint stays as long as it has room"


def test_a_hint_that_does_not_fit_loses_whole_parts() -> None:
    metrics = QFontMetrics(theme.font())
    text = "Hold Space to take over · let go to hand back · hold R to rewind"
    assert whole_parts(text, metrics, 10_000) == text
    short = whole_parts(text, metrics, metrics.horizontalAdvance(text) - 1)
    assert short == "Hold Space to take over · let go to hand back"
    assert whole_parts(text, metrics, 1) == "Hold Space to take over"


@pytest.mark.parametrize(("height", "below"), [(160, 60.0), (500, 60.0)])
def test_the_outcome_never_covers_the_phase(height: int, below: float) -> None:
    canvas = QImage(460, height, QImage.Format.Format_RGB32)
    canvas.fill(0)
    painter = QPainter(canvas)
    end = paint_outcome(painter, QRectF(0, 0, 460, height), Notice("Time limit after 200 steps"), below)
    painter.end()
    painted = [y for y in range(height) if canvas.pixel(230, y) & 0xFFFFFF]
    assert painted[0] > below
    assert painted[-1] <= end
