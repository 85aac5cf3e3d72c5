"""Whole runs in a real workspace: what they leave when they end, are cancelled, fail or are killed."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest
import torch

from mile_desktop.intervention.model import load_intervention_model
from mile_desktop.learning.cancellation import cancelled_by_signals
from mile_desktop.learning.pipeline.config import RunConfig, RunConfigError, read_run_config
from mile_desktop.learning.pipeline.policy_pipeline import TrainedPolicy
from mile_desktop.learning.pipeline.runs import begin_training, resume_training
from mile_desktop.learning.progress import Cancelled, Failed, Finished, Progress, RunEvent, Trained, Warned
from mile_desktop.learning.run_log import EVENT_FILE, read_events
from mile_desktop.learning.trainer.trainer import TrainingCancelled, TrainingError
from mile_desktop.policies.checkpoint import (
    PolicyConfig,
    PolicyFileError,
    PolicyNetwork,
    describe_network,
    load_mental_model,
    load_network,
    save_policy,
)
from mile_desktop.policies.networks import GaussianMlp
from mile_desktop.storage.catalogue import Catalogue, delete_episode, insert_episode
from mile_desktop.storage.episodes import write_episode_file
from mile_desktop.storage.records import Episode, Step
from mile_desktop.storage.workspace import Workspace
from tests.learning.toy import FAST, collected, demonstrations

SETTINGS = replace(FAST, epochs=3, ensemble=2)
PLAIN = replace(SETTINGS, method="iwr")


def rows(episode: Episode) -> list[Step]:
    """Return the steps of an episode again, to write them to a file."""
    return [
        Step(
            timestamp=float(index),
            observation=episode.observation[index],
            policy_action=episode.policy_action[index],
            policy_mean=episode.policy_mean[index],
            policy_std=episode.policy_std[index],
            human_action=episode.human_action[index] if episode.intervention[index] else None,
            action=episode.action[index],
            intervention=bool(episode.intervention[index]),
            intervention_prob=float("nan"),
            intervention_prob_low=float("nan"),
            intervention_prob_high=float("nan"),
            forecast=float("nan"),
            control_phase="autonomous",
            reward=0.0,
            success=False,
            scene_state=episode.observation[index],
        )
        for index in range(len(episode))
    ]


def put(workspace: Workspace, episode: Episode) -> None:
    write_episode_file(workspace.episode_path(episode.record.episode_id), episode.record, rows(episode))
    with workspace.transaction() as connection:
        insert_episode(connection, episode.record)


@pytest.fixture
def workspace(tmp_path: Path, biased: GaussianMlp) -> Iterator[Workspace]:
    with Workspace.open(tmp_path / "workspace") as opened:
        for episode in collected(biased, 8):
            put(opened, episode)
        yield opened


@pytest.fixture
def order(tmp_path: Path, biased: GaussianMlp) -> RunConfig:
    config = PolicyConfig(policy_id="toy-v0", scene="toy", name="v0", method="bc", **describe_network(biased))
    save_policy(tmp_path / "parent", biased, config)
    (tmp_path / "demonstrations").mkdir()
    for episode in demonstrations(4):
        write_episode_file(
            tmp_path / "demonstrations" / f"{episode.record.episode_id}.parquet", episode.record, rows(episode)
        )
    return RunConfig(
        scene="toy",
        parent=str(tmp_path / "parent"),
        demonstrations=str(tmp_path / "demonstrations"),
        settings=PLAIN,
        fit_intervention=False,
    )


def names(folder: Path) -> list[str]:
    return sorted(each.name for each in folder.iterdir())


def events_of(workspace: Workspace, run_id: str) -> list[RunEvent]:
    return list(read_events(workspace.run_folder(run_id) / EVENT_FILE)[0])


def assert_no_debris(workspace: Workspace, run_id: str) -> None:
    assert names(workspace.folder / "policies") == []
    assert names(workspace.folder / "interventions") == []
    assert not (workspace.run_folder(run_id) / "checkpoint").exists()
    assert Catalogue(workspace).policies() == ()
    assert Catalogue(workspace).intervention_models() == ()


# ── to the end ───────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_run_makes_registers_and_says(workspace: Workspace, order: RunConfig) -> None:
    order = msgspec.structs.replace(order, settings=SETTINGS, fit_intervention=True)
    run = begin_training(workspace, order)
    assert Catalogue(workspace).run(run.run_id).state == "running"
    heard: list[RunEvent] = []
    trained = run.run(report=heard.append)
    assert trained is not None
    catalogue = Catalogue(workspace)
    record = catalogue.policy(trained.record.policy_id)
    assert (record.name, record.method, record.parent_id, record.run_id) == ("v1", "mile", "toy-v0", run.run_id)
    assert record.episode_ids == tuple(f"ep-{index:03d}" for index in range(8))
    assert record.settings["learned"]["calibrated"]
    assert load_network(workspace.policy_folder(record.policy_id))[1].policy_id == record.policy_id

    (model,) = catalogue.intervention_models(scene="toy")
    assert (model.policy_id, model.run_id) == ("toy-v0", run.run_id)
    assert model.takeovers == sum(episode.takeovers for episode in catalogue.episodes("toy"))
    loaded = load_intervention_model(workspace.intervention_folder(model.model_id))
    assert loaded.config.members == SETTINGS.ensemble

    assert catalogue.run(run.run_id).state == "finished"
    assert catalogue.run(run.run_id).policy_id == record.policy_id
    events = events_of(workspace, run.run_id)
    assert events == heard
    assert isinstance(events[-1], Finished)
    (said,) = [event for event in events if isinstance(event, Trained)]
    assert said.intervention_model == model.model_id
    progress = [event for event in events if isinstance(event, Progress)]
    assert {event.stage for event in progress} == {"data", "policy", "intervention"}
    assert progress[-1].fraction == pytest.approx(1)
    assert not (run.folder / "checkpoint").exists()


def test_the_next_round_starts_from_the_policy_of_the_last(workspace: Workspace, order: RunConfig) -> None:
    joint = msgspec.structs.replace(order, settings=replace(SETTINGS, mental_model="joint"))
    first = begin_training(workspace, joint).run()
    assert first is not None
    assert load_mental_model(first.folder) is not None
    second = begin_training(workspace, msgspec.structs.replace(joint, parent=str(first.folder))).run()
    assert second is not None
    assert (second.record.name, second.record.parent_id) == ("v2", first.record.policy_id)


def test_without_a_takeover_no_human_is_modelled(workspace: Workspace, order: RunConfig) -> None:
    catalogue = Catalogue(workspace)
    silent = tuple(each.episode_id for each in catalogue.episodes("toy") if not each.takeovers)
    assert silent
    order = msgspec.structs.replace(order, fit_intervention=True, episode_ids=silent)
    run = begin_training(workspace, order)
    trained = run.run()
    assert trained is not None
    assert trained.intervention_model is None
    assert names(workspace.folder / "interventions") == []
    assert any(
        isinstance(each, Warned) and "There is no takeover yet" in each.text
        for each in events_of(workspace, run.run_id)
    )


@pytest.mark.parametrize(("scores", "takeovers"), [((3, 9, 9), 0.0), ((9,), 1.0)])
def test_a_policy_that_is_better_without_the_takeovers_is_kept_and_says_so(
    workspace: Workspace, order: RunConfig, scores: tuple[int, ...], takeovers: float
) -> None:
    asked: list[PolicyNetwork] = []

    def successes(network: PolicyNetwork, starts: int) -> int:
        assert starts == 10
        asked.append(network)
        return scores[len(asked) - 1]

    run = begin_training(workspace, msgspec.structs.replace(order, settings=replace(SETTINGS, takeover_trial=10)))
    trained = run.run(successes=successes)
    assert trained is not None
    kept = asked[0 if takeovers else 1].state_dict()
    saved = load_network(trained.folder)[0].state_dict()
    assert all(torch.equal(saved[name], kept[name]) for name in kept)
    assert trained.record.settings["takeovers"] == takeovers
    assert f"{scores[0]} imitating the takeovers" in trained.record.settings["learned"]["takeover_trial"]
    warned = [each.text for each in events_of(workspace, run.run_id) if isinstance(each, Warned)]
    assert any("does not imitate the takeovers" in text for text in warned) == (takeovers == 0)
    assert [name for name in names(run.folder) if name.startswith("checkpoint")] == []


def test_the_follow_up_hears_of_the_registered_policy(workspace: Workspace, order: RunConfig) -> None:
    seen: list[TrainedPolicy] = []

    def follow_up(trained: TrainedPolicy, report: object, cancelled: object) -> None:
        Catalogue(workspace).policy(trained.record.policy_id)
        seen.append(trained)
        report(Progress(stage="evaluation", fraction=1.0))  # type: ignore[operator]

    run = begin_training(workspace, order)
    trained = run.run(follow_up=follow_up)
    assert seen == [trained]
    kinds = [type(event) for event in events_of(workspace, run.run_id)]
    assert kinds.index(Trained) < len(kinds) - 2
    assert kinds[-1] is Finished


def test_binned_episodes_are_left_out(workspace: Workspace, order: RunConfig) -> None:
    delete_episode(workspace, "ep-003")
    run = begin_training(workspace, order)
    assert "ep-003" not in (read_run_config(run.folder).episode_ids or ())


def test_the_number_of_threads_is_given_back(workspace: Workspace, order: RunConfig) -> None:
    before = torch.get_num_threads()
    begin_training(workspace, msgspec.structs.replace(order, settings=replace(PLAIN, threads=2))).run()
    assert torch.get_num_threads() == before


# ── not to the end ───────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("stage", ["data", "policy", "intervention"])
def test_cancelling_leaves_a_cancelled_run_and_nothing_else(workspace: Workspace, order: RunConfig, stage: str) -> None:
    reached = threading.Event()

    def watch(event: RunEvent) -> None:
        if isinstance(event, Progress) and event.stage == stage:
            reached.set()

    order = msgspec.structs.replace(order, settings=SETTINGS, fit_intervention=True)
    run = begin_training(workspace, order)
    assert run.run(cancelled=reached.is_set, report=watch) is None
    assert_no_debris(workspace, run.run_id)
    assert Catalogue(workspace).run(run.run_id).state == "cancelled"
    assert isinstance(events_of(workspace, run.run_id)[-1], Cancelled)


def test_cancelling_the_comparison_keeps_the_policy(workspace: Workspace, order: RunConfig) -> None:
    def follow_up(trained: TrainedPolicy, report: object, cancelled: object) -> None:
        raise TrainingCancelled

    run = begin_training(workspace, order)
    trained = run.run(follow_up=follow_up)
    assert trained is not None
    record = Catalogue(workspace).run(run.run_id)
    assert (record.state, record.policy_id) == ("finished", trained.record.policy_id)
    assert "comparison was cancelled" in record.message


def test_a_failure_is_said_and_leaves_nothing(workspace: Workspace, order: RunConfig) -> None:
    hopeless = msgspec.structs.replace(order, demonstrations=None, episode_ids=())
    run = begin_training(workspace, hopeless)
    with pytest.raises(ValueError, match="no recorded step"):
        run.run()
    assert_no_debris(workspace, run.run_id)
    record = Catalogue(workspace).run(run.run_id)
    assert record.state == "failed"
    assert "no recorded step" in record.message
    assert isinstance(events_of(workspace, run.run_id)[-1], Failed)


def test_a_policy_that_cannot_be_saved_leaves_nothing(
    workspace: Workspace, order: RunConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("mile_desktop.policies.checkpoint.write_folder", full)
    run = begin_training(workspace, order)
    with pytest.raises(OSError, match="No space left"):
        run.run()
    assert_no_debris(workspace, run.run_id)


def test_a_failed_follow_up_keeps_the_policy_and_says_so(workspace: Workspace, order: RunConfig) -> None:
    def follow_up(trained: TrainedPolicy, report: object, cancelled: object) -> None:
        raise TrainingError("The simulator is gone.")

    run = begin_training(workspace, order)
    with pytest.raises(TrainingError, match="simulator is gone"):
        run.run(follow_up=follow_up)
    record = Catalogue(workspace).run(run.run_id)
    assert record.state == "failed"
    assert Catalogue(workspace).policy(record.policy_id or "")


def test_a_damaged_parent_registers_nothing(workspace: Workspace, order: RunConfig) -> None:
    (Path(order.parent) / "config.json").unlink()
    with pytest.raises(PolicyFileError, match=r"config\.json is missing"):
        begin_training(workspace, order)
    assert Catalogue(workspace).runs() == ()


def test_an_unreadable_order_is_said(workspace: Workspace, order: RunConfig) -> None:
    run = begin_training(workspace, order)
    (run.folder / "config.json").write_text("{")
    with pytest.raises(RunConfigError, match="start a new training"):
        resume_training(workspace, run.run_id)


# ── other processes ──────────────────────────────────────────────────────────────────────────────────────────────────

CHILD = """
import sys
from mile_desktop.learning.cancellation import cancelled_by_signals
from mile_desktop.learning.pipeline.runs import resume_training
from mile_desktop.storage.workspace import Workspace

with Workspace.open(sys.argv[1]) as workspace, cancelled_by_signals() as cancel:
    resume_training(workspace, sys.argv[2]).run(cancelled=cancel.is_set)
"""


def wait_for_epoch(path: Path, epoch: int, deadline_s: float = 60.0) -> None:
    until = time.monotonic() + deadline_s
    while time.monotonic() < until:
        if any(isinstance(event, Progress) and event.epoch >= epoch for event in read_events(path)[0]):
            return
        time.sleep(0.02)
    raise TimeoutError(f"{path} never came to epoch {epoch}")


def started(workspace: Workspace, run_id: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", CHILD, str(workspace.folder), run_id])


LONG_EPOCHS = 100_000
"""More than any test waits for."""


@pytest.fixture
def long_run(workspace: Workspace, order: RunConfig) -> str:
    settings = replace(PLAIN, epochs=LONG_EPOCHS)
    return begin_training(workspace, msgspec.structs.replace(order, settings=settings)).run_id


def test_sigterm_cancels_at_once(workspace: Workspace, long_run: str) -> None:
    with started(workspace, long_run) as child:
        wait_for_epoch(workspace.run_folder(long_run) / EVENT_FILE, 5)
        child.terminate()
        assert child.wait(60) == 0
    reached = max(each.epoch for each in events_of(workspace, long_run) if isinstance(each, Progress))
    assert reached < LONG_EPOCHS
    assert isinstance(events_of(workspace, long_run)[-1], Cancelled)
    assert_no_debris(workspace, long_run)


def test_a_killed_run_goes_on_where_it_was(workspace: Workspace, order: RunConfig) -> None:
    whole = begin_training(workspace, msgspec.structs.replace(order, settings=replace(PLAIN, epochs=60))).run()
    run_id = begin_training(workspace, msgspec.structs.replace(order, settings=replace(PLAIN, epochs=60))).run_id
    with started_saving_always(workspace, run_id) as child:
        wait_for_epoch(workspace.run_folder(run_id) / EVENT_FILE, 8)
        child.kill()
        child.wait(20)
    seen = max(each.epoch for each in events_of(workspace, run_id) if isinstance(each, Progress))
    assert seen < 60
    resumed = resume_training(workspace, run_id).run()
    assert whole is not None
    assert resumed is not None
    after = [each.epoch for each in events_of(workspace, run_id) if isinstance(each, Progress) and each.epoch]
    assert after.count(1) == 1, "it did not start again"
    one, other = (load_network(each.folder)[0].state_dict() for each in (whole, resumed))
    assert all(torch.equal(one[name], other[name]) for name in one)


def started_saving_always(workspace: Workspace, run_id: str) -> subprocess.Popen[bytes]:
    program = "import mile_desktop.learning.trainer.epoch_loop as c\nc.CHECKPOINT_SECONDS = 0.0\n" + CHILD
    return subprocess.Popen([sys.executable, "-c", program, str(workspace.folder), run_id])


def test_signals_are_handled_as_before_afterwards() -> None:
    before = signal.getsignal(signal.SIGTERM)
    with cancelled_by_signals() as cancel:
        os.kill(os.getpid(), signal.SIGTERM)
        assert cancel.wait(5)
    assert signal.getsignal(signal.SIGTERM) is before
