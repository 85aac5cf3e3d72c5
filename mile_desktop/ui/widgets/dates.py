"""Dates and durations as text; no Qt."""

from datetime import datetime


def local_time(moment: str) -> str:
    """Return local date and time of ``moment`` (ISO 8601); what cannot be read as a time is returned as it is."""
    try:
        return datetime.fromisoformat(moment).astimezone().strftime("%d %b %Y, %H:%M")
    except ValueError:
        return moment


def time_text(seconds: float) -> str:
    """Return ``40 s``, ``3 min`` or ``1 h 20 min``."""
    whole = max(0, round(seconds))
    # "75 s" says more than "1 min".
    if whole < 90:
        return f"{whole} s"
    minutes = round(whole / 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def seconds_text(value: float) -> str:
    """Return a short time with its unit: ``80 ms``, ``1.5 s`` or ``3 min``."""
    # Where the rounded number of milliseconds would be 100, tenths of a second are shorter.
    if value < 0.0995:
        return f"{1000 * value:.0f} ms"
    return f"{value:.1f} s" if value < 60.0 else f"{value / 60.0:.0f} min"
