"""Everything a person can set about a training, with defaults that suit one core and twenty episodes."""

from dataclasses import asdict, dataclass, fields, replace
from typing import Any, Literal

from mile_desktop.errors import UserError
from mile_desktop.policies.networks import STD_CEILING, STD_FLOOR

MentalModel = Literal["frozen", "joint", "published"]
"""π̂: the recorded policy of each step; a network anchored to it; a network tied to the BCE only, as published."""


class SettingsError(UserError, ValueError):
    """A setting is out of range; the message says which, what was found and what is allowed."""


@dataclass(frozen=True, slots=True)
class TrainingSettings:
    """Settings of one training; raises ``SettingsError`` where one is out of range."""

    method: str = "mile"
    """Name in ``objectives.METHODS`` (or ``rlif``)."""
    epochs: int = 80
    """Passes over the supervised steps."""
    batch: int = 256
    """Steps a batch, anchors included."""
    learning_rate: float = 5e-4
    schedule: Literal["cosine", "constant"] = "cosine"
    balance: float = 0.1
    """λ: weight of the intervention term; the action term gets 1 − λ."""
    anchor_share: float = 0.5
    """Share of every batch, and least share of the action term, that anchors have where there are any."""
    silence: float = 0.0
    """Weight of imitating the robot where nobody stepped in, against 1 of imitating a human; ``mile`` only. 0 is the
    published form."""
    follow_through: int = 10
    """Steps from the beginning of a takeover on that are imitated like the human's, if the robot did them; ``mile``
    only. 0 is the published form."""
    mental_model: MentalModel = "frozen"
    mental_anchor: float = 1.0
    """Weight of the likelihood of the recorded policy under a ``joint`` mental model."""
    cost: float | None = None
    """c of the objective; None: calibrated from the data after the warm-up."""
    cdf_scale: float | None = None
    """σ_Φ of the objective; None: calibrated."""
    warm_up: float = 0.25
    """Share of the epochs that only imitate, before the intervention term and its calibration."""
    gradient_limit: float = 10.0
    """Largest norm of the gradient; longer ones are shortened."""
    std_floor: float = STD_FLOOR
    std_ceiling: float = STD_CEILING
    hidden: tuple[int, ...] = (256, 256)
    """Hidden layers of a policy without a parent; one with a parent has the parent's."""
    warm_start: bool = True
    """Begin with the parent's weights."""
    held_out: float = 0.1
    """Share of the episodes that are held back."""
    tripwire: float = 1.5
    """Growth of the error on held-back old data that counts as forgetting."""
    ensemble: int = 8
    """Members of the intervention model that is fitted after the policy."""
    fit_epochs: int = 40
    """Passes of that fit."""
    seed: int = 0
    device: Literal["auto", "cpu", "cuda"] = "auto"
    threads: int = 1
    """Processor threads of the trainer; more than one pays only on an idle machine."""

    def __post_init__(self) -> None:
        for name, low, high in _RANGES:
            value = getattr(self, name)
            if not low <= value <= high:
                raise SettingsError(f"{name} is {value}; it must be between {low:g} and {high:g}.")
        if self.cdf_scale is not None and self.cdf_scale <= 0:
            raise SettingsError(f"cdf_scale is {self.cdf_scale}; it must be positive.")
        if self.std_floor >= self.std_ceiling:
            raise SettingsError(f"std_floor {self.std_floor} must be below std_ceiling {self.std_ceiling}.")
        if not self.hidden or min(self.hidden) < 1:
            raise SettingsError(f"hidden is {self.hidden}; it needs at least one positive width.")
        if self.mental_model not in {"frozen", "joint", "published"}:
            raise SettingsError(f"mental_model is {self.mental_model!r}; it is one of frozen, joint, published.")


_RANGES: tuple[tuple[str, float, float], ...] = (
    ("epochs", 1, 100_000),
    ("batch", 2, 1_000_000),
    ("learning_rate", 1e-9, 1.0),
    ("balance", 0.0, 1.0),
    ("anchor_share", 0.0, 0.95),
    ("silence", 0.0, 1.0),
    ("follow_through", 0, 10_000),
    ("mental_anchor", 0.0, 1e6),
    ("warm_up", 0.0, 1.0),
    ("gradient_limit", 1e-6, 1e9),
    ("std_floor", 1e-4, 10.0),
    ("std_ceiling", 1e-4, 100.0),
    ("held_out", 0.0, 0.5),
    ("tripwire", 1.0, 1e6),
    ("ensemble", 1, 256),
    ("fit_epochs", 1, 100_000),
    ("seed", 0, 2**31 - 1),
    ("threads", 1, 256),
)


def published_settings(settings: TrainingSettings | None = None) -> TrainingSettings:
    """Return ``settings`` with what the publication used.

    300 epochs, batch 1024, a joint mental model tied to nothing else, silence in the BCE only, no warm-up.
    """
    return replace(
        settings or TrainingSettings(),
        method="mile",
        epochs=300,
        batch=1024,
        balance=0.5,
        schedule="constant",
        mental_model="published",
        silence=0.0,
        follow_through=0,
        hidden=(256, 256),
        warm_up=0.0,
    )


def settings_to_json(settings: TrainingSettings) -> dict[str, Any]:
    """Return the settings as JSON-representable values."""
    values = asdict(settings)
    return {**values, "hidden": list(settings.hidden)}


def settings_from_json(values: dict[str, Any]) -> TrainingSettings:
    """Return settings from ``values``; ``SettingsError`` for names that are no settings."""
    known = {each.name for each in fields(TrainingSettings)}
    unknown = sorted(values.keys() - known)
    if unknown:
        raise SettingsError(f"Unknown settings {', '.join(unknown)}; known are {', '.join(sorted(known))}.")
    hidden = {"hidden": tuple(values["hidden"])} if "hidden" in values else {}
    return TrainingSettings(**{**values, **hidden})
