import numpy as np
import pytest

from mile_desktop.scenes.description import SceneDescriptionError
from mile_desktop.scenes.experts import UnknownExpertError, load_expert
from tests.scenes.gymnasium.conftest import PENDULUM, AddScene

MODULE = "tests.scenes.gymnasium.test_experts"
seen: list[np.ndarray] = []


def full_torque(observation: np.ndarray) -> list[float]:
    seen.append(observation)
    return [2.0]


def two_values(observation: np.ndarray) -> list[float]:
    return [0.0, 0.0]


class Recurrent:
    """As policies of Stable-Baselines3 answer."""

    def predict(self, observation: np.ndarray) -> tuple[np.ndarray, None]:
        return np.array([-1.0]), None


def with_expert(name: str) -> str:
    return PENDULUM.replace(
        'title = "Pendulum"', f'title = "Pendulum"\nexpert = "{name}"\nobservation = {{frames = 2}}'
    )


def test_it_sees_the_newest_frame_and_answers_in_the_environments_units(add: AddScene) -> None:
    add(with_expert(f"{MODULE}:full_torque"))
    action = load_expert("foreign")(np.arange(6, dtype=np.float32))
    assert (action.dtype, action.tolist()) == (np.float32, [1.0])
    assert seen[-1].tolist() == [3.0, 4.0, 5.0]


def test_a_class_with_predict_is_made_and_its_state_is_dropped(add: AddScene) -> None:
    add(with_expert(f"{MODULE}:Recurrent"))
    assert load_expert("foreign")(np.zeros(6, np.float32)).tolist() == [-0.5]


def test_the_scenes_own_expert_comes_first(add: AddScene) -> None:
    module = "import numpy as np\n\n\ndef EXPERT(observation):\n    return np.array([0.25], np.float32)\n"
    add(with_expert(f"{MODULE}:full_torque"), module=module)
    assert load_expert("foreign")(np.zeros(6, np.float32)).tolist() == [0.25]


def test_without_one_that_is_said(add: AddScene) -> None:
    add(PENDULUM)
    with pytest.raises(UnknownExpertError, match="has no expert"):
        load_expert("foreign")


@pytest.mark.parametrize(
    ("name", "error"),
    [
        ("no_such_package:act", r"expert 'no_such_package:act': found ModuleNotFoundError"),
        (f"{MODULE}:missing", r"found AttributeError"),
        (f"{MODULE}:MODULE", r"expert: found 'tests.+', expected a function"),
        (f"{MODULE}:two_values", r"scene.toml: expert: found an action of shape \(2,\), expected \(1,\)"),
    ],
)
def test_what_is_wrong_with_it_is_said(add: AddScene, name: str, error: str) -> None:
    add(with_expert(name))
    with pytest.raises(SceneDescriptionError, match=error):
        load_expert("foreign")(np.zeros(6, np.float32))
