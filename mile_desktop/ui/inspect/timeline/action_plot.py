"""One lane for each action entry: the proposed action with its spread, and the executed one."""

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QPainter

from mile_desktop.storage.records import Episode
from mile_desktop.ui.inspect.model import RecordedEpisode
from mile_desktop.ui.inspect.timeline.timeline_plot import TimelinePlot
from mile_desktop.ui.plots.action_strip import BAR, LANE, choice_bars
from mile_desktop.ui.plots.strip_plot import Band
from mile_desktop.ui.theme import theme

_NOTHING = np.empty(0)
_LEGEND_PX = 16
"""Height of the legend above the first lane."""
_FULL_HEIGHT = 1.9
"""Height of probability 1 above its lane, in units of the axis."""
_DISCRETE_LEGEND = (
    ("─ policy (height = probability)", "text"),
    ("─ executed", "policy"),
    ("─ in a takeover", "takeover"),
)
_LEGEND = (("┄ proposed ± σ", "text"), ("─ executed", "policy"), ("─ in a takeover", "takeover"))


class ActionTimeline(TimelinePlot):
    """The lower plot; every entry lies in [−1, 1].

    A discrete action is a bar in the lane of the executed choice. Over every lane an area shows the probability that
    the policy gave to that choice; a line at its top marks the proposed one.
    """

    def __init__(self) -> None:
        super().__init__((-1.0, 1.0))
        self._discrete = False
        self._bands: list[Band] = []
        self._proposed, self._executed, self._human = (
            pg.PlotCurveItem(connect="finite", skipFiniteCheck=False, antialias=True) for _ in range(3)
        )
        for item in (self._proposed, self._executed, self._human):
            self.addItem(item, ignoreBounds=True)
        self.getAxis("bottom").setLabel("recorded time, s")
        self.empty_text = "Proposed and executed actions of the chosen episode appear here."
        self.setAccessibleName("Actions over time")
        self.restyle()

    def set_actions(self, names: tuple[str, ...], *, discrete: bool = False) -> None:
        """Make one lane for each of ``names``, the first at the top; ``discrete``: each step executes one of them."""
        self.action_names = names
        self._discrete = discrete
        offsets = self._offsets
        self._fit_y_range()
        self.getAxis("left").setTicks([list(zip(offsets.tolist(), names, strict=True))])
        for band in self._bands:
            self.removeItem(band)
        self._bands = [Band() for _ in names]
        for band in self._bands:
            self.addItem(band, ignoreBounds=True)
            band.setZValue(-1)
        self.restyle()

    def _fit_y_range(self) -> None:
        """Reserve the height of the legend above the lanes, at every height of the plot."""
        if self.action_names:
            below, above = (0.4, _FULL_HEIGHT) if self._discrete else (LANE / 2, LANE / 2)
            low, high = float(self._offsets[-1]) - below, above
            legend = theme.px(_LEGEND_PX)
            lanes = max(self.getViewBox().height() - legend, legend)
            self._y_range = (low, high + (high - low) * legend / lanes)
        self.setYRange(*self._y_range, padding=0)

    def resizeEvent(self, event: object) -> None:
        """Keep the height of the legend."""
        super().resizeEvent(event)
        if hasattr(self, "_discrete"):  # pyqtgraph resizes in its constructor, before ours has run
            self._fit_y_range()

    @property
    def _offsets(self) -> NDArray[np.float64]:
        return -LANE * np.arange(len(self.action_names), dtype=np.float64)

    def show_recording(self, recording: RecordedEpisode | None) -> None:
        """Draw all lanes."""
        super().show_recording(recording)
        if recording is None:
            for curve in (self._proposed, self._executed, self._human):
                curve.setData([], [])
            for band in self._bands:
                band.set_data(_NOTHING, _NOTHING, _NOTHING)
            return
        episode, time = recording.episode, self._window.time
        if self._discrete:
            self._draw_choices(episode, time)
            return
        human = episode.intervention[:, None]
        # The person's line starts one row early, where the policy's line ends, so that there is no gap between them.
        joined = human | np.roll(human, -1, axis=0)
        joined[-1] = human[-1]
        self._draw(self._proposed, time, episode.policy_action)
        self._draw(self._executed, time, np.where(human, np.nan, episode.action))
        self._draw(self._human, time, np.where(joined, episode.action, np.nan))
        # The executed action is clipped as well, so the spread must not leave the lane.
        for lane, band in enumerate(self._bands):
            mean, std = episode.policy_mean[:, lane].astype(np.float64), episode.policy_std[:, lane]
            low, high = (np.clip(mean + sign * std, -1.0, 1.0) + self._offsets[lane] for sign in (-1.0, 1.0))
            band.set_data(time, low, high)

    def _draw(self, curve: pg.PlotCurveItem, time: NDArray[np.float64], values: NDArray[np.floating]) -> None:
        lanes = np.clip(values[:, : len(self.action_names)].astype(np.float64), -1.0, 1.0) + self._offsets
        # One curve for all lanes, because pyqtgraph draws one long curve faster; a NaN interrupts it between two lanes.
        lanes = np.vstack([lanes, np.full((1, lanes.shape[1]), np.nan)])
        curve.setData(np.tile(np.append(time, time[-1]), lanes.shape[1]), lanes.T.ravel(), connect="finite")

    def _draw_choices(self, episode: Episode, time: NDArray[np.float64]) -> None:
        offsets, human = self._offsets, episode.intervention
        # Without a policy the probabilities are NaN: the areas vanish, and only the executed actions are drawn.
        likely = offsets + _FULL_HEIGHT * np.nan_to_num(episode.policy_mean.astype(np.float64))
        bars = (
            (self._proposed, episode.policy_action, np.ones_like(human), likely),
            (self._executed, episode.action, ~human, offsets),
            (self._human, episode.action, human, offsets),
        )
        # A bar spans its step from start to end, so that bars and hatched takeovers agree.
        ends = time + 1 / episode.record.start.rate_hz
        for curve, values, which, heights in bars:
            x, y, connect = choice_bars(ends, values, which, heights)
            curve.setData(x, y, connect=connect)
        # Two points a step make stairs: a probability is constant during its step.
        edges = np.column_stack((time, ends)).ravel()
        for lane, band in enumerate(self._bands):
            band.set_data(edges, np.full(len(edges), offsets[lane]), np.repeat(likely[:, lane], 2))

    def restyle(self) -> None:
        """Take colours and sizes from the theme."""
        super().restyle()
        self.getPlotItem().showGrid(x=False, y=False)
        self.getAxis("bottom").setHeight(theme.px(34))
        self._executed.setPen(theme.pen("policy", BAR if self._discrete else 1.2))
        self._human.setPen(theme.pen("takeover", BAR if self._discrete else 1.4))
        self._proposed.setPen(theme.pen("text", 1.0, dashed=True, alpha=0.75))
        for band in self._bands:
            band.set_colour(theme.token("text", 0.16 if self._discrete else 0.08))

    def drawBackground(self, painter: QPainter, rect: QRectF) -> None:
        """Paint a faint zero line in each lane."""
        super().drawBackground(painter, rect)
        painter.setPen(theme.pen("line", 1.0, alpha=0.8))
        for offset in self._offsets.tolist():
            y = self.y_pixel(offset)
            painter.drawLine(QPointF(self._area.left(), y), QPointF(self._area.right(), y))

    def drawForeground(self, painter: QPainter, rect: QRectF) -> None:
        """Paint the legend."""
        super().drawForeground(painter, rect)
        if len(self._window):
            self.paint_legend(painter, _DISCRETE_LEGEND if self._discrete else _LEGEND)
