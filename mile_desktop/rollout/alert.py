"""When p(intervene) is worth calling a person, and when a person may let go."""

import math
from collections import deque
from dataclasses import dataclass

from mile_desktop.storage.call_curve import LET_GO, TEN_MINUTES_S

LINE_RANGE = (0.02, 0.98)
_STEP = 0.5
"""By how much a call raises the line while a budget is kept, in log-odds. Between calls the line falls so that it is
back after as long as the budget has for one call: with 5 calls in ten minutes, two minutes."""


@dataclass(frozen=True, slots=True)
class AlertRule:
    """Threshold and patience of the alert."""

    threshold: float = 0.5
    """p in [0, 1]."""
    debounce_steps: int = 3
    """Consecutive steps at or above the threshold before the alert comes on."""
    ask_me: bool = False
    """Hold and ask instead of only alerting."""
    let_go: float = LET_GO
    """The lower line: the alert stays on above it, and below it a person who drives may let go."""
    most_calls: int = 0
    """Calls allowed in ten minutes of autonomy; 0: any number."""

    def __post_init__(self) -> None:
        for name, value in (("threshold", self.threshold), ("lower line", self.let_go)):
            if not 0.0 <= value <= 1.0:
                raise ValueError(f"The alert's {name} is {value}; it must lie between 0 and 1.")
        if self.debounce_steps < 1:
            raise ValueError(f"The alert's debounce is {self.debounce_steps} steps; it must be at least 1.")
        if self.most_calls < 0:
            raise ValueError(f"The alert's budget is {self.most_calls} calls in ten minutes; it must be at least 0.")


class AlertMonitor:
    """Follows the live probability; NaN (no number) never alerts.

    With a budget the line moves by online quantile tracking: it rises with every call and falls between calls, so that
    in the long run there are as many calls as allowed, however person and policy change. In addition, no call comes on
    while the last ten minutes of autonomy hold as many as allowed: the budget is a promise, not an average.
    """

    def __init__(self, rule: AlertRule, rate_hz: float = 20.0) -> None:
        self.rule = rule
        self._window = max(1, round(TEN_MINUTES_S * rate_hz))
        self._line = rule.threshold
        self._calls: deque[int] = deque()
        self._steps = 0
        self._above = self._below = 0
        self._active = False

    def follow(self, rule: AlertRule) -> None:
        """Use another rule; what was called counts on, and the line only moves if the new rule sets another one."""
        if rule.threshold != self.rule.threshold or not rule.most_calls:
            self._line = rule.threshold
        self.rule = rule
        self.reset()  # steps above the old line do not count for the new one

    @property
    def line(self) -> float:
        """The threshold in force; with a budget it moves."""
        return self._line

    @property
    def active(self) -> bool:
        """The probability reached the line for the debounce time, and has not fallen below the lower line since."""
        return self._active

    @property
    def budget_used(self) -> bool:
        """As many calls as allowed came in the last ten minutes: no further one comes on."""
        return bool(self.rule.most_calls) and len(self._calls) >= self.rule.most_calls

    @property
    def may_let_go(self) -> bool:
        """While a person drives: the number has stayed below the lower line for the debounce time."""
        return self._below >= self.rule.debounce_steps

    def reset(self) -> None:
        """Forget what was seen, at the start of an episode and after a takeover; the budget is kept."""
        self._above = self._below = 0
        self._active = False

    def update(self, probability: float, usual: float = math.nan) -> bool:
        """Take in one autonomous step's probability; return True on the step at which the alert comes on.

        ``usual``: the line of this step, where a band over time takes the place of the rule's one; see
        ``InterventionEstimate.usual``.
        """
        self._count_step()
        self._below = 0
        line = self._line if math.isnan(usual) else usual
        self._above = self._above + 1 if probability >= line else 0
        if self._active:
            # A line below the lower line is possible; then the alert ends at the line itself.
            self._active = probability >= min(self.rule.let_go, line)
            return False
        self._active = self._above >= self.rule.debounce_steps and not self.budget_used
        if self._active:
            self._calls.append(self._steps)
            self._move_line(_STEP)
        return self._active

    def update_takeover(self, probability: float) -> None:
        """Take in one step that a person drove: the probability of another takeover, should they let go now."""
        self._above, self._active = 0, False
        self._below = self._below + 1 if probability < self.rule.let_go else 0

    def _count_step(self) -> None:
        self._steps += 1
        while self._calls and self._calls[0] <= self._steps - self._window:
            self._calls.popleft()
        # Not during a call: a number that stays high is one call, and the line would sink below every number.
        if not self._active:
            self._move_line(-_STEP * self.rule.most_calls / self._window)

    def _move_line(self, log_odds: float) -> None:
        if not self.rule.most_calls or not log_odds:
            return
        low, high = LINE_RANGE
        line = min(max(self._line, low), high)
        self._line = min(max(1 / (1 + math.exp(-math.log(line / (1 - line)) - log_odds)), low), high)
