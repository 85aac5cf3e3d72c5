"""Every setting of a training, with its default, its range and the text that the window shows; no torch, no Qt.

This is the only place that lists the settings. The Learn panel builds its form from these fields, the command line
reads them by name, and the Policies page takes title and meaning from here. A new setting is one new field.
"""

from collections.abc import Mapping
from dataclasses import Field, asdict, dataclass, field, fields
from typing import Any, Literal

from mile_desktop.errors import UserError
from mile_desktop.learning.setting_info import METADATA_KEY, SettingGroup, SettingInfo, described, offered
from mile_desktop.learning.step_problem import StepProblem
from mile_desktop.policies.limits import STD_CEILING, STD_FLOOR

MentalModel = Literal["frozen", "joint", "published"]
"""π̂: the recorded policy of each step; a network anchored to it; a network tied to the BCE only, as published."""

SilenceRule = Literal["fixed", "weighed"]
"""Silent steps by fixed weights, or by the precision of robot and models of the human."""

EVALUATION_EPISODES = 20
"""Fixed starts on which the window compares the policies before and after a training."""

MOST_EVALUATION_EPISODES = 100
"""Starts up to which that comparison grows while a loss is still possible."""


LEFT_OUT = (StepProblem.IDLE,)
"""Left out of a training by default (decision 34)."""


class SettingsError(UserError, ValueError):
    """A setting is out of range; the message says which, what was found and what is allowed."""


_MENTAL_MODELS = (
    ("frozen", "frozen: the policy that ran (default)"),
    ("joint", "joint, anchored"),
    ("published", "joint, as published"),
)
_SILENCE_RULES = (("fixed", "fixed weights (default)"), ("weighed", "weighed by who knows better"))
_SCHEDULES = (("cosine", "falling (cosine)"), ("constant", "constant"))
_IMITATION, _INTERVENTION = SettingGroup.IMITATION, SettingGroup.INTERVENTION
_SILENT_STEPS, _WARM_UP = SettingGroup.SILENT_STEPS, SettingGroup.WARM_UP


@dataclass(frozen=True, slots=True)
class TrainingSettings:
    """Settings of one training; the defaults suit one core and twenty episodes.

    Field names are written into run configurations and policies; the order enters the fingerprint of a checkpoint.

    Raises
    ------
    SettingsError
        When a value is out of range.
    """

    method: str = field(default="mile", metadata=described(SettingInfo("Method", "What the policy learns from")))
    """Name in ``method_info.METHODS``."""
    # Automatic, because a fixed number is too few passes for little data: 1,500 updates left two of three policies
    # unlearned (decision 34).
    epochs: int = field(
        default=0,
        metadata=offered(
            "Epochs",
            "Passes over the recorded steps; 0: as many as a training needs to converge",
            0,
            100_000,
            unit="epochs",
            zero_text="automatic",
        ),
    )
    batch: int = field(
        default=256, metadata=offered("Batch", "Steps in a batch, demonstrations included", 2, 1_000_000, unit="steps")
    )
    learning_rate: float = field(
        default=5e-4, metadata=offered("Learning rate", "Step size of the optimiser", 1e-9, 1.0, step=1e-4)
    )
    schedule: Literal["cosine", "constant"] = field(
        default="cosine",
        metadata=described(
            SettingInfo("Rate over time", "How the learning rate falls", _IMITATION, choices=_SCHEDULES, in_window=True)
        ),
    )
    # Small, although the publication has .5: the term has not improved a policy in any table of docs/results.md. It is
    # kept because p on the screen uses the same likelihood (decision 28).
    balance: float = field(
        default=0.1,
        metadata=offered(
            "Weight λ",
            "Weight of the decisions to take over or not, against imitating corrections",
            0.0,
            1.0,
            group=_INTERVENTION,
            step=0.05,
        ),
    )
    """λ: weight of the intervention term; the action term gets 1 − λ."""
    anchor_share: float = field(
        default=0.5,
        metadata=offered("Replay ratio", "Share of each batch that comes from demonstrations", 0.0, 0.95, step=0.05),
    )
    """Also the least share of the action term that anchors have where there are any."""
    symmetry: bool = field(
        default=True,
        metadata=described(
            SettingInfo(
                "Symmetry",
                "Also learns from recorded steps turned, moved or mirrored as the task allows",
                in_window=True,
            )
        ),
    )
    """Which movements a task allows is settled when the run begins, see ``policies.symmetry``."""
    left_out: tuple[StepProblem, ...] = field(
        default=LEFT_OUT,
        metadata=described(SettingInfo("Left out", "Doubtful steps of takeovers that the policy does not learn from")),
    )
    """See ``data_hygiene``. The intervention model learns from them all the same: they were decisions to take over."""
    # Not imitated: at a weight of .3 the policy stayed close to the old robot and was .10 behind HG-DAgger on the
    # lander (decision 28).
    silence: float = field(
        default=0.0,
        metadata=offered(
            "Silent steps",
            "Weight of imitating the robot where you did not take over; 0 as published",
            0.0,
            1.0,
            group=_SILENT_STEPS,
            step=0.05,
            unless=("silence_rule", "weighed"),
        ),
    )
    """Against 1 of imitating a human; in the code ``silent_weight``, here the name that older runs wrote."""
    # After a short correction nothing else shows how to go on; takeovers of ten steps and more are not changed by it
    # (decision 28).
    follow_through: int = field(
        default=10,
        metadata=offered(
            "Follow-through",
            "Steps from the begin of a takeover that count as human, even if the robot did them; 0 as published",
            0,
            10_000,
            group=_SILENT_STEPS,
            unit="steps",
        ),
    )
    calm: float = field(
        default=1.0,
        metadata=offered(
            "Calm steps",
            "Weight of the robot's steps in successful episodes, far from takeovers; 0 as published",
            0.0,
            1.0,
            group=_SILENT_STEPS,
            step=0.05,
            unless=("silence_rule", "weighed"),
        ),
    )
    """They keep what the robot does well already, most of all where there are few demonstrations (decision 39)."""
    takeovers: float = field(
        default=1.0,
        metadata=offered(
            "Your takeovers",
            "Weight of imitating what you did; 0 learns from when you took over, not from how you drove",
            0.0,
            1.0,
            group=_SILENT_STEPS,
            step=0.05,
        ),
    )
    # A beginner's takeovers can teach the wrong thing, although the episodes that they rescue are worth imitating
    # (decision 41).
    takeover_trial: int = field(
        default=30,
        metadata=offered(
            "Trial",
            "Starts on which policies without your takeovers, and without your episodes, are tried, too",
            0,
            1000,
            group=_SILENT_STEPS,
            unit="starts",
            zero_text="not tried",
        ),
    )
    silence_rule: SilenceRule = field(
        default="fixed",
        metadata=described(
            SettingInfo(
                "Silence",
                "What counts where you did not take over: the weights above, or robot and models of you by precision",
                _SILENT_STEPS,
                choices=_SILENCE_RULES,
                in_window=True,
            )
        ),
    )
    """``weighed``: see ``silent_evidence``; it replaces ``silence`` and ``calm`` and fits models of you first."""
    mental_model: MentalModel = field(
        default="frozen",
        metadata=described(
            SettingInfo(
                "Mental model",
                "What the training assumes that you expected of the robot",
                _INTERVENTION,
                choices=_MENTAL_MODELS,
                in_window=True,
            )
        ),
    )
    mental_anchor: float = field(
        default=1.0,
        metadata=described(
            SettingInfo(
                "Joint weight", "Weight of the policy that ran under a joint mental model", _INTERVENTION, 0.0, 1e6
            )
        ),
    )
    cost: float | None = field(
        default=None,
        metadata=described(SettingInfo("Cost c", "What it costs you to take over, in the objective", _INTERVENTION)),
    )
    """None: calibrated from the data after the warm-up."""
    cdf_scale: float | None = field(
        default=None,
        metadata=described(
            SettingInfo("Scale σ", "How sharply you decide to take over, in the objective", _INTERVENTION)
        ),
    )
    """σ_Φ; None: calibrated."""
    warm_up: float = field(
        default=0.25,
        metadata=offered(
            "Warm-up", "Share of the epochs before interventions count", 0.0, 1.0, group=_WARM_UP, step=0.05
        ),
    )
    """Only imitates until then (RLIF: only trains the critic)."""
    gradient_limit: float = field(
        default=10.0,
        metadata=offered("Gradient limit", "Largest norm of the gradient; longer ones are clipped", 1e-6, 1e9),
    )
    std_floor: float = field(
        default=STD_FLOOR,
        metadata=described(
            SettingInfo("Least deviation", "Least standard deviation of the policy's actions", low=1e-4, high=10.0)
        ),
    )
    std_ceiling: float = field(
        default=STD_CEILING,
        metadata=described(
            SettingInfo("Largest deviation", "Largest standard deviation of the policy's actions", low=1e-4, high=100.0)
        ),
    )
    hidden: tuple[int, ...] = field(
        default=(256, 256),
        metadata=described(SettingInfo("Hidden layers", "Width of each; several networks are half as wide")),
    )
    # From other first weights the same data give very different policies (decision 40).
    networks: int = field(
        default=4,
        metadata=offered(
            "Networks", "Learn side by side and act as one, by their mean; 1 as published", 1, 64, group=_IMITATION
        ),
    )
    # Off: from poor first weights, as after one demonstration, it was far behind; elsewhere level or a little ahead
    # (decision 33).
    warm_start: bool = field(
        default=False, metadata=described(SettingInfo("Warm start", "Whether it began with the parent's weights"))
    )
    # No episode is held out: in 51 of 150 earlier trainings no epoch was better on the few held-out ones, and the old
    # policy was kept (docs/results.md).
    held_out: float = field(
        default=0.0,
        metadata=offered(
            "Held out",
            "Share of the episodes that are held out to choose the best weights",
            0.0,
            0.5,
            group=_IMITATION,
            step=0.05,
        ),
    )
    tripwire: float = field(
        default=1.5,
        metadata=offered(
            "Warn above",
            "Growth of the error on old episodes at which you are warned",
            1.0,
            1e6,
            group=_IMITATION,
            step=0.1,
        ),
    )
    ensemble: int = field(
        default=8,
        metadata=offered("Members", "Models of you behind p(intervene); 1 as published", 1, 256, unit="models"),
    )
    fit_epochs: int = field(
        default=40,
        metadata=offered(
            "Their epochs", "Passes over the recorded decisions when the members are fitted", 1, 100_000, unit="epochs"
        ),
    )
    seed: int = field(default=0, metadata=offered("Seed", "Same seed, same data: same policy", 0, 2**31 - 1))
    device: Literal["auto", "cpu", "cuda"] = field(
        default="auto", metadata=described(SettingInfo("Device", "Processor or graphics card"))
    )
    threads: int = field(
        default=1,
        metadata=described(
            SettingInfo(
                "Threads", "Processor threads of the trainer; more pay only on an idle machine", low=1, high=256
            )
        ),
    )

    def __post_init__(self) -> None:
        for each in fields(self):
            _check(each, getattr(self, each.name))
        if self.cdf_scale is not None and self.cdf_scale <= 0:
            raise SettingsError(f"cdf_scale is {self.cdf_scale}; it must be positive.")
        if self.std_floor >= self.std_ceiling:
            raise SettingsError(f"std_floor {self.std_floor} must be below std_ceiling {self.std_ceiling}.")
        if not self.hidden or min(self.hidden) < 1:
            raise SettingsError(f"hidden is {self.hidden}; it needs at least one positive width.")


def _check(setting: "Field[Any]", value: object) -> None:
    info: SettingInfo = setting.metadata[METADATA_KEY]
    allowed = [name for name, _ in info.choices]
    if allowed and value not in allowed:
        raise SettingsError(f"{setting.name} is {value!r}; it is one of {', '.join(allowed)}.")
    if info.low is None or info.high is None or not isinstance(value, int | float):
        return
    if not info.low <= value <= info.high:
        raise SettingsError(f"{setting.name} is {value}; it must be between {info.low:g} and {info.high:g}.")


SETTINGS: Mapping[str, SettingInfo] = {each.name: each.metadata[METADATA_KEY] for each in fields(TrainingSettings)}
"""Settings of a training by name, in the order of the form."""

EVALUATION_SETTING = SettingInfo(
    "Evaluation",
    "Episodes: starts on which before and after are compared, more while a loss is possible; 0 leaves it out",
    low=0,
    high=1000,
    unit="episodes",
)
"""Asked for beside a training: the comparison follows it."""

_FOUND = "Found by the training"
_OTHER_NAMES: Mapping[str, SettingInfo] = {
    "evaluation_episodes": EVALUATION_SETTING,
    "learned.symmetry": SettingInfo("Symmetry", f"{_FOUND}: how recorded steps were also used"),
    "learned.generated": SettingInfo("Generated", f"{_FOUND}: generated episodes that it also learned from"),
    "learned.generated_sets": SettingInfo("Generated by", f"{_FOUND}: the runs that generated them"),
    "learned.left_out": SettingInfo("Left out", f"{_FOUND}: steps that the policy did not learn from"),
    "learned.takeover_trial": SettingInfo("Trial of takeovers", f"{_FOUND}: successes with and without imitating them"),
    "learned.best_epoch": SettingInfo("Best epoch", f"{_FOUND}: the one whose weights were kept"),
    "learned.forgetting": SettingInfo("Forgot", f"{_FOUND}: growth of the error on old episodes"),
    "learned.cost": SettingInfo("Cost c found", f"{_FOUND}: what it costs you to take over"),
    "learned.cdf_scale": SettingInfo("Scale σ found", f"{_FOUND}: how sharply you decide to take over"),
    "learned.calibrated": SettingInfo("Calibrated", f"{_FOUND}: whether cost and scale fit the takeovers"),
    "learned.loss": SettingInfo("Loss", f"{_FOUND}: of the weights that were kept"),
    "learned.held_out_error": SettingInfo("Error held out", f"{_FOUND}: on the episodes that were held out"),
}


def setting_info(name: str) -> SettingInfo:
    """Return what people read about the setting or result ``name``; an unknown one gets its name as title."""
    known = SETTINGS.get(name) or _OTHER_NAMES.get(name)
    return known or SettingInfo(name.rpartition(".")[2].replace("_", " ").capitalize(), "")


def settings_to_json(settings: TrainingSettings) -> dict[str, Any]:
    """Return the settings as JSON-representable values."""
    values = asdict(settings)
    return {**values, "hidden": list(settings.hidden), "left_out": [each.value for each in settings.left_out]}


def settings_from_json(values: dict[str, Any]) -> TrainingSettings:
    """Return settings from ``values``; ``SettingsError`` for names that are no settings."""
    unknown = sorted(values.keys() - SETTINGS.keys())
    if unknown:
        raise SettingsError(f"Unknown settings {', '.join(unknown)}; known are {', '.join(sorted(SETTINGS))}.")
    lists: dict[str, Any] = {"hidden": tuple(values["hidden"])} if "hidden" in values else {}
    if "left_out" in values:
        lists["left_out"] = _problems(values["left_out"])
    # Written before there could be several networks and a trial: then there was one, and none.
    return TrainingSettings(**{"networks": 1, "takeover_trial": 0, **values, **lists})


def _problems(names: list[str]) -> tuple[StepProblem, ...]:
    known = [each.value for each in StepProblem]
    if wrong := [name for name in names if name not in known]:
        raise SettingsError(f"left_out names {', '.join(map(str, wrong))}; it can name {', '.join(known)}.")
    return tuple(StepProblem(name) for name in names)
