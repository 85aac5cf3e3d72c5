"""How a setting of a training is described to people: title, meaning, range and choices."""

from dataclasses import dataclass
from enum import StrEnum

METADATA_KEY = "setting"
"""Of a dataclass field: its ``SettingInfo``."""


class SettingGroup(StrEnum):
    """Settings that a learning method uses all together or not at all; ``method_info`` says which method uses which."""

    COMMON = "common"
    """Used by every method."""
    IMITATION = "imitation"
    """Used where a policy is chosen by its error on held-out episodes."""
    INTERVENTION = "intervention"
    """Used where ν itself is learned from."""
    SILENT_STEPS = "silent steps"
    """How much the robot's own steps count; MILE only."""
    WARM_UP = "warm-up"
    """Used where the training begins with a simpler objective."""


@dataclass(frozen=True, slots=True)
class SettingInfo:
    """What people read about a setting, and which values it may have."""

    title: str
    meaning: str
    """One line, for a tooltip."""
    group: SettingGroup = SettingGroup.COMMON
    low: float | None = None
    high: float | None = None
    """Allowed range, both ends included; None: checked in another way, or no number."""
    unit: str = ""
    step: float = 1.0
    """How far an arrow key of a number field goes."""
    choices: tuple[tuple[str, str], ...] = ()
    """(value, text) of each allowed value of a setting that is a word."""
    in_window: bool = False
    """Whether the Learn panel offers it."""
    zero_text: str = ""
    """What a number field shows in place of 0; empty: the number."""
    unless: tuple[str, str] | None = None
    """Name and value of another setting: while it has this value, this one has no effect."""

    @property
    def tooltip(self) -> str:
        """Meaning and allowed range, each on its own line."""
        if self.low is None or self.high is None:
            return self.meaning
        return f"{self.meaning}\nFrom {self.low:,.10g} to {self.high:,.10g} {self.unit}".rstrip()


def described(info: SettingInfo) -> dict[str, SettingInfo]:
    """Return ``info`` as the metadata of a field."""
    return {METADATA_KEY: info}


def offered(
    title: str,
    meaning: str,
    low: float,
    high: float,
    *,
    group: SettingGroup = SettingGroup.COMMON,
    unit: str = "",
    step: float = 1.0,
    zero_text: str = "",
    unless: tuple[str, str] | None = None,
) -> dict[str, SettingInfo]:
    """Return the metadata of a number that the window offers."""
    return described(
        SettingInfo(title, meaning, group, low, high, unit, step, in_window=True, zero_text=zero_text, unless=unless)
    )
