"""Control arms and simulated people, in real scenes, with a few episodes each."""

from collections.abc import Iterator
from typing import get_args

import msgspec
import numpy as np
import pytest

from experiments.arms import CONTROL_ARMS, Arm, RandomTakeovers
from experiments.fixtures import Fixtures, open_fixtures
from experiments.learning_cell import LearningCell, run_learning
from experiments.learning_grid import LearningGrid, learning_cells
from experiments.operator_time import operator_time
from experiments.physics_cache import PhysicsCache, round_key, weights_digest
from experiments.seeds import CHOOSING_SEEDS, REPORTING_SEEDS
from experiments.supervisor_setup import SimulatedSupervisor, supervisor_of
from experiments.variants import VARIANTS, arm_of
from mile_desktop.evaluation.evaluate import evaluate, evaluation_seeds
from mile_desktop.generation.episode_collection import collect
from mile_desktop.operators.supervisors import UnknownSupervisorError
from mile_desktop.policies.torch_policy import as_policy
from mile_desktop.storage.records import Episode


@pytest.fixture(scope="module")
def button() -> Iterator[Fixtures]:
    with open_fixtures("button-press") as fixtures:
        yield fixtures


def supervised(fixtures: Fixtures, supervision: SimulatedSupervisor, episodes: int = 3) -> tuple[Episode, ...]:
    operator = supervisor_of(supervision, fixtures.expert)
    policy = as_policy(fixtures.initial, "p")
    return collect(fixtures.driven, fixtures.info, policy, operator, first_seed=0, episodes=episodes)


def cell(arm: Arm, rounds: int = 2) -> LearningCell:
    return LearningCell(
        scene="button-press",
        method="bc",
        training={"method": "bc", "epochs": 2},
        rounds=rounds,
        episodes=2,
        evaluate=3,
        arm=arm,
    )


def test_without_retraining_the_policy_stays_and_the_operator_goes_on() -> None:
    curve = run_learning(cell("no-retraining"))
    assert len({point.outcomes for point in curve.points}) == 1
    assert 0 < curve.points[1].human_steps < curve.points[2].human_steps
    assert curve.points[2].driving_s == pytest.approx(curve.points[2].human_steps / 20)
    assert curve.points[2].watching_s > 0


def test_demonstrations_alone_cost_no_human_step() -> None:
    curve = run_learning(cell("demonstrations-only"))
    last = curve.points[-1]
    assert (last.human_steps, last.steps, last.driving_s, last.watching_s) == (0, 0, 0.0, 0.0)
    assert last.note == ""
    assert last.training_s > 0


def test_random_takeovers_spend_the_supervisors_steps_elsewhere(button: Fixtures) -> None:
    watched = supervised(button, SimulatedSupervisor(), episodes=4)
    operator = RandomTakeovers(supervisor_of(SimulatedSupervisor(), button.expert), watched, seed=5)
    policy = as_policy(button.initial, "p")
    episodes = collect(button.driven, button.info, policy, operator, first_seed=0, episodes=4)
    budget = sum(each.record.human_steps for each in watched)
    spent = sum(each.record.human_steps for each in episodes)
    assert 0 < spent <= budget
    assert spent >= budget / 2
    assert any(
        not np.array_equal(ours.intervention, theirs.intervention)
        for ours, theirs in zip(episodes, watched, strict=True)
    )
    assert run_learning(cell("random-expert-steps")).points[-1].human_steps > 0


def test_every_control_arm_is_a_learner_of_the_grid() -> None:
    assert set(get_args(Arm)) == {"supervised", *CONTROL_ARMS}
    assert set(CONTROL_ARMS) <= VARIANTS.keys()
    assert arm_of("mile") == "supervised"
    grid = LearningGrid(("button-press",), (*CONTROL_ARMS, "mile"), (0,), "attentive", {}, {}, 1, 1, 1)
    cells = learning_cells(grid)
    assert [each.arm for each in cells if isinstance(each, LearningCell)] == [*CONTROL_ARMS, "supervised"]


def test_choosing_and_reporting_seeds_share_no_start() -> None:
    assert not set(CHOOSING_SEEDS) & set(REPORTING_SEEDS)
    for seed in (*CHOOSING_SEEDS, *REPORTING_SEEDS):
        msgspec.structs.replace(cell("supervised"), seed=seed)


@pytest.mark.parametrize("kind", ["novice", "stall", "tired"])
@pytest.mark.parametrize("scene", ["button-press", "lunar-lander"])
def test_simulated_people_supervise_real_scenes_and_repeat_themselves(kind: str, scene: str) -> None:
    with open_fixtures(scene) as fixtures:
        first = supervised(fixtures, SimulatedSupervisor(kind), episodes=4)
        again = supervised(fixtures, SimulatedSupervisor(kind), episodes=4)
    assert sum(each.record.human_steps for each in first) > 0
    assert sum(each.record.human_steps for each in first) < sum(len(each) for each in first)
    for ours, theirs in zip(first, again, strict=True):
        np.testing.assert_array_equal(ours.action, theirs.action)
        assert ours.record == theirs.record


def test_settings_of_simulated_people_can_be_changed(button: Fixtures) -> None:
    awake = supervised(button, SimulatedSupervisor("tired", {"lapse": 0.0, "miss": 0.0}))
    absent = supervised(button, SimulatedSupervisor("tired", {"lapse": 0.9, "lapse_steps": 500.0}))
    assert sum(each.record.human_steps for each in awake) > sum(each.record.human_steps for each in absent)


def test_fixed_mental_model_expects_the_initial_policy_in_every_round() -> None:
    fixed = SimulatedSupervisor("probit", mental_model="initial")
    assert fixed.title == "probit, fixed mental model"
    assert fixed.inaccurate
    with pytest.raises(UnknownSupervisorError, match="fixed mental model"):
        supervisor_of(fixed, lambda observation: observation)
    with open_fixtures("button-press") as fixtures:
        initial = as_policy(fixtures.initial, "initial")

        def belief(observation: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
            output = initial.act(observation)
            return output.mean, output.std

        policy = as_policy(fixtures.initial, "p")
        runs = [
            collect(fixtures.driven, fixtures.info, policy, operator, first_seed=0, episodes=2)
            for operator in (
                supervisor_of(fixed, fixtures.expert, belief),
                supervisor_of(SimulatedSupervisor("probit"), fixtures.expert),
            )
        ]
    # while the initial policy runs, the fixed model is right, and both people decide alike
    for ours, theirs in zip(*runs, strict=True):
        np.testing.assert_array_equal(ours.intervention, theirs.intervention)


def test_operator_time_follows_the_phases(button: Fixtures) -> None:
    episodes = supervised(button, SimulatedSupervisor())
    spent = operator_time(episodes)
    assert spent.driving_s == pytest.approx(sum(each.record.human_steps for each in episodes) / 20)
    assert spent.watching_s + spent.driving_s == pytest.approx(sum(map(len, episodes)) / 20)
    assert spent.minutes == pytest.approx((spent.watching_s + spent.driving_s) / 60)


def test_physics_that_was_run_is_not_run_again(button: Fixtures, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []

    def counted(scene: object, policy: object, seeds: tuple[int, ...]) -> object:
        asked.append(len(seeds))
        return evaluate(button.driven, as_policy(button.initial, "e"), seeds)

    monkeypatch.setattr("experiments.physics_cache.evaluate", counted)
    cache = PhysicsCache()
    three = cache.outcomes(button, button.initial, 3)
    assert cache.outcomes(button, button.initial, 2) == three[:2]
    assert cache.outcomes(button, button.initial, 4)[:3] == three
    assert asked == [3, 1]
    direct = evaluate(button.driven, as_policy(button.initial, "e"), evaluation_seeds(3))
    assert three == "".join(str(int(each.success)) for each in direct)


def test_digest_depends_on_the_weights(button: Fixtures) -> None:
    before = weights_digest(button.initial)
    assert weights_digest(button.initial) == before
    parameter = next(iter(button.initial.parameters()))
    with_other = parameter.detach().clone()
    parameter.data += 1e-3
    assert weights_digest(button.initial) != before
    parameter.data.copy_(with_other)
    assert weights_digest(button.initial) == before


def test_first_round_of_another_supervisor_or_seed_is_another(button: Fixtures) -> None:
    keys = {
        round_key(button, button.initial, SimulatedSupervisor(), 0, 2),
        round_key(button, button.initial, SimulatedSupervisor("novice"), 0, 2),
        round_key(button, button.initial, SimulatedSupervisor(), 1000, 2),
        round_key(button, button.initial, SimulatedSupervisor(), 0, 3),
    }
    assert len(keys) == 4
