"""The status of a camera as text and icon; no widgets."""

from mile_desktop.cameras.messages import CameraState, CameraStatus
from mile_desktop.ui.widgets.dates import seconds_text

_UNCHANGED_S = 5.0
"""A live camera whose picture stays identical for this long has probably frozen; noise changes every real picture."""
_STATES = {
    CameraState.CONNECTING: "Connecting",
    CameraState.LIVE: "Live",
    CameraState.LOST: "Lost",
    CameraState.ENDED: "Ended",
    CameraState.OFF: "Off",
}
_ICONS = {
    CameraState.CONNECTING: ("mdi6.progress-clock", "secondary"),
    CameraState.LIVE: ("mdi6.video-outline", "success"),
    CameraState.LOST: ("mdi6.video-off-outline", "warning"),
    CameraState.ENDED: ("mdi6.video-check-outline", "secondary"),
    CameraState.OFF: ("mdi6.video-off-outline", "secondary"),
}
_STALE_ICON = ("mdi6.timer-alert-outline", "warning")


def icon_of(status: CameraStatus, *, stale: bool) -> tuple[str, str]:
    """Return icon and colour for a camera in this state."""
    return _STALE_ICON if stale and status.state is CameraState.LIVE else _ICONS[status.state]


def state_word(status: CameraStatus, *, stale: bool) -> str:
    """Return the state in one word."""
    return "Stale" if stale and status.state is CameraState.LIVE else _STATES[status.state]


def tile_note(status: CameraStatus, age_s: float | None, *, stale: bool) -> str:
    """Return a short note for the picture about what is wrong; empty if all is well."""
    # The note covers part of the picture, so a live camera with a fresh picture has none.
    parts = []
    if status.state is CameraState.LIVE:
        if stale:
            parts.append("stale")
        elif status.unchanged_s >= _UNCHANGED_S:
            return f"unchanged for {seconds_text(status.unchanged_s)}"
    else:
        parts.append(state_word(status, stale=stale).lower())
    if not parts:
        return ""
    # Before the first picture there is no age.
    if age_s is not None:
        parts.append(f"picture {seconds_text(age_s)} old")
    if status.retry_in_s > 0.0:
        parts.append(f"retry in {seconds_text(status.retry_in_s)}")
    return " · ".join(parts)


def figures(status: CameraStatus, age_s: float | None, *, stale: bool) -> str:
    """Return state and measured values in one line."""
    parts = [state_word(status, stale=stale)]
    if status.width:
        parts.append(f"{status.width} × {status.height}")
    parts.append(f"{status.rate_hz:.1f} fps")
    parts.append(f"latency {status.latency_ms:.0f} ms")
    parts.append(f"age {seconds_text(age_s)}" if age_s is not None else "no picture yet")
    parts.append(f"{status.dropped} dropped")
    if status.damaged:
        parts.append(f"{status.damaged} damaged")
    if status.reconnects:
        parts.append("lost once" if status.reconnects == 1 else f"lost {status.reconnects} times")
    if status.recording:
        missed = f", {status.unrecorded} missed" if status.unrecorded else ""
        parts.append(f"recorded {status.recorded} pictures{missed}")
    return " · ".join(parts)


def explanation(status: CameraStatus) -> str:
    """Return why the camera is not live and what happens next; empty if there is nothing to explain."""
    if status.retry_in_s > 0.0:
        return f"{status.text} Next try in {seconds_text(status.retry_in_s)}.".strip()
    return status.text
