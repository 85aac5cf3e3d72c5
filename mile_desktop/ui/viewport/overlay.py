"""Paints badge, reason, p gauge, proposed action and notices over the scene. Functions without state, no widgets."""

import math
from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetrics, QPainter, QPolygonF

from mile_desktop.rollout.messages import Status, StepTaken
from mile_desktop.ui.theme import theme
from mile_desktop.ui.viewport.phase_style import PhaseStyle, reason_text
from mile_desktop.ui.viewport.projection import Arrow
from mile_desktop.ui.viewport.symbols import paint_symbol

MARGIN = 12
_DOT = " · "
_SHORTEST_ARROW_PX = 6.0
"""A shorter arrow points at the camera or asks for no motion; it is painted as a ring."""
_GAUGE_WIDTH = 84
"""Width of the gauge of p with its figures, from the right edge of the picture, px at 100 %."""
_GRIPPER_NOISE = 0.1
"""A smaller gripper command is noise and neither opens nor closes."""


@dataclass(frozen=True, slots=True)
class Notice:
    """One line of text on a plate over the picture."""

    text: str
    colour: str = "text"


def plate(painter: QPainter, rect: QRectF) -> None:
    """Paint the background that makes text readable over any picture."""
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(theme.brush("panel", 0.88))
    radius = theme.size("radius")
    painter.drawRoundedRect(rect, radius, radius)


def paint_badge(
    painter: QPainter, area: QRectF, status: Status, appearance: PhaseStyle, progress: str, *, rate_hz: float
) -> float:
    """Paint the phase as shape, title and colour, the progress and the reason, at the top left of ``area``.

    Returns where it ends (px). ``rate_hz``: control steps a second.
    """
    colour = theme.token(appearance.token)
    painter.setFont(theme.font("figure", bold=True))
    title = painter.fontMetrics()
    name = appearance.title.upper()
    symbol = title.capHeight()
    pad = theme.px(10)
    height = title.height() + theme.px(8)
    name_width = title.horizontalAdvance(name)
    painter.setFont(theme.font("body"))
    body = painter.fontMetrics()
    extra = pad + body.horizontalAdvance(progress) if progress else 0
    left, top = area.left() + theme.px(MARGIN), area.top() + theme.px(MARGIN)
    width = pad * 2.8 + symbol + name_width
    # In a narrow picture the progress would run under the gauge of p, or over the next picture of a grid.
    below = width + extra > area.width() - theme.px(MARGIN + _GAUGE_WIDTH)
    box = QRectF(left, top, width if below else width + extra, height)
    plate(painter, box)
    paint_symbol(painter, appearance.symbol, QRectF(left + pad, box.center().y() - symbol / 2, symbol, symbol), colour)
    baseline = box.center().y() + title.capHeight() / 2
    painter.setFont(theme.font("figure", bold=True))
    painter.setPen(colour)
    painter.drawText(QPointF(left + pad * 1.8 + symbol, baseline), name)
    end, room, gap = box.bottom(), area.width() * 0.7, theme.px(4)
    if not below:
        painter.setFont(theme.font("body"))
        painter.setPen(theme.token("text"))
        painter.drawText(QPointF(left + pad * 2.8 + symbol + name_width, baseline), progress)
    elif progress:
        end = _paragraph(painter, QPointF(left, end + gap), progress, theme.token("text"), room)
    reason = reason_text(status, rate_hz)
    # Beside the gauge of p at the right edge. Why the robot holds or calls is never cut off: it takes more lines.
    return _paragraph(painter, QPointF(left, end + gap), reason, colour, room) if reason else end


def paint_notices(painter: QPainter, area: QRectF, notices: list[Notice], below: float) -> None:
    """Paint ``notices`` under each other, centred at the top third of ``area``, and not above ``below`` (px)."""
    painter.setFont(theme.font("body"))
    metrics = painter.fontMetrics()
    top = max(area.top() + area.height() * 0.3, below + theme.px(4))
    for notice in notices:
        width = min(metrics.horizontalAdvance(notice.text) + theme.px(24), area.width() - theme.px(2 * MARGIN))
        box = QRectF(area.center().x() - width / 2, top, width, metrics.height() + theme.px(12))
        plate(painter, box)
        painter.setPen(theme.token(notice.colour))
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, notice.text)
        top = box.bottom() + theme.px(4)


def paint_outcome(painter: QPainter, area: QRectF, outcome: Notice, below: float) -> float:
    """Paint how the last episode ended, large, in the upper half of ``area``, and not above ``below`` (px).

    Returns where it ends (px).
    """
    painter.setFont(theme.font("figure", bold=True))
    metrics = painter.fontMetrics()
    text = metrics.elidedText(outcome.text, Qt.TextElideMode.ElideRight, round(area.width() - theme.px(48)))
    box = QRectF(0.0, 0.0, metrics.horizontalAdvance(text) + theme.px(32), metrics.height() + theme.px(16))
    box.moveCenter(QPointF(area.center().x(), area.top() + area.height() * 0.2))
    # In a cell of a grid a fifth of the height is where the badge stands.
    box.moveTop(max(box.top(), below + theme.px(4)))
    plate(painter, box)
    painter.setPen(theme.token(outcome.colour))
    painter.drawText(box, Qt.AlignmentFlag.AlignCenter, text)
    return box.bottom()


def paint_hints(painter: QPainter, area: QRectF, texts: tuple[str, ...], room: float, below: float) -> None:
    """Paint the hints about takeover and driving below each other, at the bottom left of ``area``.

    ``room``: the largest width of a line, px. ``below``: where badge and distances end (px); the first hints are left
    out where the picture is too low for all of them, because they would cover what is measured.
    """
    painter.setFont(theme.font("body"))
    height = painter.fontMetrics().height() + theme.px(8)
    where = QPointF(area.left() + theme.px(MARGIN), area.bottom() - theme.px(MARGIN) - height)
    # From the bottom up: a missing hint leaves no gap at the edge.
    for text in reversed(texts):
        if text and where.y() >= below:
            _line(painter, where, whole_parts(text, painter.fontMetrics(), room), theme.token("text"), room)
            where -= QPointF(0, height + theme.px(4))


def whole_parts(text: str, metrics: QFontMetrics, room: float) -> str:
    """Return as many parts of ``text`` (between dots) as fit in ``room`` px; half a sentence would only puzzle."""
    parts = text.split(_DOT)
    while len(parts) > 1 and metrics.horizontalAdvance(_DOT.join(parts)) > room:
        parts.pop()
    return _DOT.join(parts)


def _paragraph(painter: QPainter, where: QPointF, text: str, colour: QColor, room: float) -> float:
    """Paint ``text`` in as many lines of at most ``room`` (px) as it needs; return where they end (px)."""
    painter.setFont(theme.font("body"))
    flags = Qt.TextFlag.TextWordWrap | Qt.AlignmentFlag.AlignLeft
    words = painter.fontMetrics().boundingRect(0, 0, round(room), round(room), flags, text)
    box = QRectF(where.x(), where.y(), words.width() + theme.px(20), words.height() + theme.px(8))
    plate(painter, box)
    painter.setPen(colour)
    painter.drawText(box.adjusted(theme.px(10), theme.px(4), -theme.px(4), 0), int(flags), text)
    return box.bottom()


def _line(painter: QPainter, where: QPointF, text: str, colour: QColor, room: float) -> None:
    painter.setFont(theme.font("body"))
    metrics = painter.fontMetrics()
    # A long text is cut before it runs under what stands at the right.
    text = metrics.elidedText(text, Qt.TextElideMode.ElideRight, round(room))
    box = QRectF(where.x(), where.y(), metrics.horizontalAdvance(text) + theme.px(20), metrics.height() + theme.px(8))
    plate(painter, box)
    painter.setPen(colour)
    painter.drawText(box, Qt.AlignmentFlag.AlignCenter, text)


def paint_gauge(painter: QPainter, area: QRectF, taken: StepTaken, threshold: float, *, calls: bool = True) -> None:
    """Paint p as a column with its interval and the threshold's tick, at the right edge of ``area``.

    ``calls``: p is the number that calls. Where the forecast calls, a high p is no alarm and must not look like one.
    """
    # Without a p, an empty gauge would be read as zero.
    if math.isnan(taken.probability):
        return
    # The small pictures cover the lower 28 % of the view; on a low view the column is shortened to end above them.
    height = min(max(theme.px(80), area.height() * 0.34), max(theme.px(32), area.height() * 0.68 - theme.px(56)))
    width = theme.px(10)
    column = QRectF(area.right() - theme.px(46), area.top() + theme.px(34), width, height)
    # Wider than the column, because the figures beside and above it need the plate as well.
    plate(painter, column.adjusted(-theme.px(26), -theme.px(22), theme.px(34), theme.px(10)))
    painter.fillRect(column, theme.brush("line"))
    # Also shown by an exclamation mark: colour alone does not reach everybody.
    alarming = calls and taken.probability >= threshold
    colour = "threshold" if alarming else "policy"
    painter.fillRect(_part(column, 0.0, taken.probability), theme.brush(colour))
    if not (math.isnan(taken.low) or math.isnan(taken.high)):
        band = _part(column, taken.low, taken.high).adjusted(-theme.px(5), 0, -column.width() - theme.px(2), 0)
        painter.fillRect(band, theme.brush(colour, 0.6))
    y = column.bottom() - column.height() * threshold
    painter.setPen(theme.pen("threshold", 2.0))
    painter.drawLine(QPointF(column.left() - theme.px(8), y), QPointF(column.right() + theme.px(4), y))
    painter.setFont(theme.font("secondary"))
    painter.drawText(QPointF(column.right() + theme.px(5), y + theme.px(4)), f"{threshold:.2f}")
    painter.setFont(theme.font("body", bold=True))
    painter.setPen(theme.token(colour))
    title = QRectF(column.left() - theme.px(26), column.top() - theme.px(21), theme.px(70), theme.px(18))
    painter.drawText(title, Qt.AlignmentFlag.AlignCenter, f"p {taken.probability:.2f}{' !' if alarming else ''}")


def _part(column: QRectF, low: float, high: float) -> QRectF:
    low, high = max(0.0, low), min(1.0, high)
    return QRectF(
        column.left(), column.bottom() - column.height() * high, column.width(), column.height() * (high - low)
    )


def paint_arrow(painter: QPainter, area: QRectF, arrow: Arrow, *, gripper: float | None, human: bool) -> None:
    """Paint the proposed action as an arrow from the end effector, and the gripper command beside it."""
    start, end = _to_pixel(area, arrow.start), _to_pixel(area, arrow.end)
    colour = "hold" if human else "policy"
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, on=True)
    delta = end - start
    length = math.hypot(delta.x(), delta.y())
    # A wider dark line below keeps the arrow visible on a background of its own colour.
    for pen in (theme.pen("shade", 5.0, alpha=0.35), theme.pen(colour, 3.0)):
        painter.setPen(pen)
        if length > _SHORTEST_ARROW_PX:
            painter.drawLine(start, end)
        else:
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawEllipse(start, theme.px(4), theme.px(4))
    if length > _SHORTEST_ARROW_PX:
        _paint_head(painter, end, delta / length, colour)
    if gripper is not None and abs(gripper) > _GRIPPER_NOISE:
        _paint_gripper(painter, start, gripper, colour)


def paint_words_arrow(painter: QPainter, area: QRectF, arrow: Arrow) -> None:
    """Paint where a typed command moves the hand: dashed, because it is an intention and not a measured motion."""
    start, end = _to_pixel(area, arrow.start), _to_pixel(area, arrow.end)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, on=True)
    delta = end - start
    length = math.hypot(delta.x(), delta.y())
    for pen in (theme.pen("shade", 6.0, alpha=0.35), theme.pen("takeover", 4.0)):
        pen.setDashPattern([2.0, 1.4])
        painter.setPen(pen)
        if length > _SHORTEST_ARROW_PX:
            painter.drawLine(start, end)
        else:
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawEllipse(start, theme.px(7), theme.px(7))
    if length > _SHORTEST_ARROW_PX:
        _paint_head(painter, end, delta / length, "takeover")


def paint_choice(painter: QPainter, area: QRectF, arrow: Arrow, title: str, *, human: bool) -> None:
    """Paint the proposed discrete action: an arrow in its direction, and its name at the tip."""
    paint_arrow(painter, area, arrow, gripper=None, human=human)
    painter.setFont(theme.font("secondary"))
    metrics = painter.fontMetrics()
    start, end = _to_pixel(area, arrow.start), _to_pixel(area, arrow.end)
    box = QRectF(0, 0, metrics.horizontalAdvance(title) + theme.px(10), metrics.height() + theme.px(2))
    # The name stands beyond the arrow's tip: at the side of a horizontal arrow, above every other one. Below an arrow
    # that points down it would cover the ground.
    beyond = theme.px(16)
    if abs(end.x() - start.x()) > abs(end.y() - start.y()):
        side = 1 if end.x() > start.x() else -1
        box.moveCenter(QPointF(end.x() + side * (beyond + box.width() / 2), end.y()))
    else:
        above = end.y() if end.y() < start.y() - _SHORTEST_ARROW_PX else start.y() - theme.px(22)
        box.moveCenter(QPointF(end.x(), above - beyond))
    # At the upper edge the name moves down to stay readable.
    box.moveTop(max(box.top(), area.top() + theme.px(4)))
    plate(painter, box)
    painter.setPen(theme.token("hold" if human else "policy"))
    painter.drawText(box, Qt.AlignmentFlag.AlignCenter, title)


def _to_pixel(area: QRectF, point: tuple[float, float]) -> QPointF:
    return QPointF(area.left() + point[0] * area.width(), area.top() + point[1] * area.height())


def _paint_head(painter: QPainter, tip: QPointF, along: QPointF, colour: str) -> None:
    size = theme.px(11)
    across = QPointF(-along.y(), along.x())
    base = tip - along * size * 0.4
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(theme.brush(colour))
    painter.drawPolygon(QPolygonF([tip + along * size * 0.6, base + across * size * 0.5, base - across * size * 0.5]))


def _paint_gripper(painter: QPainter, at: QPointF, gripper: float, colour: str) -> None:
    """Paint two jaws, apart for an opening command and together for a closing one, and the label."""
    gap = theme.px(2) if gripper > 0 else theme.px(7)
    where = at + QPointF(-theme.px(34), theme.px(14))
    painter.setPen(theme.pen(colour, 3.0))
    for side in (-1, 1):
        jaw = where + QPointF(side * gap, 0)
        painter.drawLine(jaw, jaw + QPointF(0, theme.px(12)))
    painter.setFont(theme.font("secondary"))
    label = "close" if gripper > 0 else "open"
    metrics = painter.fontMetrics()
    box = QRectF(0, 0, metrics.horizontalAdvance(label) + theme.px(6), metrics.height())
    box.moveCenter(where + QPointF(0, theme.px(22)))
    plate(painter, box)
    painter.setPen(theme.token(colour))
    painter.drawText(box, Qt.AlignmentFlag.AlignCenter, label)
