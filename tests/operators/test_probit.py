import math

import numpy as np
import pytest
from scipy import integrate, stats

from mile_desktop.operators.probit import (
    ProbitSettings,
    ProbitSupervisor,
    expected_shortfall,
)
from tests.operators.supervised import GOAL, drive, expert, seen, spans


def probability(shortfall: float, size: int, cost: float, cdf_scale: float) -> float:
    """Integrate the published model directly: p = E_T Φ((K − c − T)/σ)."""

    def integrand(own_loss: float) -> float:
        decided = stats.norm.cdf((shortfall - cost - own_loss) / cdf_scale)
        return float(stats.gamma.pdf(own_loss, size / 2.0) * decided)

    return float(integrate.quad(integrand, 0.0, np.inf)[0])


@pytest.mark.parametrize(
    ("gap", "cost", "cdf_scale"), [(0.0, 0.0, 1.0), (0.4, 2.0, 2.0), (0.6, 4.0, 1.0), (1.0, 4.0, 0.3)]
)
def test_probit_takes_over_as_often_as_the_model_says(gap: float, cost: float, cdf_scale: float) -> None:
    chosen = ProbitSettings(expert_std=0.3, cost=cost, cdf_scale=cdf_scale)
    supervisor = ProbitSupervisor(expert, chosen)
    supervisor.reset(11)
    step = seen(GOAL - np.array([gap, 0.0, 0.0, -gap], np.float32), std=0.2)
    expected = probability(expected_shortfall(GOAL, 0.3, step.policy_mean, step.policy_std), 4, cost, cdf_scale)
    count = 8000
    rate = sum(supervisor.poll(step).takeover for _ in range(count)) / count
    assert rate == pytest.approx(expected, abs=4.5 * math.sqrt(expected * (1 - expected) / count) + 1e-3)


def test_shortfall_is_half_the_dimensions_for_the_humans_own_policy() -> None:
    assert expected_shortfall(GOAL, 0.3, GOAL, np.full(4, 0.3, np.float32)) == pytest.approx(2.0, abs=1e-6)


def test_a_higher_cost_means_fewer_takeovers() -> None:
    rates = []
    for cost in (0.0, 3.0, 6.0, 12.0):
        supervisor = ProbitSupervisor(expert, ProbitSettings(expert_std=0.3, cost=cost))
        supervisor.reset(2)
        rates.append(sum(reading.takeover for reading in drive(supervisor, [GOAL * 0.3] * 500)))
    assert rates == sorted(rates, reverse=True)
    assert rates[0] > rates[-1]


def test_probit_acts_like_the_expert_with_its_own_spread() -> None:
    supervisor = ProbitSupervisor(lambda _: np.zeros(4, np.float32), ProbitSettings(expert_std=0.2))
    supervisor.reset(3)
    actions = np.stack([reading.action for reading in drive(supervisor, [GOAL] * 3000)])
    assert actions.mean(axis=0) == pytest.approx(np.zeros(4), abs=0.02)
    assert actions.std(axis=0) == pytest.approx(np.full(4, 0.2), rel=0.06)


@pytest.mark.parametrize("wrong", [{"expert_std": 0.0}, {"cdf_scale": -1.0}, {"cost": math.nan}])
def test_probit_settings_are_checked(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=f"{next(iter(wrong))} is"):
        ProbitSettings(**wrong)


def test_delayed_probit_reacts_so_many_steps_late() -> None:
    prompt, late = (
        ProbitSupervisor(expert, ProbitSettings(cost=50.0, cdf_scale=0.1, delay_steps=delay)) for delay in (0, 3)
    )
    proposals = [GOAL] * 5 + [-GOAL] * 6
    assert spans(drive(prompt, proposals)) == [(5, 6)]
    assert spans(drive(late, proposals)) == [(8, 3)]


def test_persistent_probit_holds_on_as_long_as_it_does_not_think() -> None:
    proposals = [-GOAL] + [GOAL] * 150
    held = []
    for seed in range(40):
        supervisor = ProbitSupervisor(expert, ProbitSettings(cost=50.0, cdf_scale=0.1, hand_back=0.1))
        supervisor.reset(seed)
        held.append(spans(drive(supervisor, proposals))[0][1])
    assert 7 < np.mean(held) < 14  # geometric, 10 on average


def test_evidence_adds_up() -> None:
    # each step falls short of the cost by a third of it or less; only together they call for a takeover
    near = GOAL * 0.55
    forgetful, retentive = (
        ProbitSupervisor(expert, ProbitSettings(cost=8.0, cdf_scale=0.1, retention=retention))
        for retention in (0.0, 0.9)
    )
    shortfall = expected_shortfall(GOAL, 0.15, near, np.full(4, 0.1, np.float32))
    assert 8.0 < shortfall < 12.0
    forgetful.reset(0)
    retentive.reset(0)
    proposals = [near] * 30
    assert sum(length for _, length in spans(drive(forgetful, proposals))) < 25
    assert spans(drive(retentive, proposals))[-1][1] > 20
