"""The trainer: what it starts from, how it stops and continues, and that it makes policies better."""

import itertools
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from mile_desktop.intervention.data import SupervisedSteps
from mile_desktop.learning.batches import TrainingData
from mile_desktop.learning.dataset import supervised_steps
from mile_desktop.learning.objectives import OBJECTIVES
from mile_desktop.learning.progress import Progress, RunEvent, Warned
from mile_desktop.learning.settings import TrainingSettings
from mile_desktop.learning.trainer.epoch_loop import (
    LEAST_EPOCHS,
    MOST_UPDATES,
    PASSES,
    UPDATES,
    epochs_to_converge,
)
from mile_desktop.learning.trainer.initial_networks import new_network
from mile_desktop.learning.trainer.state import CheckpointError
from mile_desktop.learning.trainer.trainer import Trainer, TrainingCancelled, TrainingError
from mile_desktop.policies.checkpoint import PolicyNetwork
from mile_desktop.policies.networks import CategoricalMlp, GaussianMlp
from tests.learning.toy import FAST, collected, demonstrations, error_where_wrong, success_rate


def same_weights(one: PolicyNetwork, other: PolicyNetwork) -> bool:
    return all(torch.equal(a, b) for a, b in zip(one.state_dict().values(), other.state_dict().values(), strict=True))


def stop_after(batches: int) -> object:
    calls = itertools.count()
    return lambda: next(calls) >= batches


@pytest.mark.parametrize("mental_model", ["frozen", "joint", "published"])
def test_mile_improves_a_biased_policy(biased: GaussianMlp, data: SupervisedSteps, mental_model: str) -> None:
    settings = replace(FAST, mental_model=mental_model, epochs=30)  # type: ignore[arg-type]
    result = Trainer(data, settings, start=biased).run()
    assert isinstance(result.network, GaussianMlp)
    assert success_rate(biased) < 0.7
    assert success_rate(result.network) > 0.9
    assert error_where_wrong(result.network) < 0.5 * error_where_wrong(biased)
    assert result.calibrated
    assert (result.mental is None) == (mental_model == "frozen")


@pytest.mark.parametrize("method", OBJECTIVES)
def test_every_method_improves_it(biased: GaussianMlp, data: SupervisedSteps, method: str) -> None:
    result = Trainer(data, replace(FAST, method=method, epochs=20), start=biased).run()
    assert error_where_wrong(result.network) < 0.7 * error_where_wrong(biased)  # type: ignore[arg-type]


@pytest.mark.parametrize("mental_model", ["frozen", "joint"])
def test_the_same_seed_gives_the_same_bits(biased: GaussianMlp, data: SupervisedSteps, mental_model: str) -> None:
    settings = replace(FAST, mental_model=mental_model, epochs=4)  # type: ignore[arg-type]
    first, again = (Trainer(data, settings, start=biased).run().network for _ in range(2))
    other = Trainer(data, replace(settings, seed=1), start=biased).run().network
    assert same_weights(first, again)
    assert not same_weights(first, other)


def test_steps_after_a_takeover_are_learned_from_but_choose_no_weights(
    biased: GaussianMlp, data: SupervisedSteps
) -> None:
    """Measured on the robot's own steps, no weights would ever be better than those that ran."""
    plain = replace(FAST, silence=0.0, epochs=2)
    without, with_it = (Trainer(data, replace(plain, follow_through=each), start=biased) for each in (0, 10))
    assert with_it._data.weight.count_nonzero() > without._data.weight.count_nonzero()
    assert with_it._held_out.error(biased) == without._held_out.error(biased)
    assert not same_weights(without.run().network, with_it.run().network)


def test_the_global_generator_is_left_alone(data: SupervisedSteps) -> None:
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    Trainer(data, replace(FAST, epochs=1, warm_start=False)).run()
    assert torch.equal(torch.rand(3), expected)


def test_a_warm_start_begins_with_the_parent_and_a_cold_one_does_not(
    biased: GaussianMlp, data: SupervisedSteps
) -> None:
    gentle = replace(FAST, epochs=1, learning_rate=1e-9)
    assert error_where_wrong(Trainer(data, gentle, start=biased).run().network) == pytest.approx(  # type: ignore[arg-type]
        error_where_wrong(biased), abs=1e-4
    )
    cold = Trainer(data, replace(gentle, warm_start=False, seed=4), start=biased).run().network
    assert same_weights(cold, cold)
    # Several networks of half the width side by side.
    assert cold.hidden == tuple(width // 2 * FAST.networks for width in FAST.hidden)
    alone = Trainer(data, replace(gentle, warm_start=False, networks=1), start=biased).run().network
    assert alone.hidden == FAST.hidden
    assert error_where_wrong(cold) != pytest.approx(error_where_wrong(biased), abs=1e-2)  # type: ignore[arg-type]


def test_the_parent_itself_is_not_changed(biased: GaussianMlp, data: SupervisedSteps) -> None:
    before = {name: tensor.clone() for name, tensor in biased.state_dict().items()}
    Trainer(data, replace(FAST, epochs=2), start=biased).run()
    assert all(torch.equal(before[name], tensor) for name, tensor in biased.state_dict().items())


# ── stopping and going on ────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("settings", "epochs_before"),
    [
        (replace(FAST, epochs=8, mental_model="frozen", warm_start=True), 1),
        (replace(FAST, epochs=8, mental_model="frozen", warm_start=False), 5),
        (replace(FAST, epochs=8, mental_model="joint", warm_start=True), 5),
        (replace(FAST, epochs=8, mental_model="joint", warm_start=False), 1),
    ],
)
def test_a_resumed_training_equals_an_uninterrupted_one(
    biased: GaussianMlp, data: SupervisedSteps, tmp_path: Path, settings: TrainingSettings, epochs_before: int
) -> None:
    whole = Trainer(data, settings, start=biased).run()

    interrupted = Trainer(data, settings, start=biased)

    def save(event: RunEvent) -> None:
        if isinstance(event, Progress):
            interrupted.save(tmp_path / "checkpoint")

    def stop() -> bool:
        return interrupted_epoch(tmp_path / "checkpoint") >= epochs_before

    with pytest.raises(TrainingCancelled):
        interrupted.run(report=save, cancelled=stop)

    epochs: list[int] = []
    resumed = Trainer(data, settings, start=biased).run(
        checkpoint=tmp_path / "checkpoint",
        report=lambda event: epochs.append(event.epoch) if isinstance(event, Progress) else None,
    )
    assert epochs == list(range(epochs_before + 1, 9))
    assert same_weights(whole.network, resumed.network)
    assert whole.threshold == resumed.threshold
    assert (whole.loss, whole.best_epoch, whole.forgetting) == (resumed.loss, resumed.best_epoch, resumed.forgetting)
    assert whole.held_out_error == resumed.held_out_error
    if whole.mental is not None and resumed.mental is not None:
        assert same_weights(whole.mental, resumed.mental)


def interrupted_epoch(folder: Path) -> int:
    import msgspec  # noqa: PLC0415 - only here

    from mile_desktop.learning.trainer.state import TrainerState  # noqa: PLC0415

    path = folder / "state.json"
    return msgspec.json.decode(path.read_bytes(), type=TrainerState).epoch if path.exists() else 0


def test_a_checkpoint_of_another_training_is_refused(
    biased: GaussianMlp, data: SupervisedSteps, tmp_path: Path
) -> None:
    Trainer(data, replace(FAST, epochs=1), start=biased).save(tmp_path / "c")
    with pytest.raises(CheckpointError, match="other episodes, settings or parent"):
        Trainer(data, replace(FAST, epochs=2), start=biased).run(checkpoint=tmp_path / "c")


@pytest.mark.parametrize("name", ["state.json", "state.safetensors"])
def test_a_damaged_checkpoint_is_refused(biased: GaussianMlp, data: SupervisedSteps, tmp_path: Path, name: str) -> None:
    trainer = Trainer(data, FAST, start=biased)
    trainer.save(tmp_path / "c")
    (tmp_path / "c" / name).write_bytes((tmp_path / "c" / name).read_bytes()[:20])
    with pytest.raises(CheckpointError, match="start it again"):
        trainer.restore(tmp_path / "c")


def test_cancelling_stops_before_the_next_batch(biased: GaussianMlp, data: SupervisedSteps) -> None:
    asked = []

    def cancelled() -> bool:
        asked.append(True)
        return len(asked) > 3

    with pytest.raises(TrainingCancelled):
        Trainer(data, FAST, start=biased).run(cancelled=cancelled)
    assert len(asked) == 4


# ── what is said, what is kept ───────────────────────────────────────────────────────────────────────────────────────


def test_progress_rises_to_the_end(biased: GaussianMlp, data: SupervisedSteps) -> None:
    events: list[RunEvent] = []
    Trainer(data, FAST, start=biased).run(report=events.append)
    progress = [event for event in events if isinstance(event, Progress)]
    assert [event.epoch for event in progress] == list(range(1, FAST.epochs + 1))
    assert progress[-1].fraction == 1
    assert all(a.fraction < b.fraction for a, b in itertools.pairwise(progress))
    assert {"total", "action", "intervention", "held_out", "old"} <= progress[-1].losses.keys()


def test_epochs_that_are_not_set_make_enough_updates(biased: GaussianMlp, data: SupervisedSteps) -> None:
    events: list[RunEvent] = []
    trainer = Trainer(data, replace(FAST, epochs=0), start=biased)
    trainer.run(report=events.append)
    progress = [event for event in events if isinstance(event, Progress)]
    made = trainer._data.batches(FAST.batch, FAST.anchor_share) * progress[-1].epochs
    rows = len(trainer._data.supervised) + len(trainer._data.anchors)
    assert progress[-1].epoch == progress[-1].epochs >= LEAST_EPOCHS
    assert made >= min(max(UPDATES, PASSES * rows / FAST.batch), MOST_UPDATES)


@pytest.mark.parametrize("rows", [1, 400, 2_400, 6_000, 60_000])
def test_large_data_get_more_updates_up_to_a_limit(rows: int) -> None:
    settings = TrainingSettings()
    numbers = torch.arange(rows)
    nothing = torch.zeros(rows, 1)
    data = TrainingData(nothing, nothing, nothing, nothing, nothing[:, 0], nothing[:, 0], 0.5,
                        supervised=numbers[: rows // 2 + 1], anchors=numbers[rows // 2 :])  # fmt: skip
    batches = data.batches(settings.batch, settings.anchor_share)
    updates = batches * epochs_to_converge(settings, data)
    wanted = min(max(UPDATES, PASSES * rows / settings.batch), MOST_UPDATES)
    assert updates >= wanted - 5
    assert updates <= max(wanted + batches, LEAST_EPOCHS * batches) + 5


def test_few_takeovers_are_said(biased: GaussianMlp) -> None:
    events: list[RunEvent] = []
    steps = supervised_steps(collected(biased, 2), demonstrations(4))
    Trainer(steps, replace(FAST, epochs=1), start=biased).run(report=events.append)
    assert any(isinstance(event, Warned) and "fewer than 5" in event.text for event in events)


def test_nothing_to_imitate_is_refused(biased: GaussianMlp) -> None:
    silent = supervised_steps(collected(biased, 3))
    silent.intervention[:] = False
    silent.success[:] = False
    with pytest.raises(TrainingError, match="no takeover and no demonstration"):
        Trainer(silent, replace(FAST, method="hg-dagger"), start=biased)


def test_a_parent_of_another_scene_is_refused(data: SupervisedSteps) -> None:
    with pytest.raises(TrainingError, match="9 observation and 2 action entries, the episodes have 3 and 2"):
        Trainer(data, FAST, start=GaussianMlp(9, 2, (8,)))


def test_a_loss_that_is_no_number_ends_the_training(biased: GaussianMlp, data: SupervisedSteps) -> None:
    broken = GaussianMlp(3, 2, (32, 32))
    with torch.no_grad():
        broken.mean_head.bias[0] = float("nan")
    with pytest.raises(TrainingError, match="loss is nan"):
        Trainer(data, replace(FAST, method="bc"), start=broken).run()


def test_discrete_policies_learn_by_the_same_trainer() -> None:
    """Two actions, the human always wants the second where x > 0; the robot always takes the first."""
    torch.manual_seed(0)
    x = torch.rand(600, 1) * 2 - 1
    human = x[:, 0] > 0
    right = torch.nn.functional.one_hot(human.long(), 2).float()
    robot = torch.tensor([0.9, 0.1]).expand(600, 2)
    steps = SupervisedSteps(
        observation=x,
        action=torch.where(human[:, None], right, torch.tensor([1.0, 0.0])),
        human_action=torch.where(human[:, None], right, torch.nan),
        policy_mean=robot,
        policy_std=robot,
        intervention=human,
        demonstration=torch.zeros(600, dtype=torch.bool),
        success=torch.zeros(600, dtype=torch.bool),
        episode=torch.arange(600) // 50,
        step=torch.arange(600) % 50,
        episode_ids=tuple(f"e{index}" for index in range(12)),
    )
    settings = replace(FAST, epochs=30, warm_up=0, cost=1.0, cdf_scale=1.0)
    start = new_network(steps, settings, discrete=True)
    result = Trainer(steps, settings, start=start).run()
    assert isinstance(result.network, CategoricalMlp)
    with torch.no_grad():
        chosen = result.network(torch.tensor([[-0.5], [0.5]])).argmax(-1)
    assert chosen.tolist() == [0, 1], "the first action is learned from silence alone"
    assert result.threshold is not None


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"epochs": -1}, "epochs is -1; it must be between 0 and"),
        ({"cdf_scale": 0.0}, "cdf_scale is 0.0; it must be positive"),
        ({"std_floor": 2.0}, "std_floor 2.0 must be below"),
        ({"hidden": ()}, "needs at least one"),
        ({"mental_model": "psychic"}, "one of frozen, joint, published"),
        ({"learning_rate": float("nan")}, "learning_rate is nan"),
    ],
)
def test_settings_out_of_range_are_refused(change: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        TrainingSettings(**change)  # type: ignore[arg-type]


# ── several networks ─────────────────────────────────────────────────────────────────────────────────────────────────


def test_several_networks_learn_what_each_learns_alone(data: SupervisedSteps) -> None:
    few = replace(FAST, method="bc", epochs=2, warm_start=False, networks=2, held_out=0.0)
    together = Trainer(data, few).run().network
    # The halves of the merged network are the members; both have learned, and differently.
    first, second = together.trunk[0].weight.split(FAST.hidden[0] // 2)
    assert not torch.equal(first, second)
    # Zeros where one would lead to the other, also after learning.
    between = together.trunk[2].weight[: FAST.hidden[1] // 2, FAST.hidden[0] // 2 :]
    assert not between.any()


def test_several_networks_imitate_together() -> None:
    steps = supervised_steps([], demonstrations(12))
    settings = replace(FAST, method="bc", epochs=40, warm_start=False, held_out=0.0)
    network = Trainer(steps, settings).run().network
    with torch.no_grad():
        mean, _ = network(steps.observation)
    assert float((mean - steps.action).square().mean().sqrt()) < 0.1
