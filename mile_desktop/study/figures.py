"""Figures of a report as SVG: means with intervals, and one dot for each participant."""

from collections.abc import Callable, Sequence
from html import escape

from mile_desktop.study.comparisons import Estimate

_WIDTH, _LEFT, _RIGHT, _ROW, _TOP, _BOTTOM = 720, 170, 60, 34, 34, 40
_TICKS = 5
_COLOUR, _QUIET = "#1668c7", "#5b6875"


def interval_plot(title: str, axis: str, estimates: Sequence[Estimate], *, mark: float | None = None) -> str:
    """Return an SVG with a row for each estimate: its interval, its mean, and the participants as dots.

    ``mark``: a value that is shown as a dashed line, for example 0.5 for a ranking that knows nothing.
    """
    shown = [each for each in estimates if each.mean is not None]
    numbers = [value for each in shown for value in (each.mean, each.low, each.high, *each.values) if value is not None]
    numbers += [] if mark is None else [mark]
    low, high = (min(numbers), max(numbers)) if numbers else (0.0, 1.0)
    margin = 0.05 * (high - low) or 0.5
    low, high = low - margin, high + margin
    height = _TOP + _ROW * len(shown) + _BOTTOM

    def x(value: float) -> float:
        return _LEFT + (value - low) / (high - low) * (_WIDTH - _LEFT - _RIGHT)

    size = f'width="{_WIDTH}" height="{height}" viewBox="0 0 {_WIDTH} {height}"'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img" font-family="Inter, sans-serif" font-size="13">',
        f"<title>{escape(title)}</title>",
        f'<rect width="{_WIDTH}" height="{height}" fill="#ffffff"/>',
        f'<text x="{_LEFT}" y="20" font-weight="600" fill="#1a2129">{escape(title)}</text>',
    ]
    bottom = height - _BOTTOM
    for number in range(_TICKS):
        value = low + (high - low) * number / (_TICKS - 1)
        place = x(value)
        parts.append(f'<line x1="{place:.1f}" x2="{place:.1f}" y1="{_TOP}" y2="{bottom}" stroke="#eef1f4"/>')
        parts.append(f'<text x="{place:.1f}" y="{bottom + 16}" text-anchor="middle" fill="{_QUIET}">{value:.3g}</text>')
    if mark is not None:
        parts.append(
            f'<line x1="{x(mark):.1f}" x2="{x(mark):.1f}" y1="{_TOP}" y2="{bottom}" stroke="{_QUIET}" '
            'stroke-dasharray="4 3"/>'
        )
    middle = (_LEFT + _WIDTH - _RIGHT) / 2
    parts.append(f'<text x="{middle}" y="{bottom + 34}" text-anchor="middle" fill="{_QUIET}">{escape(axis)}</text>')
    for row, each in enumerate(shown):
        parts += _row(each, _TOP + _ROW * (row + 0.5), x)
    return "\n".join((*parts, "</svg>", ""))


def _row(each: Estimate, y: float, x: Callable[[float], float]) -> list[str]:
    mean = each.mean if each.mean is not None else 0.0
    parts = [f'<text x="{_LEFT - 10}" y="{y + 4:.1f}" text-anchor="end" fill="#1a2129">{escape(each.name)}</text>']
    parts += [
        f'<circle cx="{x(value):.1f}" cy="{y + 7:.1f}" r="2.5" fill="{_QUIET}" fill-opacity="0.5"/>'
        for value in each.values
    ]
    if each.low is not None and each.high is not None:
        parts.append(
            f'<line x1="{x(each.low):.1f}" x2="{x(each.high):.1f}" y1="{y - 3:.1f}" y2="{y - 3:.1f}" '
            f'stroke="{_COLOUR}" stroke-width="3"/>'
        )
    parts.append(f'<circle cx="{x(mean):.1f}" cy="{y - 3:.1f}" r="5" fill="{_COLOUR}"/>')
    parts.append(f'<text x="{_WIDTH - _RIGHT + 8}" y="{y + 4:.1f}" fill="{_COLOUR}">{mean:.3g}</text>')
    return parts
