"""One lane for each action entry: what the policy proposed, with its spread, against what was executed."""

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QPainter

from mile_desktop.ui import theme
from mile_desktop.ui.inspect.recording import Recording
from mile_desktop.ui.inspect.timeline_plot import TimelinePlot
from mile_desktop.ui.supervise.action_strip import BAR, LANE, LIFT, choice_bars
from mile_desktop.ui.supervise.strip_plot import Band

_HEADROOM = 0.6
"""Above the first lane, for the legend."""
_CHOICE_WORDS = (("─ proposed", "text"), ("─ executed", "policy"), ("─ by a person", "takeover"))
_WORDS = (("┄ proposed ± σ", "text"), ("─ executed", "policy"), ("─ by a person", "takeover"))


class ActionTimeline(TimelinePlot):
    """The lower plot; every entry lies in [−1, 1]."""

    def __init__(self) -> None:
        super().__init__((-1.0, 1.0))
        self._names: tuple[str, ...] = ()
        self._discrete = False
        self._bands: list[Band] = []
        self._proposed, self._executed, self._human = (
            pg.PlotCurveItem(connect="finite", skipFiniteCheck=False, antialias=True) for _ in range(3)
        )
        for item in (self._proposed, self._executed, self._human):
            self.addItem(item, ignoreBounds=True)
        self.getAxis("bottom").setLabel("recorded time, s")
        self.empty_text = "What the policy proposed and what was done."
        self.setAccessibleName("Actions over time")
        self.restyle()

    def set_actions(self, names: tuple[str, ...], *, discrete: bool = False) -> None:
        """Make one lane for each of ``names``, the first at the top; ``discrete``: one of them is chosen a step."""
        self._names = names
        self._discrete = discrete
        offsets = self._offsets
        self._y_range = (float(offsets[-1]) - LANE / 2, LANE / 2 + _HEADROOM) if len(names) else (-1.0, 1.0)
        self.setYRange(*self._y_range, padding=0)
        self.getAxis("left").setTicks([list(zip(offsets.tolist(), names, strict=True))])
        for band in self._bands:
            self.removeItem(band)
        self._bands = [] if discrete else [Band() for _ in names]
        for band in self._bands:
            self.addItem(band, ignoreBounds=True)
            band.setZValue(-1)
        self.restyle()

    @property
    def _offsets(self) -> NDArray[np.float64]:
        return -LANE * np.arange(len(self._names), dtype=np.float64)

    def show_recording(self, recording: Recording | None) -> None:
        """Draw all lanes."""
        super().show_recording(recording)
        if recording is None:
            for curve in (self._proposed, self._executed, self._human):
                curve.setData([], [])
            return
        episode, time = recording.episode, self._window.time
        if self._discrete:
            everybody = np.ones_like(episode.intervention)
            self._draw_chosen(self._proposed, time, episode.policy_action, everybody, LIFT)
            self._draw_chosen(self._executed, time, episode.action, ~episode.intervention)
            self._draw_chosen(self._human, time, episode.action, episode.intervention)
            return
        human = episode.intervention[:, None]
        # a person's stretch begins where the policy's ends, so that the line has no gap
        joined = human | np.roll(human, -1, axis=0)
        joined[-1] = human[-1]
        self._draw(self._proposed, time, episode.policy_action)
        self._draw(self._executed, time, np.where(human, np.nan, episode.action))
        self._draw(self._human, time, np.where(joined, episode.action, np.nan))
        for lane, band in enumerate(self._bands):
            mean, std = episode.policy_mean[:, lane].astype(np.float64), episode.policy_std[:, lane]
            low, high = (np.clip(mean + sign * std, -1.0, 1.0) + self._offsets[lane] for sign in (-1.0, 1.0))
            band.set_data(time, low, high)

    def _draw(self, curve: pg.PlotCurveItem, time: NDArray[np.float64], values: NDArray[np.floating]) -> None:
        lanes = np.clip(values[:, : len(self._names)].astype(np.float64), -1.0, 1.0) + self._offsets
        # NaN between the lanes: one curve for all of them
        lanes = np.vstack([lanes, np.full((1, lanes.shape[1]), np.nan)])
        curve.setData(np.tile(np.append(time, time[-1]), lanes.shape[1]), lanes.T.ravel(), connect="finite")

    def _draw_chosen(
        self,
        curve: pg.PlotCurveItem,
        time: NDArray[np.float64],
        values: NDArray[np.floating],
        which: NDArray[np.bool_],
        lift: float = 0.0,
    ) -> None:
        x, y, connect = choice_bars(time, values[:, : len(self._names)], which, self._offsets + lift)
        curve.setData(x, y, connect=connect)

    def restyle(self) -> None:
        """Take colours and sizes from the theme."""
        super().restyle()
        self.getPlotItem().showGrid(x=False, y=False)
        self.getAxis("bottom").setHeight(theme.px(34))
        self._executed.setPen(theme.pen("policy", BAR if self._discrete else 1.2))
        self._human.setPen(theme.pen("takeover", BAR if self._discrete else 1.4))
        self._proposed.setPen(theme.pen("text", 1.0, dashed=True, alpha=0.75))
        for band in self._bands:
            band.set_colour(theme.token("text", 0.08))

    def drawBackground(self, painter: QPainter, rect: QRectF) -> None:  # noqa: N802 (Qt's name)
        """Add a faint zero line to each lane."""
        super().drawBackground(painter, rect)
        painter.setPen(theme.pen("line", 1.0, alpha=0.8))
        for offset in self._offsets.tolist():
            y = self.y_pixel(offset)
            painter.drawLine(QPointF(self._area.left(), y), QPointF(self._area.right(), y))

    def drawForeground(self, painter: QPainter, rect: QRectF) -> None:  # noqa: N802 (Qt's name)
        """Say which line is which."""
        super().drawForeground(painter, rect)
        if len(self._window):
            self.paint_legend(painter, _CHOICE_WORDS if self._discrete else _WORDS)
