"""What every trainer takes, returns and raises."""

from collections.abc import Callable
from dataclasses import dataclass

from mile_desktop.errors import UserError
from mile_desktop.intervention.cost_fit import Threshold
from mile_desktop.learning.progress import RunEvent
from mile_desktop.policies.checkpoint import PolicyNetwork

Report = Callable[[RunEvent], None]
CancelCheck = Callable[[], bool]
"""Asked between two small pieces of work; True: stop."""


class TrainingCancelled(Exception):  # noqa: N818 - a request, not an error
    """The training was stopped by request."""


class TrainingError(UserError, ValueError):
    """There is nothing to train on, or the losses are no numbers; the message says what to do."""


@dataclass(frozen=True, slots=True, eq=False)
class TrainingResult:
    """What a training made."""

    network: PolicyNetwork
    mental: PolicyNetwork | None
    """The learned mental model, where there is one."""
    loss: float
    """Mean training loss of the last epoch."""
    held_out_error: float | None
    """Error of ``network`` on held-out episodes; None where there are too few."""
    best_epoch: int
    """Epoch the weights are from; 0: those the training began with."""
    threshold: Threshold | None
    """c and σ_Φ of the objective; None where ν was not learned from."""
    calibrated: bool
    """Whether they were fitted to the data rather than set or assumed."""
    forgetting: float | None
    """Error on held-out old data after over before; None where it could not be measured."""
