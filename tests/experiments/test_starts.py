from functools import lru_cache

import msgspec
import pytest

from experiments.fixtures import Fixtures, open_fixtures
from experiments.learning_cell import LearningCell, run_learning
from experiments.physics_cache import weights_digest
from experiments.results import cell_key
from experiments.starts import BUNDLED_START, FIRST_START_SEED, SIDES, Start, StartError, with_start
from experiments.variants import TODAY_RECIPE
from mile_desktop.learning.dataset import is_demonstration
from mile_desktop.scenes.experts import UnknownExpertError
from mile_desktop.scenes.shift import ShiftError
from tests.experiments.examples import tiny


@pytest.fixture(autouse=True)
def short_recipe(monkeypatch: pytest.MonkeyPatch) -> None:
    """Trainings of one pass: what they learn does not matter here."""
    monkeypatch.setitem(TODAY_RECIPE, "epochs", 1)


@lru_cache(maxsize=4)
def made(start: Start, seed: int) -> Fixtures:
    with open_fixtures("button-press") as fixtures:
        return with_start(fixtures, start, seed)


def seeds_of(fixtures: Fixtures) -> list[int]:
    return [each.record.start.seed for each in fixtures.demonstrations]


def test_start_has_its_own_demonstrations_and_a_policy_of_its_own() -> None:
    first, second = made(Start(1), 0), made(Start(1), 1)
    assert seeds_of(first) == [FIRST_START_SEED]
    assert seeds_of(second) == [FIRST_START_SEED + 100]
    assert all(is_demonstration(each) and each.record.outcome == "success" for each in first.demonstrations)
    assert weights_digest(first.initial) != weights_digest(second.initial)
    assert first.initial_id != second.initial_id


def test_one_side_keeps_starts_below_the_limit() -> None:
    label, limit = SIDES["button-press"]
    with open_fixtures("button-press") as fixtures:
        entry = fixtures.driven.observation_labels.index(label)
    sided = made(Start(3, "one side"), 0)
    assert len(seeds_of(sided)) == 3
    assert all(each.observation[0, entry] < limit for each in sided.demonstrations)
    assert any(each.observation[0, entry] >= limit for each in made(Start(3), 0).demonstrations)


def test_every_scene_with_sides_has_the_entry_they_are_judged_by() -> None:
    for scene, (label, _) in SIDES.items():
        with open_fixtures(scene) as fixtures:
            assert label in fixtures.driven.observation_labels


def test_bundled_start_leaves_everything_as_it_is() -> None:
    with open_fixtures("button-press") as fixtures:
        assert with_start(fixtures, BUNDLED_START, 3) is fixtures
    cell = tiny()
    assert cell_key(cell) == cell_key(msgspec.structs.replace(cell, start=BUNDLED_START, until=0.0))
    assert cell_key(cell) != cell_key(msgspec.structs.replace(cell, start=Start(1)))


def test_habit_and_shift_change_the_demonstrations_and_not_the_scene() -> None:
    plain, habit, shifted = (
        made(Start(3), 0),
        made(Start(3, habit="misses-far-buttons"), 0),
        made(Start(3, shift="strong"), 0),
    )
    assert habit.expert is plain.expert
    assert all(each.record.outcome == "success" for each in (*habit.demonstrations, *shifted.demonstrations))
    # This expert misses far buttons, so it demonstrates only on others.
    assert seeds_of(habit) != seeds_of(plain)
    # The same starts and expert on another robot.
    assert seeds_of(shifted) == seeds_of(plain)
    assert shifted.demonstrations[0].action.tobytes() != plain.demonstrations[0].action.tobytes()
    assert habit.initial_id == "button-press-3-anywhere-misses-far-buttons-0"
    assert (
        Start(2, "one side", "misses-far-buttons", "mild").title
        == "2 demonstrations, one side, misses-far-buttons, mild robot"
    )


def test_unknown_habits_and_shifts_are_named() -> None:
    with pytest.raises(UnknownExpertError, match="no flaw 'sleeps'"):
        made(Start(1, habit="sleeps"), 0)
    with pytest.raises(ShiftError, match="windy"):
        made(Start(1, shift="windy"), 0)


def test_impossible_starts_are_refused() -> None:
    for number in (-1, 26):
        with pytest.raises(StartError, match=f"not {number}"):
            Start(number)
    with pytest.raises(StartError, match="from anywhere"):
        Start(0, "one side")
    with pytest.raises(StartError, match="without a habit"):
        Start(0, habit="misses-far-buttons")


def test_curve_starts_there_and_ends_when_the_success_is_held(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("experiments.physics_cache.evaluate", lambda *_: ())
    monkeypatch.setattr("experiments.physics_cache.PhysicsCache.outcomes", lambda *_: "11")
    cell = msgspec.structs.replace(
        tiny("no-retraining", scene="button-press"), training={"method": "bc"}, arm="no-retraining", rounds=3
    )
    started: LearningCell = msgspec.structs.replace(cell, start=Start(1), until=0.95)
    curve = run_learning(started)
    assert curve.initial_policy == "button-press-1-anywhere-0"
    assert [each.round for each in curve.points] == [0, 1]
    assert [each.round for each in run_learning(msgspec.structs.replace(started, until=0.0)).points] == [0, 1, 2, 3]
