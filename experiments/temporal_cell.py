"""Whether the temporal model predicts better for supervisors who gather evidence, react late and hold on."""

import msgspec
import numpy as np
import torch

from experiments.fixtures import open_fixtures
from experiments.recovery_cell import SEEDS_A_CELL, SUPERVISED_SEED, Networks, collect_supervised_steps, human_model
from experiments.supervisor_setup import SimulatedSupervisor
from mile_desktop.arrays import Float64Array
from mile_desktop.intervention.calibration import calibrate
from mile_desktop.intervention.data import SupervisedSteps
from mile_desktop.intervention.model_config import TemporalParameters
from mile_desktop.intervention.scores import score_probabilities
from mile_desktop.intervention.strata import supervised_rows
from mile_desktop.intervention.temporal import fit_temporal, temporal_probabilities

_TEST_OFFSET = SEEDS_A_CELL // 2  # so that training and test starts of a cell never overlap


class TemporalCell(msgspec.Struct, frozen=True, kw_only=True, tag="temporal", forbid_unknown_fields=True):
    """Both models are fitted to some episodes of a supervisor and predict other episodes."""

    scene: str = "peg-insertion"
    supervision: SimulatedSupervisor
    networks: Networks = "known"
    episodes: int = 16
    held_out: int = 10
    seed: int = 0

    @property
    def title(self) -> str:
        """For progress lines."""
        return f"temporal, {self.networks} networks, {self.supervision.title}, seed {self.seed}"

    @property
    def slug(self) -> str:
        """For file names."""
        return f"temporal-{self.scene}-{self.networks}-{self.supervision.kind}-{self.seed}"


class Predicted(msgspec.Struct, frozen=True, kw_only=True):
    """One model on the held-out episodes."""

    log_likelihood: float
    """Mean per step, of ν given all earlier steps."""
    brier: float
    auroc: float | None
    onset_log_likelihood: float
    """The same over steps after an autonomous one, where predicting that a takeover continues is no gain."""
    onset_auroc: float | None


class TemporalOutcome(msgspec.Struct, frozen=True, kw_only=True, tag="temporal"):
    """Scores of both models, and the fitted parameters of the temporal one."""

    rate: float
    parameters: TemporalParameters
    instantaneous: Predicted
    temporal: Predicted

    @property
    def summary(self) -> str:
        """For progress lines."""
        found = self.parameters
        return (
            f"log-likelihood {self.instantaneous.log_likelihood:.3f} → {self.temporal.log_likelihood:.3f}, retention "
            f"{found.retention:.2f}, delay {found.delay_steps}, hand back {found.hand_back:.2f}"
        )


def run_temporal(cell: TemporalCell) -> TemporalOutcome:
    """Run the cell; equal cells give equal results."""
    first = SUPERVISED_SEED + cell.seed * SEEDS_A_CELL
    with open_fixtures(cell.scene) as fixtures:
        train = collect_supervised_steps(fixtures, cell.supervision, first_seed=first, n=cell.episodes)
        test = collect_supervised_steps(fixtures, cell.supervision, first_seed=first + _TEST_OFFSET, n=cell.held_out)
        model = human_model(cell.networks, fixtures, train, seed=cell.seed)
        model, _ = calibrate(model, train)
        parameters = fit_temporal(model, train).parameters
        # Nothing was fitted on the test episodes, so every member may be asked.
        instantaneous = model.predict(test, honest=False).probability.numpy()
        temporal = temporal_probabilities(model, parameters, test, honest=False)
    return TemporalOutcome(
        rate=float(test.intervention[supervised_rows(test)].double().mean()),
        parameters=parameters,
        instantaneous=_predicted(instantaneous, test),
        temporal=_predicted(temporal, test),
    )


def _predicted(probability: Float64Array, test: SupervisedSteps) -> Predicted:
    rows = supervised_rows(test)
    # Steps of all episodes lie in one array: the step before counts only within the same episode.
    before = torch.zeros_like(test.intervention)
    before[1:] = test.intervention[:-1] & (test.episode[1:] == test.episode[:-1])
    happened, elapsed = test.intervention.numpy(), test.step.numpy()
    everywhere, onset = rows.numpy(), (rows & ~before).numpy()
    scores, at_onset = (
        score_probabilities(probability[mask], happened[mask], elapsed[mask]) for mask in (everywhere, onset)
    )
    return Predicted(
        log_likelihood=scores.log_likelihood,
        brier=scores.brier,
        auroc=existing(scores.auroc),
        onset_log_likelihood=at_onset.log_likelihood,
        onset_auroc=existing(at_onset.auroc),
    )


def existing(value: float) -> float | None:
    """Return ``value``, or None for NaN, which JSON does not have."""
    return None if np.isnan(value) else value
