import math
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from mile_desktop.arrays import Float32Array
from mile_desktop.operators.corrections import ImperfectHand
from mile_desktop.operators.inaccurate import Inaccuracy, InaccurateSupervisor
from mile_desktop.operators.operator import OperatorContext
from mile_desktop.operators.probit import (
    ProbitSettings,
    ProbitSupervisor,
)
from mile_desktop.operators.segment import SegmentSupervisor
from tests.operators.conftest import context
from tests.operators.supervised import STEADY, Watcher, spans


def one_hot(action: int) -> Float32Array:
    return np.eye(4, dtype=np.float32)[action]


def choice(proposed: int, probability: float = 0.97) -> OperatorContext:
    mean = np.full(4, (1 - probability) / 3, np.float32)
    mean[proposed] = probability
    return replace(
        context(4), proposal=one_hot(proposed), policy_mean=mean, policy_std=np.sqrt(mean * (1 - mean)), discrete=True
    )


@pytest.mark.parametrize(("proposed", "probability_of_it"), [(1, 0.97), (2, 0.9), (0, 0.4)])
def test_discrete_probit_takes_over_as_often_as_the_model_says(proposed: int, probability_of_it: float) -> None:
    cost, cdf_scale = 1.5, 0.8
    supervisor = ProbitSupervisor(lambda _: one_hot(1), ProbitSettings(slip=0.2, cost=cost, cdf_scale=cdf_scale))
    supervisor.reset(5)
    step = choice(proposed, probability_of_it)
    policy = 0.8 * one_hot(1).astype(float) + 0.05
    mean = step.policy_mean.astype(float)
    advantage = np.log(policy) - mean @ np.log(policy) - cost
    expected = float(policy @ stats.norm.cdf(advantage / cdf_scale))
    readings = [supervisor.poll(step) for _ in range(8000)]
    rate = float(np.mean([reading.takeover for reading in readings]))
    assert rate == pytest.approx(expected, abs=4.5 * math.sqrt(expected * (1 - expected) / 8000) + 1e-3)
    acted = np.stack([reading.action for reading in readings])
    assert (acted.sum(axis=1) == 1).all()
    assert acted.mean(axis=0) == pytest.approx(policy, abs=0.02)


def test_what_stepping_in_costs_follows_the_kind_of_actions_unless_it_is_said() -> None:
    assert ProbitSettings().threshold(discrete=False) == (12.0, 2.0)
    assert ProbitSettings().threshold(discrete=True) == (2.0, 0.8)
    assert ProbitSettings(cost=5.0).threshold(discrete=True) == (5.0, 0.8)
    with pytest.raises(ValueError, match="slip is 1"):
        ProbitSettings(slip=1.0)


def test_segment_sees_no_difference_in_when_an_engine_fires_but_in_how_often() -> None:
    pulses = iter([one_hot(2 * (step % 2)) for step in range(300)])
    supervisor = SegmentSupervisor(lambda _: next(pulses), STEADY)
    supervisor.reset(0)
    out_of_step = [supervisor.poll(choice(2 - 2 * (step % 2))) for step in range(200)]
    assert not spans(out_of_step)
    supervisor = SegmentSupervisor(lambda _: one_hot(2), STEADY)
    supervisor.reset(0)
    never = [supervisor.poll(choice(0)) for _ in range(60)]
    (start, length), *_ = spans(never)
    assert 4 <= start <= 14
    assert length == 60 - start
    assert all(reading.action.tolist() == one_hot(2).tolist() for reading in never)
    agreed = [supervisor.poll(choice(2)) for _ in range(30)]
    assert spans(agreed)[0][1] < 12


def test_an_imperfect_hand_is_late_at_buttons() -> None:
    hand = ImperfectHand(tremor=0.3, lean=0.0, smoothness=0.0)
    hand.reset()
    rng = np.random.default_rng(0)
    late = [hand.choose(one_hot(step % 4), rng).argmax() != step % 4 for step in range(2000)]
    assert 0.2 < np.mean(late) < 0.35


@pytest.mark.parametrize("wrong", [Inaccuracy(lag_steps=3), Inaccuracy(bias=0.3), Inaccuracy(noise_std=0.3)])
def test_inaccurate_supervisors_expect_other_probabilities(wrong: Inaccuracy) -> None:
    told = Watcher()
    supervisor = InaccurateSupervisor(told, wrong)
    supervisor.reset(3)
    for step in range(40):
        supervisor.poll(choice(step % 4))
    assert any(
        abs(each.policy_mean.max() - 0.97) > 0.02 or each.policy_mean.argmax() != step % 4
        for step, each in enumerate(told.shown)
    )
    for each in told.shown:
        assert each.policy_mean.sum() == pytest.approx(1.0, abs=1e-5)
        assert each.policy_mean.min() >= 0
        assert sorted(each.proposal.tolist()) == [0, 0, 0, 1]
