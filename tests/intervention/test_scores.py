import dataclasses
import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from mile_desktop.intervention.scores import (
    ScoreError,
    phase_matched_auroc,
    score_alarm,
    score_probabilities,
    takeover_ahead,
)
from tests.intervention.toy import recorded


def test_scores_agree_with_hand_calculation() -> None:
    p = np.array([0.1, 0.8, 0.6, 0.3])
    happened = np.array([False, True, False, True])
    scores = score_probabilities(p, happened, np.zeros(4, dtype=np.int64))
    assert scores.brier == pytest.approx((0.01 + 0.04 + 0.36 + 0.49) / 4)
    assert scores.log_likelihood == pytest.approx(np.log([0.9, 0.8, 0.4, 0.3]).mean())
    assert scores.auroc == pytest.approx(3 / 4)
    assert scores.average_precision == pytest.approx(0.5 * 1 + 0.5 * 2 / 3)
    assert scores.phase_matched_auroc == scores.auroc
    assert sum(each.steps for each in scores.reliability) == 4


@given(arrays.arrays(np.float64, 200, elements=st.floats(0, 1)), st.integers(0, 2**32 - 1))
@settings(max_examples=25, deadline=None)
def test_scores_stay_in_their_ranges(p: np.ndarray, seed: int) -> None:
    happened = np.random.default_rng(seed).random(200) < p
    scores = score_probabilities(p, happened, np.arange(200) % 40)
    assert math.isfinite(scores.log_likelihood)
    assert 0 <= scores.brier <= 1
    assert 0 <= scores.calibration_error <= 1
    for ranking in (scores.auroc, scores.phase_matched_auroc):
        assert math.isnan(ranking) or 0 <= ranking <= 1


def test_knowing_the_phase_alone_ranks_nothing_at_equal_phase() -> None:
    random = np.random.default_rng(0)
    elapsed = np.tile(np.arange(100), 50)
    happened = random.random(5000) < elapsed / 100
    by_clock = np.floor(elapsed / 10) / 10
    assert score_probabilities(by_clock, happened, elapsed).auroc > 0.75
    assert phase_matched_auroc(by_clock, happened, elapsed) == pytest.approx(0.5, abs=0.02)


def test_what_never_varies_is_not_ranked_and_nothing_is_not_scored() -> None:
    scores = score_probabilities(np.full(3, 0.2), np.zeros(3, dtype=bool), np.arange(3))
    assert math.isnan(scores.auroc)
    assert math.isnan(scores.phase_matched_auroc)
    with pytest.raises(ScoreError, match="0 steps"):
        score_probabilities(np.zeros(0), np.zeros(0, dtype=bool), np.zeros(0, dtype=np.int64))
    with pytest.raises(ScoreError, match="finite"):
        score_probabilities(np.array([np.nan]), np.zeros(1, dtype=bool), np.zeros(1, dtype=np.int64))


def test_lead_time_and_false_alarms() -> None:
    #                     announced 3 steps before     false     onset without alarm
    p = np.array([0.1, 0.9, 0.9, 0.9, 0.9, 0.9, 0.1, 0.9, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1])
    nu = np.array([0, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0, 0, 1, 1], dtype=bool)
    every = np.ones(14, dtype=bool)
    scores = score_alarm(p, nu, np.zeros(14, dtype=np.int64), success=every, rate_hz=10, horizon_steps=4)
    assert (scores.takeovers, scores.announced) == (2, 1)
    assert scores.recall == 0.5
    assert scores.median_lead_s == pytest.approx(0.3)
    assert scores.false_alarms_per_minute == pytest.approx(1 / (10 / 10 / 60))
    failed = score_alarm(p, nu, np.zeros(14, dtype=np.int64), success=~every, rate_hz=10, horizon_steps=4)
    assert (failed.announced, failed.false_alarms_per_minute) == (1, 0), "before a failure a call may be right"


def test_an_alarm_of_one_episode_does_not_announce_the_takeover_of_the_next() -> None:
    p = np.array([0.1, 0.9, 0.1, 0.1])
    nu = np.array([0, 0, 1, 0], dtype=bool)
    scores = score_alarm(p, nu, np.array([0, 0, 1, 1]), success=np.ones(4, dtype=bool))
    assert (scores.takeovers, scores.announced) == (1, 0)
    assert math.isnan(scores.median_lead_s)
    none = np.zeros(4, dtype=bool)
    calm = score_alarm(p, none, np.zeros(4, dtype=np.int64), success=none)
    assert math.isnan(calm.recall)


def test_takeovers_ahead_are_seen_within_the_episode_and_the_horizon_only() -> None:
    steps = recorded(2, demonstrations=1, length=8, seed=0)
    nu = torch.zeros(24, dtype=torch.bool)
    nu[[5, 6, 8]] = True
    asked, ahead = takeover_ahead(dataclasses.replace(steps, intervention=nu), 3)
    assert np.flatnonzero(ahead).tolist() == [3, 4, 5, 6, 8]
    assert np.flatnonzero(~asked).tolist() == [6, 7, 9, *range(16, 24)]
