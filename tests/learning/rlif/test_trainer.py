"""RLIF: where its reward lies, and that a policy learns to avoid takeovers from it."""

import itertools
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from mile_desktop.intervention.data import SupervisedSteps
from mile_desktop.learning.methods import make_trainer, methods
from mile_desktop.learning.objectives import UnknownMethodError
from mile_desktop.learning.progress import Progress
from mile_desktop.learning.result import TrainingCancelled, TrainingError
from mile_desktop.learning.rlif.trainer import RlifTrainer, last_steps, takeover_rewards
from mile_desktop.learning.trainer.state import CheckpointError
from mile_desktop.policies.networks import CategoricalMlp, GaussianMlp
from tests.intervention import discrete_toy
from tests.learning.test_objectives import steps as marked
from tests.learning.toy import FAST, error_where_wrong

SETTINGS = replace(FAST, method="rlif", epochs=20)


def test_the_reward_lies_on_the_step_before_a_takeover() -> None:
    steps = marked("..hh.h" + "h..", episodes=(0,) * 6 + (1,) * 3)
    assert takeover_rewards(steps).tolist() == [0, -1, 0, 0, -1, 0, 0, 0, 0]
    assert last_steps(steps).nonzero().squeeze(-1).tolist() == [5, 8]


def test_it_improves_a_biased_policy(biased: GaussianMlp, data: SupervisedSteps) -> None:
    result = make_trainer(data, SETTINGS, start=biased).run()
    assert error_where_wrong(result.network) < 0.8 * error_where_wrong(biased)  # type: ignore[arg-type]
    assert all(torch.isfinite(each).all() for each in result.network.parameters())


def test_going_on_from_a_checkpoint_changes_nothing(biased: GaussianMlp, data: SupervisedSteps, tmp_path: Path) -> None:
    settings = replace(SETTINGS, epochs=6)
    whole = RlifTrainer(data, settings, start=biased).run()
    interrupted = RlifTrainer(data, settings, start=biased)
    progress = itertools.count(1)

    def save_third(event: object) -> None:
        if isinstance(event, Progress) and next(progress) == 3:
            interrupted.save(tmp_path / "c")

    interrupted.run(report=save_third)
    epochs: list[int] = []
    resumed = RlifTrainer(data, settings, start=biased).run(
        checkpoint=tmp_path / "c",
        report=lambda event: epochs.append(event.epoch) if isinstance(event, Progress) else None,
    )
    assert epochs == [4, 5, 6]
    assert all(torch.equal(a, b) for a, b in zip(whole.network.parameters(), resumed.network.parameters(), strict=True))
    with pytest.raises(CheckpointError, match="other episodes, settings or parent"):
        RlifTrainer(data, replace(settings, seed=9), start=biased).restore(tmp_path / "c")


def test_it_can_be_cancelled(biased: GaussianMlp, data: SupervisedSteps) -> None:
    with pytest.raises(TrainingCancelled):
        RlifTrainer(data, SETTINGS, start=biased).run(cancelled=lambda: True)


def test_without_takeovers_there_is_no_reward(biased: GaussianMlp, data: SupervisedSteps) -> None:
    silent = replace(data, intervention=torch.zeros_like(data.intervention))
    with pytest.raises(TrainingError, match="takeovers only and finds none"):
        RlifTrainer(silent, SETTINGS, start=biased)


def test_it_teaches_a_discrete_policy_what_is_taken_over() -> None:
    recorded = discrete_toy.recorded(8, demonstrations=2, seed=3)
    start = CategoricalMlp(2, 3, (32,))
    result = RlifTrainer(recorded, replace(SETTINGS, epochs=12, batch=96), start=start).run()
    assert isinstance(result.network, CategoricalMlp)
    where = recorded.observation[recorded.observation[:, 0] > 0.4]  # there the robot goes the wrong way
    with torch.no_grad():
        chosen = result.network(where).argmax(-1)
    wanted = [int(discrete_toy.human(*row).argmax()) for row in where.double().tolist()]
    robot = [int(discrete_toy.robot(*row).argmax()) for row in where.double().tolist()]
    agreed = np.mean(chosen.numpy() == wanted)
    assert agreed > np.mean(np.array(robot) == wanted) + 0.15


def test_every_method_has_a_trainer(biased: GaussianMlp, data: SupervisedSteps) -> None:
    assert [each.name for each in methods()] == ["mile", "bc", "hg-dagger", "iwr", "sirius", "mile-iwr", "rlif"]
    for each in methods():
        make_trainer(data, replace(FAST, method=each.name), start=biased)
    with pytest.raises(UnknownMethodError, match=r"'dagger'; the methods are mile, .*rlif"):
        make_trainer(data, replace(FAST, method="dagger"), start=biased)
