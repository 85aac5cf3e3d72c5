"""The simulated supervisor of an experiment, as plain settings."""

from dataclasses import fields, replace
from typing import Any, Literal

import msgspec

from mile_desktop.operators.inaccurate import Belief, Inaccuracy, InaccurateSupervisor
from mile_desktop.operators.novice import NoviceSettings
from mile_desktop.operators.operator import Expert, Operator
from mile_desktop.operators.probit import ProbitSettings
from mile_desktop.operators.segment import ATTENTIVE, SegmentSettings
from mile_desktop.operators.stall import StallSettings
from mile_desktop.operators.supervisors import Settings, UnknownSupervisorError, make_supervisor
from mile_desktop.operators.tired import TiredSettings

_DEFAULTS: dict[str, Settings] = {
    "probit": ProbitSettings(),
    "segment": SegmentSettings(),
    "attentive": ATTENTIVE,
    "novice": NoviceSettings(),
    "stall": StallSettings(),
    "tired": TiredSettings(),
}


class SimulatedSupervisor(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A simulated supervisor and the errors in their picture of the robot."""

    kind: str = "attentive"
    """Name in ``operators.supervisors.SUPERVISORS``."""
    changes: dict[str, int | float] = {}
    """Fields of the supervisor's settings that differ from its defaults."""
    lag_steps: int = 0
    bias: float = 0.0
    noise_std: float = 0.0
    """See ``operators.inaccurate.Inaccuracy``."""
    lag_rounds: int = 0
    """The supervisor expects the policy of so many rounds before."""
    mental_model: Literal["running", "initial"] = "running"
    """The policy that the supervisor expects: the one that runs, or for all rounds the initial one. The published
    synthetic human has the fixed one, and never sees that the robot has improved."""

    @property
    def inaccurate(self) -> bool:
        """Whether the mental model has an error."""
        return bool(self.lag_steps or self.bias or self.noise_std or self.lag_rounds or self.mental_model != "running")

    @property
    def title(self) -> str:
        """Name in tables."""
        wrong = [
            f"{name} {value:g}"
            for name, value in (
                ("lag", self.lag_steps),
                ("bias", self.bias),
                ("noise", self.noise_std),
                ("rounds late", self.lag_rounds),
            )
            if value
        ]
        own = [f"{name} {value:g}" for name, value in self.changes.items()]
        fixed = ["fixed mental model"] if self.mental_model == "initial" else []
        return ", ".join([self.kind, *own, *wrong, *fixed])


def supervisor_of(supervision: SimulatedSupervisor, expert: Expert, belief: Belief | None = None) -> Operator:
    """Make the supervisor.

    Parameters
    ----------
    belief
        The policy that the supervisor expects, when it is not the one that runs.

    Raises
    ------
    UnknownSupervisorError
        The supervisor or one of its settings does not exist.
    """
    inner = make_supervisor(supervision.kind, expert, _settings(supervision))
    # No wrapper where nothing is wrong: the kind of operator that is recorded would be another one.
    if not supervision.inaccurate:
        return inner
    if supervision.mental_model == "initial" and belief is None:
        raise UnknownSupervisorError("A supervisor with a fixed mental model needs the policy that they expect.")
    wrong = Inaccuracy(lag_steps=supervision.lag_steps, bias=supervision.bias, noise_std=supervision.noise_std)
    return InaccurateSupervisor(inner, wrong, belief)


def _settings(supervision: SimulatedSupervisor) -> Settings | None:
    if not supervision.changes:
        return None
    defaults = _DEFAULTS.get(supervision.kind)
    known = [] if defaults is None else [each.name for each in fields(defaults)]
    if unknown := sorted(supervision.changes.keys() - set(known)):
        choices = ", ".join(known) or "none"
        raise UnknownSupervisorError(
            f"The {supervision.kind} supervisor has no setting {', '.join(unknown)}; it has {choices}."
        )
    changed: Any = supervision.changes
    return None if defaults is None else replace(defaults, **changed)
