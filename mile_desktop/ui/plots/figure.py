"""A plot as a figure for a paper: margins, title, legend, and a bright ground whatever the theme."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PySide6.QtCore import QPoint, QRectF, Qt
from PySide6.QtGui import QColor, QImage, QPainter
from PySide6.QtWidgets import QWidget

from mile_desktop.ui.theme import theme

SHARPNESS = 2
"""Figures have this many pixels for each of the screen's, along each axis."""
_MARGIN, _TITLE, _LINE, _SWATCH = 20, 30, 20, 14
_DARK = 0.5


@dataclass(frozen=True, slots=True)
class LegendEntry:
    """One line of the legend."""

    name: str
    colour: QColor


def figure(plot: QWidget, title: str, legend: Sequence[LegendEntry]) -> QImage:
    """Return ``plot`` with its title above and the legend below, on white."""
    margin, head = theme.px(_MARGIN), theme.px(_TITLE)
    rows = _rows(plot.width(), legend)
    width = plot.width() + 2 * margin
    height = plot.height() + 2 * margin + head + theme.px(_LINE) * len(rows)
    image = QImage(width * SHARPNESS, height * SHARPNESS, QImage.Format.Format_RGB32)
    image.setDevicePixelRatio(SHARPNESS)
    ground = theme.token("panel")
    image.fill(ground)
    # ``QGraphicsView.render`` hides this method and would draw the scene without what the view paints over it.
    QWidget.render(plot, image, QPoint(margin, margin + head))
    painter = QPainter(image)
    painter.setPen(theme.token("text"))
    painter.setFont(theme.font("body", bold=True))
    flags = int(Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft)
    painter.drawText(QRectF(margin, margin, plot.width(), head), flags, title)
    _paint_legend(painter, rows, margin, height - margin - theme.px(_LINE) * len(rows))
    painter.end()
    return brightened(image) if ground.lightnessF() < _DARK else image


def brightened(image: QImage) -> QImage:
    """Return a picture of the dark theme with light and dark exchanged and the hues kept; its ground becomes white."""
    # Painting again in the bright theme would restyle the whole window twice, which takes longer than a control tick.
    pixels = np.array(image.constBits()).reshape(image.height(), image.bytesPerLine() // 4, 4)[:, : image.width()]
    colours = pixels[:, :, :3].astype(np.float32) / 255.0
    middle = (colours.max(axis=2, keepdims=True) + colours.min(axis=2, keepdims=True)) / 2.0
    ground = theme.token("panel").lightnessF()
    wanted = np.minimum(1.0, (1.0 - middle) / (1.0 - ground))
    # The distance of each channel from the lightness, which is the colour, shrinks only where it would not fit.
    spread = np.abs(colours - middle).max(axis=2, keepdims=True)
    fits = np.minimum(1.0, np.minimum(wanted, 1.0 - wanted) / np.maximum(spread, 1e-6))
    result = np.full(pixels.shape, 255, np.uint8)
    result[:, :, :3] = np.rint(255.0 * (wanted + fits * (colours - middle))).astype(np.uint8)
    bright = QImage(
        np.ascontiguousarray(result).tobytes(), image.width(), image.height(), 4 * image.width(), image.format()
    ).copy()
    bright.setDevicePixelRatio(SHARPNESS)
    return bright


def _rows(width: int, legend: Sequence[LegendEntry]) -> list[list[LegendEntry]]:
    """Return the entries in as many rows as the width needs; a single series needs no legend."""
    if len(legend) < 2:
        return []
    rows: list[list[LegendEntry]] = [[]]
    used = 0.0
    for entry in legend:
        needed = _entry_width(entry)
        if used + needed > width and rows[-1]:
            rows.append([])
            used = 0.0
        rows[-1].append(entry)
        used += needed
    return rows


def _entry_width(entry: LegendEntry) -> float:
    # A generous average: digits and letters of the small font are narrower than 7 px at 100 %.
    return theme.px(_SWATCH + 20) + theme.px(7) * len(entry.name)


def _paint_legend(painter: QPainter, rows: Sequence[Sequence[LegendEntry]], left: int, top: int) -> None:
    painter.setFont(theme.font("secondary"))
    flags = int(Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft)
    line, swatch = theme.px(_LINE), theme.px(_SWATCH)
    for number, row in enumerate(rows):
        x, y = float(left), top + number * line
        for entry in row:
            painter.fillRect(QRectF(x, y + line / 2 - theme.px(2), swatch, theme.px(4)), entry.colour)
            painter.setPen(theme.token("text"))
            painter.drawText(QRectF(x + swatch + theme.px(6), y, _entry_width(entry), line), flags, entry.name)
            x += _entry_width(entry)
