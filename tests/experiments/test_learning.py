import msgspec
import numpy as np
import pytest

from experiments.fixtures import open_fixtures
from experiments.learning_cell import LearningCell, run_learning
from experiments.supervisor_setup import SimulatedSupervisor, supervisor_of
from mile_desktop.generation.episode_collection import collect
from mile_desktop.learning.settings import SettingsError
from mile_desktop.operators.supervisors import UnknownSupervisorError
from mile_desktop.policies.torch_policy import as_policy
from tests.experiments.examples import tiny


def test_equal_cells_give_equal_curves() -> None:
    cell = msgspec.structs.replace(tiny("mile"), supervision=SimulatedSupervisor(lag_rounds=1, bias=0.1), rounds=2)
    first, second = run_learning(cell), run_learning(cell)
    assert [msgspec.structs.replace(each, training_s=0) for each in first.points] == [
        msgspec.structs.replace(each, training_s=0) for each in second.points
    ]
    assert [each.round for each in first.points] == [0, 1, 2]
    assert first.points[-1].human_steps > 0
    assert first.settings["method"] == "mile"


def test_collected_episodes_are_those_of_the_seeds() -> None:
    with open_fixtures("peg-insertion") as fixtures:
        policy = as_policy(fixtures.initial, "p")
        twice = [
            collect(
                fixtures.driven,
                fixtures.info,
                policy,
                supervisor_of(SimulatedSupervisor(), fixtures.expert),
                first_seed=7,
                episodes=1,
            )
            for _ in range(2)
        ]
    (first,), (second,) = twice
    assert first.record.start.seed == 7
    assert first.record == second.record
    np.testing.assert_array_equal(first.observation, second.observation)
    assert len(first) == first.record.steps


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"rounds": 0}, "must be positive"),
        ({"seed": 500}, "evaluated on"),
        ({"rounds": 300, "episodes": 4}, "1000 starts"),
        ({"evaluated_after": (2,)}, "there are 1 rounds"),
    ],
)
def test_impossible_cells_are_refused(changes: dict[str, object], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        msgspec.structs.replace(tiny(), **changes)


def test_unknown_settings_are_named() -> None:
    with pytest.raises(SettingsError, match="silent"):
        msgspec.structs.replace(tiny(), training={"silent": 1}).settings()
    with pytest.raises(UnknownSupervisorError, match="patience"):
        supervisor_of(SimulatedSupervisor(changes={"patience": 3}), lambda observation: observation)
    with pytest.raises(msgspec.ValidationError, match="unknown"):
        msgspec.convert({"scene": "s", "method": "bc", "unknown": 1}, LearningCell)
