import numpy as np
import pytest

from mile_desktop.intervention.corrected_places import NEARBY_M, CorrectedPlaces, place_entries
from mile_desktop.intervention.data import SupervisedSteps
from mile_desktop.intervention.fit import FittedModel
from mile_desktop.intervention.live_estimator import LiveEstimator
from tests.intervention.test_live_estimator import output

LABELS = ("end effector x (m) @ t", "end effector y (m) @ t", "end effector z (m) @ t", "goal y (m) @ t")


def test_the_newest_frame_says_where_the_end_effector_is() -> None:
    older = tuple(each.replace("@ t", "@ t-1") for each in LABELS)
    assert place_entries((*older, *LABELS)) == (4, 5, 6)
    assert place_entries(LABELS[1:]) is None
    assert place_entries(()) is None


def test_corrected_states_are_places_in_metres_again(fitted: FittedModel, steps: SupervisedSteps) -> None:
    forecast = fitted.model.forecast
    assert forecast is not None
    config = forecast.config
    row = next(
        row for row in range(len(steps))
        if (steps.episode_ids[int(steps.episode[row])], int(steps.step[row]))
        == (config.corrected[0], config.corrected_steps[0])
    )  # fmt: skip
    observation = steps.observation[row].numpy()
    found = CorrectedPlaces(forecast, (0, 1, 2)).nearby(observation, [0])
    assert found[0] == pytest.approx(observation[:3].tolist(), abs=1e-5)
    aside = observation + np.array([NEARBY_M * 1.01, 0, 0, 0], np.float32)
    assert CorrectedPlaces(forecast, (0, 1, 2)).nearby(aside, [0]) == ()


def test_the_estimator_names_the_places_of_the_nearest_states(fitted: FittedModel, steps: SupervisedSteps) -> None:
    row = int(steps.intervention.nonzero()[0, 0])
    observation = steps.observation[row].numpy()
    live = LiveEstimator(fitted.model, running_policy_id="p-1", observation_labels=LABELS)
    live.estimate(observation, output(steps, row), intervening=False)
    places = live.corrected_nearby(observation)
    assert places
    assert all(np.linalg.norm(np.array(place) - observation[:3]) <= NEARBY_M for place in places)
    without = LiveEstimator(fitted.model, running_policy_id="p-1")
    assert without.corrected_nearby(observation) == ()
