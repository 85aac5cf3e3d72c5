from collections.abc import Callable
from dataclasses import replace

import pytest
import torch

from mile_desktop.learning.progress import Progress, RunEvent, Warned
from mile_desktop.learning.result import Report, TrainingCancelled, TrainingResult
from mile_desktop.learning.settings import TrainingSettings
from mile_desktop.learning.takeover_trial import candidates, train_tried
from mile_desktop.policies.checkpoint import PolicyNetwork
from mile_desktop.policies.networks import GaussianMlp
from tests.learning.test_objectives import steps

SETTINGS = TrainingSettings(takeover_trial=20)
TAKEN_OVER = "." * 30 + "hhhh"


def a_result() -> TrainingResult:
    return TrainingResult(
        network=GaussianMlp(2, 2, (4,)), mental=None, loss=0.0, held_out_error=None, best_epoch=1, threshold=None,
        calibrated=False, forgetting=None,
    )  # fmt: skip


def tried(*scores: int, human: str = "dd" + TAKEN_OVER, settings: TrainingSettings = SETTINGS):  # noqa: ANN201
    """Train where the candidates have these successes, in turn; return what was trained, the trial and the events."""
    made: list[tuple[TrainingSettings, TrainingResult]] = []
    events: list[RunEvent] = []

    def train(changed: TrainingSettings, number: int, report: Report) -> TrainingResult:
        assert number == len(made)
        report(Warned(text="few takeovers"))
        for epoch in (1, 2):
            report(Progress(stage="policy", fraction=epoch / 2, epoch=epoch, epochs=2))
        made.append((changed, a_result()))
        return made[-1][1]

    def successes(network: PolicyNetwork, starts: int) -> int:
        assert starts == settings.takeover_trial
        return next(score for score, (_, result) in zip(scores, made, strict=False) if result.network is network)

    data = replace(steps(human), success=torch.ones(len(human), dtype=torch.bool))
    result, trial = train_tried(data, settings, train, successes, events.append)
    kept = next(index for index, (_, each) in enumerate(made) if each is result)
    return [each for each, _ in made], kept, trial, events


@pytest.mark.parametrize(
    ("scores", "trained", "kept"),
    [
        ((18,), 1, 0),
        ((17, 18), 2, 0),
        ((10, 11, 11), 3, 0),
        ((10, 12, 12), 3, 1),
        ((10, 18), 2, 1),
        ((10, 11, 12), 3, 2),
        ((10, 14, 16), 3, 2),
        ((0, 0, 0), 3, 0),
    ],
)
def test_the_first_good_one_or_one_that_gains_enough_is_kept(scores: tuple[int, ...], trained: int, kept: int) -> None:
    made, found, trial, _ = tried(*scores)
    assert (len(made), found) == (trained, kept)
    assert trial.settings == made[kept]
    assert [(each.takeovers, each.calm) for each in made] == [(1.0, 1.0), (0.0, 1.0), (0.0, 0.0)][:trained]


def test_people_hear_what_was_tried_and_are_warned_where_their_takeovers_do_not_count() -> None:
    _, _, trial, events = tried(10, 18)
    assert trial.text == (
        "The policy learned when the robot was right, and does not imitate the takeovers. "
        "Successes on 20 trial starts: 10 imitating the takeovers, 18 without imitating them."
    )
    assert [each.text for each in events if isinstance(each, Warned)] == ["few takeovers", trial.text]
    shares = [each.fraction for each in events if isinstance(each, Progress)]
    assert shares == sorted(shares)
    assert shares[-1] == 1.0
    _, _, imitated, quiet = tried(18)
    kept = "The policy imitates the takeovers."
    assert imitated.text == f"{kept} Successes on 20 trial starts: 18 imitating the takeovers."
    assert [each.text for each in quiet if isinstance(each, Warned)] == ["few takeovers"]


def test_epochs_are_counted_on_so_that_a_curve_never_goes_back() -> None:
    _, _, _, events = tried(10, 11, 12)
    epochs = [(each.epoch, each.epochs) for each in events if isinstance(each, Progress) and each.epoch]
    assert epochs == [(1, 2), (2, 2), (3, 4), (4, 4), (5, 6), (6, 6)]


@pytest.mark.parametrize(
    ("human", "changes"),
    [
        ("dd" + "." * 30, {}),
        ("hhhh", {}),
        ("dd" + TAKEN_OVER, {"takeover_trial": 0}),
        ("dd" + TAKEN_OVER, {"takeovers": 0.0}),
        ("dd" + TAKEN_OVER, {"method": "hg-dagger"}),
    ],
)
def test_nothing_is_tried_where_there_is_nothing_to_compare(human: str, changes: dict[str, object]) -> None:
    made, _, trial, _ = tried(human=human, settings=replace(SETTINGS, **changes))  # type: ignore[arg-type]
    assert (len(made), trial) == (1, None)


def test_without_demonstrations_the_robots_own_steps_are_the_only_alternative() -> None:
    data = replace(steps(TAKEN_OVER), success=torch.ones(len(TAKEN_OVER), dtype=torch.bool))
    assert [each.settings.takeovers for each in candidates(data, SETTINGS)] == [1.0, 0.0]
    assert not candidates(steps(TAKEN_OVER), replace(SETTINGS, takeover_trial=0))
    assert len(candidates(steps("dd" + TAKEN_OVER), SETTINGS)) == 2, "no success: no calm step, but demonstrations"


def test_a_cancel_during_the_trial_passes_through() -> None:
    def cancelled(_network: PolicyNetwork, _starts: int) -> int:
        raise TrainingCancelled

    train: Callable[..., TrainingResult] = lambda *_: a_result()  # noqa: E731
    with pytest.raises(TrainingCancelled):
        train_tried(steps("dd" + TAKEN_OVER), SETTINGS, train, cancelled, lambda _: None)
