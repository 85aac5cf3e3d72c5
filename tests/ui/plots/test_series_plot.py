import csv
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QGuiApplication, QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QMenu, QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from mile_desktop.ui.plots.series_model import Axis, PointIndex, Series, step_along, table_of
from mile_desktop.ui.plots.series_plot import SeriesPlot
from mile_desktop.ui.theme import theme

EPOCH, LOSS = Axis("epoch"), Axis("loss", "nat")
CURVES = (
    Series("training", ((0, 3.0), (1, 2.0), (2, 1.5))),
    Series("held out, with a comma", ((0, 3.1), (2, 2.5)), "takeover", "dashed", tips=("first", "last")),
)


@pytest.fixture
def plot(themed: QApplication, qtbot: QtBot) -> Iterator[SeriesPlot]:
    page = QWidget()  # pyqtgraph's widget does not live on after its own close()
    qtbot.addWidget(page)
    plot = SeriesPlot("Loss over epochs", EPOCH, LOSS)
    QVBoxLayout(page).addWidget(plot)
    page.resize(480, 300)
    plot.show_series(CURVES)
    page.show()
    yield plot
    page.hide()  # and the page has to be kept until here


def place_of(plot: SeriesPlot, series: int, index: int) -> QPoint:
    x, y = plot._pixels(plot.series[series])[index]
    return QPoint(round(x), round(y))


def test_the_table_has_units_and_quotes_commas() -> None:
    rows = list(csv.reader(table_of(EPOCH, LOSS, CURVES).as_csv().splitlines()))
    assert rows[0] == ["series", "epoch", "loss (nat)"]
    assert rows[4] == ["held out, with a comma", "0", "3.1"]
    assert len(rows) == 6


def test_categories_are_exported_by_name() -> None:
    policies = Axis("policy", ticks=((0, "v0"), (1, "v1")))
    success = Series("success", ((54.0, 0), (60.0, 1)), style="points", x_intervals=((40.0, 68.0), (46.0, 73.0)))
    assert table_of(Axis("success", "%"), policies, (success,)).rows[1] == ("success", 60.0, "v1", 46.0, 73.0)


def test_tips_and_intervals_need_one_entry_a_point() -> None:
    with pytest.raises(ValueError, match="1 tips for 2 points"):
        Series("a", ((0, 0), (1, 1)), tips=("one",))


def test_arrow_keys_stay_on_the_series() -> None:
    assert step_along((), None, 1, 0) is None
    assert step_along(CURVES, None, 1, 0) == PointIndex(0, 0)
    assert step_along(CURVES, PointIndex(0, 2), 1, 0) == PointIndex(0, 2)
    assert step_along(CURVES, PointIndex(0, 2), 0, 1) == PointIndex(1, 1)
    assert step_along(CURVES, PointIndex(1, 1), 0, 1) == PointIndex(0, 1)


def test_the_point_under_the_mouse_shows_its_values(plot: SeriesPlot, qtbot: QtBot) -> None:
    QTest.mouseMove(plot.viewport(), place_of(plot, 1, 1))
    qtbot.waitUntil(lambda: plot.selected_point == PointIndex(1, 1))
    assert plot.values_text(PointIndex(1, 1)) == "held out, with a comma\nepoch: 2\nloss: 2.5 nat\nlast"


def test_click_and_enter_choose_a_point(plot: SeriesPlot, qtbot: QtBot) -> None:
    with qtbot.waitSignal(plot.point_chosen) as clicked:
        qtbot.mouseClick(plot.viewport(), Qt.MouseButton.LeftButton, pos=place_of(plot, 0, 1))
    assert clicked.args == [0, 1]
    plot.setFocus()
    plot._select_point(None)
    with qtbot.waitSignal(plot.point_chosen) as entered:
        for key in (Qt.Key.Key_Right, Qt.Key.Key_Right, Qt.Key.Key_Return):
            qtbot.keyClick(plot, key)
    assert entered.args == [0, 1]


@pytest.mark.parametrize("kind", ["png", "svg", "csv"])
def test_the_file_ending_decides_the_format(plot: SeriesPlot, tmp_path: Path, kind: str) -> None:
    file = tmp_path / f"loss.{kind}"
    plot.export.save(file)
    if kind == "csv":
        assert file.read_text().startswith("series,epoch,loss (nat)\n")
    elif kind == "svg":
        assert "<svg" in file.read_text()[:400]
        assert "training" in file.read_text()
    else:
        picture = QImage(str(file))
        assert picture.width() > 2 * plot.width(), "it has margins"
        colours = {
            picture.pixelColor(x, y).hue() for x in range(0, picture.width(), 2) for y in range(0, picture.height(), 3)
        }
        # On a bright ground the colour is darker than on the screen, but it is the same colour.
        assert any(abs(hue - theme.token("policy").hue()) <= 2 for hue in colours)


def test_a_plot_that_cannot_be_saved_raises(plot: SeriesPlot, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"\.png, \.svg or \.csv"):
        plot.export.save(tmp_path / "loss.pdf")
    for kind in ("png", "svg", "csv"):
        with pytest.raises(OSError, match="loss"):
            plot.export.save(tmp_path / "nowhere" / f"loss.{kind}")


def test_a_plot_is_copied_by_key_and_by_menu(plot: SeriesPlot, qtbot: QtBot) -> None:
    plot.setFocus()
    qtbot.keyClick(plot, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    assert QGuiApplication.clipboard().image().width() > 2 * plot.width()
    qtbot.keyClick(plot, Qt.Key.Key_F10, Qt.KeyboardModifier.ShiftModifier)
    menu = next(each for each in plot.findChildren(QMenu) if each.isVisible())
    next(action for action in menu.actions() if action.text() == "Copy numbers").trigger()
    menu.close()
    assert QGuiApplication.clipboard().text().startswith("series\tepoch\tloss (nat)\n")


def test_a_plot_follows_the_theme_and_can_be_empty(plot: SeriesPlot, themed: QApplication) -> None:
    theme.apply(themed, "light", 1.5)
    assert plot.backgroundBrush().color().name() == theme.token("panel").name()
    plot.show_series(())
    plot.grab()
    assert plot.numbers().rows == ()


def test_new_series_replace_the_old_ones(plot: SeriesPlot) -> None:
    bars = Series("takeovers", ((1.0, 3.0), (2.0, 5.0)), "takeover", "bars")
    marks = Series("success", ((54.0, 0.0),), "success", "points", x_intervals=((40.0, 68.0),))

    def drawn() -> list[str]:
        items = plot.getPlotItem().items
        return sorted(type(item).__name__ for item in items if item.isVisible())

    assert drawn() == ["PlotDataItem", "PlotDataItem"]
    plot.show_series([bars])
    assert drawn() == ["BarGraphItem"]
    plot.show_series([marks])
    assert drawn() == ["ErrorBarItem", "PlotDataItem"]
    plot.show_series(())
    assert drawn() == []
    plot.grab()


@pytest.mark.parametrize(("most", "marked"), [(1, [0, 1]), (3, [0, 1, 2, 3]), (12, [0, 3, 6, 9, 12])])
def test_an_axis_that_counts_marks_whole_numbers_only(plot: SeriesPlot, most: int, marked: list[int]) -> None:
    plot.set_axes(EPOCH, Axis("takeovers", counts=True))
    plot.show_series((Series("takeovers", ((0, 0.0), (1, float(most))), "policy", "bars"),))
    ticks = plot.getAxis("left")._tickLevels[0]
    assert [value for value, _ in ticks if value <= most] == marked
    assert all(text == f"{value:.0f}" for value, text in ticks)
