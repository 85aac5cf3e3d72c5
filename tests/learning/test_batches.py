"""Minibatches: contiguous, unbiased, with anchors in every one."""

import pytest
import torch

from mile_desktop.intervention.data import SupervisedSteps
from mile_desktop.learning.batches import anchor_steps, build_training_data
from mile_desktop.learning.dataset import supervised_steps
from mile_desktop.learning.objectives import corrections_only, everything_executed
from tests.learning.test_objectives import steps as marked
from tests.learning.toy import demonstrations

CPU = torch.device("cpu")


def laid_out(human: str, share: float = 0.5, masses: object = corrections_only) -> object:
    return build_training_data(marked(human), masses, anchor_share=share, device=CPU)  # type: ignore[arg-type]


def epoch(data: object, batch: int, share: float, seed: int = 0) -> list[object]:
    return list(data.epoch(batch, share, torch.Generator().manual_seed(seed)))  # type: ignore[attr-defined]


def test_every_batch_has_its_share_of_anchors() -> None:
    data = laid_out("." * 90 + "h" * 10 + "d" * 7)
    batches = epoch(data, 20, 0.5)
    assert len(batches) == 10
    for batch in batches:
        assert len(batch.intervention) == 10
        assert len(batch.observation) == 20


def test_one_epoch_sees_every_supervised_step_once() -> None:
    data = laid_out("." * 13 + "h" * 10 + "d" * 7)
    seen = torch.cat([batch.intervention for batch in epoch(data, 8, 0.5)])
    assert len(seen) == 23
    assert seen.sum() == 10


def test_coefficients_are_unbiased() -> None:
    """Their mean over an epoch is the mass of the whole, for corrections and anchors alike."""
    data = laid_out("." * 30 + "h" * 10 + "d" * 5, share=0.4)
    batches = epoch(data, 10, 0.4)
    corrections = sum(float(batch.coefficient[: len(batch.intervention)].sum()) for batch in batches) / len(batches)
    anchors = sum(float(batch.coefficient[len(batch.intervention) :].sum()) for batch in batches) / len(batches)
    assert corrections == pytest.approx(0.6, rel=0.1)
    assert anchors == pytest.approx(0.4)


def test_everything_at_once_has_exactly_the_mass() -> None:
    batch = laid_out("..h..d", share=0.25, masses=everything_executed).everything()  # type: ignore[attr-defined]
    assert batch.coefficient.sum() == pytest.approx(1)
    assert len(batch.observation) == 6


def test_demonstrations_alone_make_batches_too() -> None:
    data = laid_out("d" * 23)
    batches = epoch(data, 10, 0.5)
    assert sum(len(batch.observation) for batch in batches) == 23
    assert all(batch.coefficient.sum() == pytest.approx(1) for batch in batches)
    assert all(len(batch.intervention) == 0 for batch in batches)


def test_batches_depend_on_the_seed_alone() -> None:
    data = laid_out("." * 40 + "h" * 10 + "d" * 9)
    first, again, other = (epoch(data, 16, 0.5, seed) for seed in (1, 1, 2))
    assert all(torch.equal(a.intervention, b.intervention) for a, b in zip(first, again, strict=True))
    assert any(not torch.equal(a.intervention, b.intervention) for a, b in zip(first, other, strict=True))


def own_rollouts(success: tuple[bool, ...]) -> SupervisedSteps:
    made = marked("..." + "..h" + "...", episodes=(0,) * 3 + (1,) * 3 + (2,) * 3)
    made.success[:] = torch.tensor(success).repeat_interleave(3)
    return made


def test_without_demonstrations_untouched_successes_anchor() -> None:
    found = anchor_steps(own_rollouts((True, True, False)))
    assert found.tolist() == [True] * 3 + [False] * 6


def test_with_demonstrations_nothing_else_anchors() -> None:
    steps = supervised_steps([], demonstrations(2))
    assert anchor_steps(steps).all()


def test_there_may_be_nothing_to_hold_on_to() -> None:
    data = build_training_data(own_rollouts((False, True, False)), corrections_only, anchor_share=0.5, device=CPU)
    assert not len(data.anchors)
    assert data.anchor_mass == 0
    assert [len(batch.observation) for batch in epoch(data, 4, 0.5)] == [3, 3, 3]
