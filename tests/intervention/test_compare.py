import numpy as np
import pytest

from mile_desktop.intervention.baselines import history, majority, neural_classifier
from mile_desktop.intervention.compare import compare_predictors
from mile_desktop.intervention.data import SupervisedSteps
from mile_desktop.intervention.fit import FittedModel
from mile_desktop.intervention.scores import ScoreError
from tests.intervention.toy import Supervisor, recorded


@pytest.fixture(scope="module")
def fresh() -> SupervisedSteps:
    return recorded(12, demonstrations=1, seed=40)


def test_every_predictor_is_scored_and_the_model_beats_the_baselines(
    fitted: FittedModel, steps: SupervisedSteps, fresh: SupervisedSteps
) -> None:
    compared = {each.name: each for each in compare_predictors(fitted.model, steps, fresh)}
    assert list(compared) == [
        "majority", "stopwatch", "history logistic", "neural classifier", "stall", "mile, single", "mile, ensemble",
        "temporal", "forecast",
    ]  # fmt: skip
    now = {name: each.now for name, each in compared.items()}
    assert now["forecast"] is None
    ensemble, constant, classifier = now["mile, ensemble"], now["majority"], now["neural classifier"]
    assert ensemble is not None
    assert constant is not None
    assert classifier is not None
    assert constant.auroc == 0.5
    assert ensemble.log_likelihood > max(constant.log_likelihood, classifier.log_likelihood)
    assert compared["forecast"].ahead.auroc > compared["history logistic"].ahead.auroc
    stall = compared["stall"].stall
    assert stall is not None
    assert stall.stalled_rate >= stall.other_rate
    assert compared["majority"].early[0].balanced_accuracy == 0.5
    assert compared["forecast"].early[0].balanced_accuracy > 0.7
    assert all(each.alarm.takeovers == compared["majority"].alarm.takeovers > 0 for each in compared.values())


def test_history_is_known_before_the_step() -> None:
    steps = recorded(2, demonstrations=0, length=30, seed=3, supervisor=Supervisor(hand_back=0.2))
    seen = history(steps)
    nu, episode = steps.intervention.numpy(), steps.episode.numpy()
    for row in range(1, len(steps)):
        if episode[row] == episode[row - 1]:
            assert seen[row, 2] == nu[row - 1]
            assert seen[row, 3] >= seen[row - 1, 3]
        else:
            assert seen[row].tolist() == [0, 0, 0, 0]
    assert seen[:, 3].max() > 0


def test_baselines_say_the_constant_where_nothing_varies(steps: SupervisedSteps) -> None:
    never = np.zeros(len(steps), dtype=bool)
    assert majority(steps, never, steps).max() == 0
    assert neural_classifier(steps, never, steps).max() == 0


def test_needs_supervised_steps(fitted: FittedModel, steps: SupervisedSteps) -> None:
    with pytest.raises(ScoreError, match="no supervised steps"):
        compare_predictors(fitted.model, steps, recorded(0, demonstrations=1, seed=1))
