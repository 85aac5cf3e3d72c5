import pytest

from mile_desktop.operators.segment import ATTENTIVE, SegmentSupervisor
from mile_desktop.operators.tired import TiredSettings, TiredSupervisor
from tests.operators.rolled_out import episode, takeovers, to_the_right

SEEDS = range(30)


def human_steps(settings: TiredSettings, seed: int) -> int:
    steps = episode(TiredSupervisor(to_the_right, settings), proposal=-0.2, seed=seed, max_steps=40)
    return sum(step.intervention for step in steps)


def test_person_who_is_awake_is_the_attentive_one() -> None:
    awake = TiredSettings(lapse=0.0, miss=0.0, reaction_steps=ATTENTIVE.reaction_steps)
    tired = episode(TiredSupervisor(to_the_right, awake), proposal=-0.2)
    attentive = episode(SegmentSupervisor(to_the_right, ATTENTIVE), proposal=-0.2)
    assert [step.intervention for step in tired] == [step.intervention for step in attentive]
    assert [float(step.action[0]) for step in tired] == [float(step.action[0]) for step in attentive]


def test_lapses_and_misses_leave_failures_without_a_takeover() -> None:
    awake = TiredSettings(lapse=0.0, miss=0.0)
    absent = TiredSettings(lapse=0.2, lapse_steps=100.0)
    misses = TiredSettings(lapse=0.0, miss=0.9, lapse_steps=50.0)
    assert all(human_steps(awake, seed) for seed in SEEDS)
    assert any(not human_steps(absent, seed) for seed in SEEDS)
    assert any(not human_steps(misses, seed) for seed in SEEDS)


def test_a_takeover_is_not_interrupted_by_a_lapse() -> None:
    # the robot never agrees with the expert, so an attentive person drives to the goal in one takeover
    drowsy = TiredSettings(lapse=0.5, lapse_steps=2.0, miss=0.0)
    counts = [
        len(takeovers(episode(TiredSupervisor(to_the_right, drowsy), proposal=-0.2, seed=seed))) for seed in SEEDS
    ]
    assert counts == [1] * len(SEEDS)


def test_equal_seeds_give_equal_episodes_and_others_do_not() -> None:
    def run(seed: int) -> list[float]:
        return [float(step.action[0]) for step in episode(TiredSupervisor(to_the_right), proposal=-0.2, seed=seed)]

    assert run(3) == run(3)
    assert run(3) != run(4)


@pytest.mark.parametrize(
    ("changes", "named"), [({"lapse": 1.0}, "lapse"), ({"miss": -0.1}, "miss"), ({"lapse_steps": 0.0}, "lapse_steps")]
)
def test_settings_that_make_no_sense_are_named(changes: dict[str, float], named: str) -> None:
    with pytest.raises(ValueError, match=named):
        TiredSettings(**changes)
