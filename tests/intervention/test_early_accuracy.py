import numpy as np
import pytest

from mile_desktop.intervention.early_accuracy import LEADS_S, early_accuracy

EPISODES, LENGTH, ONSET = 10, 200, 100


def _recorded(lead: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return p that is high from ``lead`` steps before each takeover on; every second episode has one."""
    p, nu, episode = (np.zeros(EPISODES * LENGTH) for _ in range(3))
    for number in range(EPISODES):
        here = slice(number * LENGTH, (number + 1) * LENGTH)
        episode[here] = number
        p[here] = 0.1
        if number % 2:
            begin = here.start + ONSET
            p[begin - lead : begin] = 0.9
            nu[begin : begin + 20] = 1
    return p, nu.astype(bool), episode.astype(np.int64)


def test_an_alarm_is_accurate_up_to_its_lead_and_worthless_beyond_it() -> None:
    found = {each.lead_s: each for each in early_accuracy(*_recorded(20))}
    assert tuple(found) == LEADS_S
    assert found[1.0].balanced_accuracy == 1.0
    assert found[1.5].balanced_accuracy == 0.5
    assert all(each.takeovers == EPISODES // 2 for each in found.values())


def test_the_threshold_of_an_episode_comes_from_other_episodes() -> None:
    p, nu, episode = _recorded(20)
    only = episode == 1  # with one episode there is no other one, and no alarm is ever raised
    alone = early_accuracy(p[only], nu[only], episode[only])
    assert {each.announced for each in alone} == {0.0}


def test_takeovers_that_no_alarm_could_announce_so_early_are_left_out() -> None:
    p, nu, episode = _recorded(20)
    nu[:] = False
    nu[LENGTH + 10 : LENGTH + 20] = True
    found = early_accuracy(p, nu, episode)
    assert [each.lead_s for each in found] == [0.05, 0.25, 0.5]


def test_nothing_is_said_without_a_takeover() -> None:
    p, nu, episode = _recorded(20)
    assert early_accuracy(p, np.zeros_like(nu), episode) == ()


@pytest.mark.parametrize("level", [0.2, 0.7])
def test_a_constant_is_worth_one_half(level: float) -> None:
    p, nu, episode = _recorded(20)
    assert {each.balanced_accuracy for each in early_accuracy(np.full_like(p, level), nu, episode)} == {0.5}
