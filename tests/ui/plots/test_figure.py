from pathlib import Path

import pytest
from PySide6.QtGui import QColor, QImage
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from mile_desktop.ui.plots.figure import LegendEntry, brightened, figure
from mile_desktop.ui.plots.series_model import Axis, Series
from mile_desktop.ui.plots.series_plot import SeriesPlot
from mile_desktop.ui.theme import theme

LEGEND = (LegendEntry("mile, single", QColor("#4ea1ff")), LegendEntry("forecast", QColor("#ff9f43")))


@pytest.mark.parametrize("tone", ["dark", "light"])
def test_a_figure_has_a_white_ground_margins_and_a_legend(themed: QApplication, qtbot: QtBot, tone: str) -> None:
    theme.apply(themed, tone)
    plot = QWidget()
    qtbot.addWidget(plot)
    plot.resize(300, 200)
    without, with_legend = figure(plot, "ROC", ()), figure(plot, "ROC", LEGEND)
    assert with_legend.height() > without.height() > 2 * 200
    assert with_legend.width() > 2 * 300
    assert with_legend.pixelColor(2, 2).lightness() > 250
    strip = [with_legend.pixelColor(x, with_legend.height() - 60) for x in range(with_legend.width())]
    assert any(colour.saturation() > 100 for colour in strip), "the swatches of the legend"


def test_a_dark_picture_becomes_bright_and_keeps_its_hues(themed: QApplication) -> None:
    image = QImage(3, 1, QImage.Format.Format_RGB32)
    for x, colour in enumerate((theme.token("panel"), QColor("#ffffff"), QColor("#4ea1ff"))):
        image.setPixelColor(x, 0, colour)
    bright = brightened(image)
    assert bright.pixelColor(0, 0).lightness() > 250
    assert bright.pixelColor(1, 0).lightness() < 5
    assert bright.pixelColor(2, 0).hue() == pytest.approx(QColor("#4ea1ff").hue(), abs=4)
    assert bright.pixelColor(2, 0).lightness() < 130


def test_a_saved_plot_has_the_names_of_its_series(qtbot: QtBot, tmp_path: Path) -> None:
    plot = SeriesPlot("ROC", Axis("false alarms"), Axis("hits"))
    qtbot.addWidget(plot)
    plot.names_series = False
    plot.show_series((Series("a", ((0.0, 0.0), (1.0, 1.0))), Series("b", ((0.0, 1.0), (1.0, 1.0)), colour="takeover")))
    assert [entry.name for entry in plot.legend()] == ["a", "b"]
    plot.export.save(tmp_path / "roc.png")
    assert QImage(str(tmp_path / "roc.png")).pixelColor(1, 1).lightness() > 250
