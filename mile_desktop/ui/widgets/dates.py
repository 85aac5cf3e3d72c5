"""Times as people read them; no Qt."""

from datetime import datetime


def local_time(moment: str) -> str:
    """Return local date and time of ``moment`` (ISO 8601); what cannot be read as a time is returned as it is."""
    try:
        return datetime.fromisoformat(moment).astimezone().strftime("%d %b %Y, %H:%M")
    except ValueError:
        return moment
