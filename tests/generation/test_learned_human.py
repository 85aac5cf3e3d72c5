"""When the learned human steps in, and what it does."""

import numpy as np

from mile_desktop.generation.learned_human import LEARNED_HUMAN, LearnedHuman
from mile_desktop.intervention.model import TemporalParameters
from mile_desktop.operators.operator import OperatorContext
from tests.generation.conftest import MakeModel

NEAR, FAR = np.zeros(2, np.float32), np.full(2, 0.9, np.float32)


def context(mean: "np.typing.NDArray[np.float32]", *, intervening: bool = False, step: int = 0) -> OperatorContext:
    std = np.full(2, 0.05, np.float32)
    return OperatorContext(step, np.zeros(3, np.float32), mean, mean, std, intervening=intervening)


def shares(human: LearnedHuman, mean: "np.typing.NDArray[np.float32]", *, intervening: bool = False) -> float:
    """Return how often the human drives in 200 first steps."""
    drives = 0
    for seed in range(200):
        human.reset(seed)
        drives += human.poll(context(mean, intervening=intervening)).takeover
    return drives / 200


def test_it_steps_in_where_the_robot_is_far_from_what_the_person_would_do(resting_human: MakeModel) -> None:
    human = LearnedHuman(resting_human(cost=0.5))
    assert human.kind == LEARNED_HUMAN
    assert shares(human, FAR) > 0.9
    assert shares(human, NEAR) < 0.1


def test_it_does_what_the_ensemble_does_on_average(resting_human: MakeModel) -> None:
    human = LearnedHuman(resting_human())
    human.reset(0)
    assert np.abs(human.poll(context(FAR)).action).max() < 1e-6


def test_a_higher_cost_means_fewer_takeovers(resting_human: MakeModel) -> None:
    assert shares(LearnedHuman(resting_human(cost=50.0)), FAR) == 0.0


def test_the_temporal_form_holds_a_takeover(resting_human: MakeModel) -> None:
    held = TemporalParameters(cost=50.0, cdf_scale=0.1, hand_back=0.1)
    human = LearnedHuman(resting_human(temporal=held))
    assert shares(human, NEAR) == 0.0
    assert 0.8 < shares(human, NEAR, intervening=True) < 0.97


def test_the_temporal_form_reacts_late(resting_human: MakeModel) -> None:
    late = TemporalParameters(cost=0.5, cdf_scale=0.1, delay_steps=2)
    human = LearnedHuman(resting_human(temporal=late))
    human.reset(4)
    # The evidence of two steps ago decides, and until then the oldest there is.
    drove = [human.poll(context(mean, step=step)).takeover for step, mean in enumerate([NEAR, FAR, FAR, FAR, FAR])]
    assert drove[:3] == [False, False, False]
    assert drove[3:] == [True, True]


def test_equal_seeds_give_equal_decisions(resting_human: MakeModel) -> None:
    model = resting_human(cost=2.0)
    runs = []
    for _ in range(2):
        human = LearnedHuman(model)
        human.reset(7)
        runs.append([human.poll(context(FAR * share)).takeover for share in np.linspace(0.3, 1.0, 30)])
    assert runs[0] == runs[1]


def test_a_choice_is_one_hot(resting_human: MakeModel) -> None:
    human = LearnedHuman(resting_human(discrete=True))
    human.reset(0)
    action = human.poll(context(np.array([0.5, 0.5], np.float32))).action
    assert sorted(action.tolist()) == [0.0, 1.0]
