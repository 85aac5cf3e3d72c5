import numpy as np

from mile_desktop.evaluation.messages import EpisodeStates
from mile_desktop.ui.evaluate.watch_model import StateHistory


def states(first: int, count: int) -> EpisodeStates:
    values = np.array([[step, -step] for step in range(first, first + count)], "<f4")
    return EpisodeStates(ticket=1, first=first, size=2, values=values.tobytes())


def test_states_are_found_by_their_step_and_the_nearest_one_beyond_the_ends() -> None:
    history = StateHistory()
    assert history.at_step(3) is None
    history.add(states(57, 3))  # joined on its way
    history.add(states(60, 2))
    assert (history.first, len(history)) == (57, 5)
    assert [found.tolist() for step in (0, 58, 99) if (found := history.at_step(step)) is not None] == [
        [57, -57], [58, -58], [61, -61]
    ]  # fmt: skip


def test_states_after_a_gap_are_not_taken_for_the_next_ones() -> None:
    history = StateHistory()
    history.add(states(0, 2))
    history.add(states(5, 2))
    assert len(history) == 2
    history.clear()
    history.add(states(5, 2))
    assert (history.first, len(history)) == (5, 2)
