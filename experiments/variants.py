"""The learners of the tables by name: every method with its defaults, and the forms of MILE."""

from typing import Any

from experiments.arms import CONTROL_ARMS, Arm
from mile_desktop.errors import UserError
from mile_desktop.learning.methods import methods
from mile_desktop.learning.step_problem import StepProblem

SILENT: dict[str, Any] = {"silence": 0.3, "follow_through": 0, "balance": 0.5}
"""The program's default before follow-through."""

RECORDED_RECIPE: dict[str, Any] = {
    "epochs": 80,
    "held_out": 0.1,
    "warm_start": True,
    "symmetry": False,
    "left_out": (),
    "calm": 0.0,
    "networks": 1,
    "takeover_trial": 0,
}
"""How policies were trained when the committed results were made; the program's defaults have changed since."""
TODAY_RECIPE: dict[str, Any] = {
    "epochs": 0,
    "held_out": 0.0,
    "warm_start": False,
    "symmetry": True,
    "left_out": [StepProblem.IDLE],  # a list, as it comes back from the record
}
"""The program's defaults of before decision 40: every method can be tried with them (``--settings``). ``mile-calm`` is
MILE with them."""

_TODAY: dict[str, Any] = {
    "method": "mile",
    "silence": 0.0,
    "follow_through": 10,
    "balance": 0.1,
    **TODAY_RECIPE,
}
_CALM: dict[str, Any] = {**_TODAY, "calm": 1.0}
_FOUR: dict[str, Any] = {**_CALM, "networks": 4}

_FORMS: dict[str, dict[str, Any]] = {
    "mile": {"method": "mile", "silence": 0.0, "follow_through": 10, "balance": 0.1},
    "mile-silent": {"method": "mile", **SILENT},
    "mile-joint": {"method": "mile", **SILENT, "mental_model": "joint"},
    "mile-published": {"method": "mile", **SILENT, "mental_model": "published"},
    "mile-paper": {
        "method": "mile",
        **SILENT,
        "mental_model": "published",
        "silence": 0.0,
        "warm_up": 0.0,
        "schedule": "constant",
    },
    "mile-no-silence": {"method": "mile", **SILENT, "silence": 0.0},
    "mile-imitation": {"method": "mile", **SILENT, "balance": 0.0},
    "mile-today": _TODAY,
    "mile-calm": _CALM,
    "mile-four": _FOUR,
    "mile-tried": {**_FOUR, "takeover_trial": 30},
    "mile-weighed": {**_TODAY, "silence_rule": "weighed"},
    "mile-iwr": {"method": "mile-iwr", "balance": 0.5},
}

_CONTROLS: dict[Arm, dict[str, Any]] = {
    "no-retraining": {"method": "bc"},
    "demonstrations-only": {"method": "bc"},
    "random-expert-steps": {"method": "hg-dagger"},
}

VARIANTS: dict[str, dict[str, Any]] = {
    **{each.name: {"method": each.name} for each in methods()},
    **_FORMS,
    **{str(name): settings for name, settings in _CONTROLS.items()},
}
"""Name → training settings of the learner.

- ``mile``: the program's default, spelled out, because a default may change and a committed result may not. Of the
  silent steps it imitates those that follow a short takeover, as it imitates the takeover.
- ``mile-tried``: the program's default. Its recipe has symmetries, new weights, all data, last weights; of the silent
  steps it also imitates the calm ones (decision 39); four networks act as one (decision 40); a policy that does not
  imitate the takeovers is tried, too, and the better one goes on (decision 41).
- ``mile-four``, ``mile-calm``: the default without the last, and without the last two.
- ``mile-today``: ``mile-calm`` without the calm steps, the default before that decision.
- ``mile-weighed``: ``mile-today`` with silent steps weighed by the precision of robot and models of the human.
- ``mile-silent``: imitates all silent steps with a small weight, and gives the BCE half of the loss.
- ``mile-joint``, ``mile-published``: ``mile-silent`` with another mental model, a network anchored to the recorded
  policy, or one that only the BCE trains.
- ``mile-paper``: the published objective; also silence in the BCE only, no warm-up, constant learning rate.
- ``mile-no-silence``, ``mile-imitation``: ``mile-silent`` without imitation of silent steps, or without the BCE.
- ``no-retraining``, ``demonstrations-only``, ``random-expert-steps``: control arms, see ``arms.Arm``. What the random
  arm's human did is imitated, and nothing else, as HG-DAgger does.
"""


class UnknownVariantError(UserError, ValueError):
    """The learner does not exist."""


def variant(name: str) -> dict[str, Any]:
    """Return the training settings of the learner called ``name``."""
    try:
        return VARIANTS[name]
    except KeyError:
        raise UnknownVariantError(f"There is no learner {name!r}; there are {', '.join(VARIANTS)}.") from None


def arm_of(name: str) -> Arm:
    """Return the arm of the learner called ``name``: its own for a control, else ``supervised``."""
    return next((arm for arm in CONTROL_ARMS if arm == name), "supervised")
