import math

import numpy as np
import pytest

from mile_desktop.operators.inaccurate import Inaccuracy, InaccurateSupervisor
from tests.operators.supervised import GOAL, Watcher, drive


def test_no_inaccuracy_changes_nothing() -> None:
    watcher = Watcher()
    wrapped = InaccurateSupervisor(watcher, Inaccuracy())
    wrapped.reset(0)
    drive(wrapped, [GOAL, GOAL * 0.5])
    assert np.array_equal(watcher.shown[1].proposal, GOAL * 0.5)
    assert np.array_equal(watcher.shown[1].policy_mean, GOAL * 0.5)


def test_stale_shows_what_the_robot_did_before() -> None:
    watcher = Watcher()
    wrapped = InaccurateSupervisor(watcher, Inaccuracy(lag_steps=2))
    wrapped.reset(0)
    story = [GOAL * part for part in (0.1, 0.2, 0.3, 0.4)]
    drive(wrapped, story)
    means = [float(each.policy_mean[0]) for each in watcher.shown]
    assert means == pytest.approx([0.1, 0.1, 0.1, 0.2])


def test_bias_lasts_an_episode_and_noise_does_not() -> None:
    watcher = Watcher()
    zero = np.zeros(4, np.float32)
    wrapped = InaccurateSupervisor(watcher, Inaccuracy(bias=0.2))
    wrapped.reset(0)
    drive(wrapped, [zero, zero])
    first, second = (each.policy_mean for each in watcher.shown)
    assert np.array_equal(first, second)
    assert np.sqrt(np.mean(first**2)) == pytest.approx(0.2, rel=1e-5)
    wrapped.reset(1)
    drive(wrapped, [zero])
    assert not np.array_equal(watcher.shown[2].policy_mean, first)

    noisy = InaccurateSupervisor(watcher, Inaccuracy(noise_std=0.1))
    noisy.reset(0)
    drive(noisy, [zero] * 1000)
    errors = np.stack([each.policy_mean for each in watcher.shown[3:]])
    assert errors.std() == pytest.approx(0.1, rel=0.05)


def test_another_policy_can_be_believed_to_run() -> None:
    watcher = Watcher()
    old = np.full(4, 0.5, np.float32)
    wrapped = InaccurateSupervisor(watcher, Inaccuracy(), belief=lambda _: (old, old * 0.1))
    wrapped.reset(0)
    drive(wrapped, [GOAL])
    assert np.array_equal(watcher.shown[0].policy_mean, old)
    assert np.array_equal(watcher.shown[0].policy_std, old * np.float32(0.1))


@pytest.mark.parametrize("wrong", [{"lag_steps": -1}, {"bias": -0.1}, {"noise_std": math.inf}])
def test_inaccuracies_are_checked(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=f"{next(iter(wrong))} is"):
        Inaccuracy(**wrong)
