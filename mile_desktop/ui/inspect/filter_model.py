"""What the filters above the table of episodes ask for, and how it is remembered; no Qt."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Literal

import msgspec

from mile_desktop.storage.browse import EpisodeFilter, Source

Period = Literal["any", "today", "week", "month", "range"]
_DAYS: dict[Period, int] = {"today": 1, "week": 7, "month": 30}
"""Days up to and including today."""


class FilterChoice(msgspec.Struct, frozen=True, kw_only=True):
    """The choices of the filter bar as a person made them: a period stays *today* tomorrow, too."""

    text: str = ""
    scene: str = ""
    outcome: str = ""
    policy_id: str = ""
    operator_name: str = ""
    tag: str = ""
    period: Period = "any"
    first: date | None = None
    """First and last day of the period ``range``, both included."""
    last: date | None = None
    reason: str = ""
    has_takeover: bool = False
    has_false_alarm: bool = False
    has_miss: bool = False
    has_words: bool = False
    deleted: bool = False
    source: Source = "recorded"

    def as_filter(self, today: date) -> EpisodeFilter:
        """Return the conditions for the database; days are those of this computer's clock."""
        first, last = self.first, self.last
        if self.period != "range":
            first = last = None
        if days := _DAYS.get(self.period):
            first = today - timedelta(days=days - 1)
        return EpisodeFilter(
            text=self.text,
            scene=self.scene,
            outcome=self.outcome,
            policy_id=self.policy_id,
            operator_name=self.operator_name,
            tag=self.tag,
            since=_midnight(first),
            until=_midnight(last + timedelta(days=1) if last else None),
            reason=self.reason,
            has_takeover=self.has_takeover,
            has_false_alarm=self.has_false_alarm,
            has_miss=self.has_miss,
            has_words=self.has_words,
            deleted=self.deleted,
            source=self.source,
        )

    @property
    def hides(self) -> bool:
        """Whether it may leave an episode out that is not in the bin."""
        return msgspec.structs.replace(self, deleted=False, source="recorded") != FilterChoice()


def encode_choice(choice: FilterChoice) -> str:
    """Return the choices as text, for the preferences."""
    return msgspec.json.encode(choice).decode()


def decode_choice(text: str) -> FilterChoice:
    """Return remembered choices; none where the text cannot be read, as after a change by hand."""
    try:
        return msgspec.json.decode(text, type=FilterChoice)
    except msgspec.MsgspecError:
        return FilterChoice()


def count_text(shown: int, total: int, selected: int, choice: FilterChoice) -> str:
    """Return how many episodes are listed, how many the filter hides, and how many are selected."""
    if choice.deleted:
        count = f"{shown:,} in the bin"
    else:
        hidden = total - shown
        count = f"{shown:,} of {total:,} · {hidden:,} hidden" if hidden > 0 else f"{shown:,}"
    return f"{count} · {selected:,} selected" if selected > 1 else count


def _midnight(day: date | None) -> str:
    """Return the beginning of a local day as the workspace writes times; empty for None."""
    if day is None:
        return ""
    return datetime.combine(day, time.min).astimezone(UTC).isoformat()
