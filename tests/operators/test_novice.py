import numpy as np
import pytest

from mile_desktop.operators.novice import NoviceSettings, NoviceSupervisor
from mile_desktop.operators.segment import ATTENTIVE, SegmentSupervisor
from tests.operators.rolled_out import episode, takeovers, to_the_right

SEEDS = range(20)


def test_novice_presses_keys_at_full_speed_or_none() -> None:
    steps = [step for seed in SEEDS for step in episode(NoviceSupervisor(to_the_right), proposal=-0.2, seed=seed)]
    # What was wanted: the action that was executed changes no faster than the slew limit allows.
    driven = {float(step.human_action[0]) for step in steps if step.intervention and step.human_action is not None}
    assert driven <= {-1.0, 0.0, 1.0}
    assert {0.0, 1.0} <= driven


def test_novice_steps_in_later_than_an_attentive_person() -> None:
    def first(steps: list) -> int:
        return next(row for row, step in enumerate(steps) if step.intervention)

    late = [first(episode(NoviceSupervisor(to_the_right), proposal=-0.2, seed=seed)) for seed in SEEDS]
    early = [first(episode(SegmentSupervisor(to_the_right, ATTENTIVE), proposal=-0.2, seed=seed)) for seed in SEEDS]
    assert np.mean(late) > np.mean(early) + 4


def test_every_takeover_begins_with_a_pause() -> None:
    for seed in SEEDS:
        for takeover in takeovers(episode(NoviceSupervisor(to_the_right), proposal=-0.2, seed=seed)):
            assert takeover[0].action[0] == 0.0


def test_failed_rescues_are_short_and_miss_the_goal() -> None:
    fails = NoviceSettings(failed_rescue=1.0, fumble=0.0, pause=0.0, pause_steps=1, misjudgement=3.0)
    works = NoviceSettings(failed_rescue=0.0, fumble=0.0, pause=0.0, pause_steps=1)
    failed = [episode(NoviceSupervisor(to_the_right, fails), proposal=-0.2, seed=seed)[-1].success for seed in SEEDS]
    rescued = [episode(NoviceSupervisor(to_the_right, works), proposal=-0.2, seed=seed)[-1].success for seed in SEEDS]
    assert all(rescued)
    assert not all(failed)
    lengths = [
        len(takeover)
        for seed in SEEDS
        for takeover in takeovers(episode(NoviceSupervisor(to_the_right, fails), proposal=-0.2, seed=seed))
    ]
    assert max(lengths) <= 6


def test_fumbles_press_wrong_keys() -> None:
    clumsy = NoviceSettings(fumble=1.0, failed_rescue=0.0, pause=0.0, pause_steps=1, key_steps=1)
    (step_in, *_) = takeovers(episode(NoviceSupervisor(to_the_right, clumsy), proposal=-0.2))
    assert min(float(step.action[0]) for step in step_in) == -1.0


def test_equal_seeds_give_equal_episodes_and_others_do_not() -> None:
    def run(seed: int) -> list[float]:
        return [float(step.action[0]) for step in episode(NoviceSupervisor(to_the_right), proposal=-0.2, seed=seed)]

    assert run(3) == run(3)
    assert run(3) != run(4)


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"key_speed": 0.0}, "key_speed"),
        ({"keys_at_once": 0}, "keys_at_once"),
        ({"fumble": 1.5}, "fumble"),
        ({"failed_rescue": -0.1}, "failed_rescue"),
        ({"misjudgement": -1.0}, "misjudgement"),
    ],
)
def test_settings_that_make_no_sense_are_named(changes: dict[str, float], named: str) -> None:
    with pytest.raises(ValueError, match=named):
        NoviceSettings(**changes)  # type: ignore[arg-type]
