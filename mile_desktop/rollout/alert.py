"""When p(intervene) is worth calling a person."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class AlertRule:
    """Threshold and patience of the alert."""

    threshold: float = 0.5
    """p in [0, 1]."""
    debounce_steps: int = 3
    """Consecutive steps at or above the threshold before the alert comes on."""
    ask_me: bool = False
    """Hold and ask instead of only alerting."""

    def __post_init__(self) -> None:
        if not 0.0 <= self.threshold <= 1.0:
            raise ValueError(f"The alert threshold is {self.threshold}; it must lie between 0 and 1.")
        if self.debounce_steps < 1:
            raise ValueError(f"The alert's debounce is {self.debounce_steps} steps; it must be at least 1.")


class AlertMonitor:
    """Follows the live probability; NaN (nothing to say) never alerts."""

    def __init__(self, rule: AlertRule) -> None:
        self.rule = rule
        self._above = 0

    @property
    def active(self) -> bool:
        """The probability has stayed at or above the threshold for the debounce time."""
        return self._above >= self.rule.debounce_steps

    def reset(self) -> None:
        """Forget what was seen, at the start of an episode and after a takeover."""
        self._above = 0

    def update(self, probability: float) -> bool:
        """Take in one step's probability; return True on the step at which the alert comes on."""
        was_active = self.active
        # A comparison with NaN is False, so a step without an estimate also ends the count.
        self._above = self._above + 1 if probability >= self.rule.threshold else 0
        return self.active and not was_active
