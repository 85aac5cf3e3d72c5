import math
import subprocess
import sys

import pytest

from mile_desktop.evaluation.scorecard import Scorecard
from mile_desktop.ui.inspect.scorecard.model import LEAD_BIN_S, ScorecardModel, nearest_threshold
from tests.ui.inspect.scorecard.examples import all_successes, card


@pytest.fixture
def model() -> ScorecardModel:
    return ScorecardModel(card())


def test_the_forecast_is_shown_first(model: ScorecardModel) -> None:
    assert model.shown_first == "forecast"
    assert model.names == ("majority", "forecast")


def test_scores_of_an_alarm(model: ScorecardModel) -> None:
    at = model.at("forecast", 0.5)
    assert (at.takeovers, at.announced, at.false_alarms) == (2, 1, 0)
    assert at.median_lead_s == pytest.approx(2 / 20)
    assert at.true_positive_rate == pytest.approx(3 / 10)
    assert at.precision == pytest.approx(3 / 5)
    at = ScorecardModel(all_successes()).at("forecast", 0.5)
    assert at.false_alarms_per_minute == pytest.approx(2 / (18 / 20 / 60))
    assert "1 of 2 takeovers announced, 0.1 s before" in at.summary()


def test_an_alarm_that_never_comes_has_no_precision(model: ScorecardModel) -> None:
    at = model.at("forecast", 1.0)
    assert math.isnan(at.precision)
    assert at.announced == 0
    assert "– of the steps" in at.summary()


def test_each_episode_has_its_own_score(model: ScorecardModel) -> None:
    first, second = model.episodes("forecast", 0.5)
    assert (first.takeovers, first.announced, first.false_alarms) == (1, 1, 0)
    assert (second.takeovers, second.announced, second.false_alarms) == (1, 0, 0)
    assert second.brier > first.brier


def test_errors_at_a_threshold_are_rows_of_the_recording(model: ScorecardModel) -> None:
    ranges = model.errors_at_threshold("forecast", 0.5)
    wrong = {(each.episode_id, each.row, each.rows) for each in ranges if each.text.startswith("above")}
    missed = {(each.episode_id, each.row, each.rows) for each in ranges if each.text.startswith("below")}
    assert wrong == {("ep-2", 101, 1), ("ep-2", 111, 1)}
    assert missed == {("ep-1", 2, 2), ("ep-2", 102, 5)}


def test_each_bar_lists_its_takeovers(model: ScorecardModel) -> None:
    (bars,) = model.leads("forecast", 0.5)
    counts = [count for _, count in bars.points]
    assert sum(counts) == 2
    assert (counts[0], counts[1]) == (1, 1)
    assert bars.points[1][0] == LEAD_BIN_S
    for bar, count in enumerate(counts):
        assert len(model.takeovers_in_bar("forecast", 0.5, bar)) == count
    (missed,) = model.takeovers_in_bar("forecast", 0.5, 0)
    assert (missed.episode_id, missed.row) == ("ep-2", 106)


def test_a_reliability_bin_lists_its_steps(model: ScorecardModel) -> None:
    ranges = model.steps_in_bin("forecast", 1)
    assert sum(each.rows for each in ranges) == 6
    assert {each.episode_id for each in ranges} == {"ep-1", "ep-2"}


@pytest.mark.parametrize(
    ("scores", "alone"), [(card(), "call without a takeover, no success"), (all_successes(), "false alarm")]
)
def test_events_of_an_episode_are_in_order(scores: Scorecard, alone: str) -> None:
    ranges = ScorecardModel(scores).events_in_episode("forecast", 0.5, "ep-2")
    assert [(each.row, each.text) for each in ranges] == [(101, alone), (106, "takeover, missed"), (111, alone)]


def test_every_step_is_in_the_table(model: ScorecardModel) -> None:
    table = model.every_step()
    assert table.columns == ("episode", "row", "intervention", "takeover ahead", "majority", "forecast")
    assert len(table.rows) == 24
    assert table.rows[7] == ("ep-1", 7, 1, 0, "", "")


def test_the_threshold_of_the_nearest_curve_point_is_found() -> None:
    roc = card().predictors[1].roc
    assert nearest_threshold(roc, 0.05, 0.65) == 0.7
    assert nearest_threshold((), 0.0, 0.0) is None


def test_the_scorecard_controller_does_not_import_torch() -> None:
    program = "import sys, mile_desktop.ui.inspect.scorecard.controller; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_the_worst_false_alarm_comes_first(model: ScorecardModel) -> None:
    assert model.worst_false_alarms("forecast", 0.5) == (), "before a failure a call may be right"
    model = ScorecardModel(all_successes())
    found = model.worst_false_alarms("forecast", 0.5)
    assert len(found) == model.at("forecast", 0.5).false_alarms == 2
    assert [each.probability for each in found] == sorted((each.probability for each in found), reverse=True)
    assert {each.row for each in found} == {101, 111}
    assert all(each.rows == 1 for each in found)
