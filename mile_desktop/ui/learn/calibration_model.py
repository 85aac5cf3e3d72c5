"""The result of a calibration and its sentences; no Qt and no torch."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

_NOT_NUMBERS = frozenset({"model", "steps", "auroc_before", "auroc", "notes"})
_NO_GAIN = 1e-4  # of the log-likelihood a step: below it, the fit ended where it began


@dataclass(frozen=True, slots=True)
class CalibrationResult:
    """The output of ``mile-desktop calibrate``."""

    model: str
    """Id of the new intervention model."""
    cost: float
    cost_error: float
    cdf_scale: float
    cost_before: float
    cdf_scale_before: float
    observed_rate: float
    predicted_rate_before: float
    predicted_rate: float
    log_likelihood_before: float
    log_likelihood: float
    """Mean per step."""
    steps: int
    held_out_share: float
    auroc_before: float | None = None
    """Ranking of the ten steps before a takeover above the others; None where it is not known."""
    auroc: float | None = None
    notes: tuple[str, ...] = ()
    """Sentences about episodes that were left out."""

    @classmethod
    def of(cls, fields: Mapping[str, Any]) -> Self:
        """Read the output of the command; ``KeyError`` or ``ValueError`` where it is none."""
        names = [name for name in cls.__slots__ if name not in _NOT_NUMBERS]
        numbers = {name: float(fields[name]) for name in names}
        return cls(
            model=str(fields["intervention_model"]),
            steps=int(fields["steps"]),
            auroc_before=_known(fields.get("auroc_before")),
            auroc=_known(fields.get("auroc")),
            notes=tuple(map(str, fields.get("notes", ()))),
            **numbers,
        )

    def rows(self) -> tuple[tuple[str, str, str], ...]:
        """Return name, before and after of each number."""
        return (
            ("Cost c", f"{self.cost_before:.2f}", f"{self.cost:.2f} ± {self.cost_error:.2f}"),
            ("Scale σ", f"{self.cdf_scale_before:.2f}", f"{self.cdf_scale:.2f}"),
            ("Predicted rate", f"{self.predicted_rate_before:.1%}", f"{self.predicted_rate:.1%}"),
            ("Observed rate", "", f"{self.observed_rate:.1%}"),
            ("Ranking (AUROC)", _score(self.auroc_before), _score(self.auroc)),
            ("Log-likelihood / step", f"{self.log_likelihood_before:.3f}", f"{self.log_likelihood:.3f}"),
        )

    @property
    def gain(self) -> float:
        """Of the mean log-likelihood of a step."""
        return self.log_likelihood - self.log_likelihood_before

    @property
    def better(self) -> bool:
        """Whether the new numbers describe the interventions better."""
        return self.gain > _NO_GAIN

    def verdict(self) -> str:
        """Return the gain and the data it was measured on, and what of the data was left out."""
        word = "describes your interventions better" if self.better else "describes them as well as before"
        seen = " on episodes the model had not seen" if self.held_out_share > 0.99 else ""
        grouped = f"{self.steps:,}".replace(",", "\N{NARROW NO-BREAK SPACE}")
        return " ".join(
            (f"The new calibration {word}: {self.gain:+.3f} a step over {grouped} steps{seen}.", *self.notes)
        )


def _score(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f}"


def _known(value: object) -> float | None:
    return None if value is None else float(str(value))
