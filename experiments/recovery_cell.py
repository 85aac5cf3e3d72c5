"""Whether calibration finds the cost and scale of a simulated supervisor."""

from typing import Literal

import msgspec

from experiments.fixtures import Fixtures, open_fixtures
from experiments.oracle_model import oracle_model
from experiments.supervisor_setup import SimulatedSupervisor, supervisor_of
from mile_desktop.generation.episode_collection import collect
from mile_desktop.intervention.calibration import calibrate
from mile_desktop.intervention.data import SupervisedSteps
from mile_desktop.intervention.fit import FitSettings, fit_intervention_model
from mile_desktop.intervention.model import InterventionModel
from mile_desktop.intervention.strata import takeovers_in
from mile_desktop.learning.dataset import supervised_steps
from mile_desktop.operators.probit import ProbitSettings
from mile_desktop.policies.torch_policy import as_policy

SUPERVISED_SEED = 700_000
"""First episode seed of the validation, apart from the seeds of learning, of the bundle and of evaluations."""

SEEDS_A_CELL = 200

Networks = Literal["known", "learned"]
"""The human model: the scripted expert that the supervisor follows, or an ensemble fitted to the episodes."""


class RecoveryCell(msgspec.Struct, frozen=True, kw_only=True, tag="recovery", forbid_unknown_fields=True):
    """A probit supervisor of known cost and scale supervises the initial policy."""

    scene: str = "peg-insertion"
    cost: float
    cdf_scale: float
    networks: Networks = "known"
    episodes: int = 12
    seed: int = 0

    @property
    def title(self) -> str:
        """For progress lines."""
        return f"{self.slug}"

    @property
    def slug(self) -> str:
        """For file names."""
        return f"recovery-{self.scene}-{self.networks}-c{self.cost:g}-s{self.cdf_scale:g}-{self.seed}"


class Recovery(msgspec.Struct, frozen=True, kw_only=True, tag="recovery"):
    """Result of the calibration."""

    steps: int
    takeovers: int
    cost: float
    cdf_scale: float
    cost_error: float
    """Standard error as calibration estimates it."""
    observed_rate: float
    predicted_rate: float
    log_likelihood: float
    """Mean per step, with the fitted values."""
    true_log_likelihood: float | None
    """With the true values; None with learned networks, whose K has other units than that of the supervisor."""

    @property
    def summary(self) -> str:
        """For progress lines."""
        return (
            f"cost {self.cost:.2f} ± {self.cost_error:.2f}, scale {self.cdf_scale:.2f}, rate {self.observed_rate:.2f}"
        )


def run_recovery(cell: RecoveryCell) -> Recovery:
    """Run the cell; equal cells give equal results."""
    supervision = SimulatedSupervisor(kind="probit", changes={"cost": cell.cost, "cdf_scale": cell.cdf_scale})
    with open_fixtures(cell.scene) as fixtures:
        steps = collect_supervised_steps(
            fixtures, supervision, first_seed=SUPERVISED_SEED + cell.seed * SEEDS_A_CELL, n=cell.episodes
        )
        model = human_model(cell.networks, fixtures, steps, seed=cell.seed)
    _, found = calibrate(model, steps)
    true = None
    if cell.networks == "known":
        # A calibration reports the likelihood that it began with, here that of the true values.
        at_truth = model.with_config(cost=cell.cost, cdf_scale=cell.cdf_scale)
        true = calibrate(at_truth, steps)[1].log_likelihood_before
    return Recovery(
        steps=found.steps,
        takeovers=takeovers_in(steps),
        cost=found.cost,
        cdf_scale=found.cdf_scale,
        cost_error=found.cost_error,
        observed_rate=found.observed_rate,
        predicted_rate=found.predicted_rate,
        log_likelihood=found.log_likelihood,
        true_log_likelihood=true,
    )


def collect_supervised_steps(
    fixtures: Fixtures, supervision: SimulatedSupervisor, *, first_seed: int, n: int
) -> SupervisedSteps:
    """Collect ``n`` supervised episodes of the initial policy; the demonstrations are added as anchors."""
    policy = as_policy(fixtures.initial, "initial")
    operator = supervisor_of(supervision, fixtures.expert)
    episodes = collect(fixtures.driven, fixtures.info, policy, operator, first_seed=first_seed, episodes=n)
    return supervised_steps(episodes, fixtures.demonstrations)


def human_model(networks: Networks, fixtures: Fixtures, steps: SupervisedSteps, *, seed: int) -> InterventionModel:
    """Return the oracle or the fitted model of the supervisor of ``steps``."""
    if networks == "known":
        return oracle_model(
            fixtures.expert, ProbitSettings().expert_std, steps.observation.shape[1], steps.action.shape[1]
        )
    return fit_intervention_model(steps, FitSettings(seed=seed, temporal=False, forecast=False)).model
