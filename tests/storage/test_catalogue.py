import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from mile_desktop.storage.catalogue import Catalogue, LearningSummary, delete_episode
from mile_desktop.storage.episodes import read_recording
from mile_desktop.storage.errors import DuplicateRecordError, NameTakenError, UnknownEpisodeError, UnknownRecordError
from mile_desktop.storage.ids import now
from mile_desktop.storage.journal import EpisodeJournal
from mile_desktop.storage.records import (
    EpisodeRecord,
    EvaluationRecord,
    InterventionModelRecord,
    Outcome,
    PolicyRecord,
    RunRecord,
)
from mile_desktop.storage.workspace import Workspace
from tests.storage.samples import a_policy, a_start, some_steps

PEG = "peg-insertion"


def recorded(
    workspace: Workspace, episode_id: str, human: list[bool], outcome: Outcome = "success", **start: object
) -> EpisodeRecord:
    journal = EpisodeJournal(workspace)
    journal.begin(a_start(episode_id, **start))
    for step in some_steps(human):
        journal.append(step)
    record = journal.close(outcome)
    assert record is not None
    return record


def a_model(model_id: str, **changes: object) -> InterventionModelRecord:
    values = {
        "model_id": model_id,
        "scene": PEG,
        "policy_id": "p1",
        "run_id": None,
        "created_at": now(),
        "cost": 2.0,
        "cdf_scale": 0.5,
        "takeovers": 3,
        "episode_ids": ("ep-1", "ep-2"),
    }
    return InterventionModelRecord(**(values | changes))  # type: ignore[arg-type]


def test_episodes_are_found_by_scene_policy_and_outcome(workspace: Workspace) -> None:
    catalogue = Catalogue(workspace)
    first = recorded(workspace, "ep-1", [False])
    second = recorded(workspace, "ep-2", [True], "failure", policy_id="p2")
    third = recorded(workspace, "ep-3", [False], "time limit", scene="lunar-lander")
    binned = replace(recorded(workspace, "ep-4", [False]), deleted=True)
    assert delete_episode(workspace, "ep-4") == binned
    assert catalogue.episodes() == (first, second, third)
    assert catalogue.episodes(PEG) == (first, second)
    assert catalogue.episodes(PEG, policy_id="p2") == (second,)
    assert catalogue.episodes(outcome="failure") == (second,)
    assert catalogue.episodes(outcome="time limit") == (third,)
    assert read_recording(workspace, "ep-3").record.outcome == "time limit"
    assert catalogue.episodes(PEG, include_deleted=True) == (first, second, binned)
    assert catalogue.episode("ep-4") == binned
    assert catalogue.episode_count() == 4
    with pytest.raises(UnknownEpisodeError, match="no episode ep-9"):
        catalogue.episode("ep-9")


def test_the_learn_panel_counts_what_there_is_and_what_is_new(workspace: Workspace) -> None:
    catalogue = Catalogue(workspace)
    assert catalogue.learning_summary(PEG) == LearningSummary(0, 0, 0, 0, 0)
    recorded(workspace, "ep-1", [False, True, True, False, True])
    recorded(workspace, "ep-2", [False, False])
    recorded(workspace, "ep-3", [True, True, True])
    recorded(workspace, "ep-4", [True], scene="lunar-lander")
    recorded(workspace, "ep-5", [True])
    delete_episode(workspace, "ep-5")
    catalogue.add_policy(a_policy("p1", episode_ids=("ep-1", "ep-2", "ep-5")))
    assert catalogue.learning_summary(PEG, "p1") == LearningSummary(3, 10, 3, 6, 1)
    assert catalogue.learning_summary(PEG, "bundled") == LearningSummary(3, 10, 3, 6, 3)
    assert catalogue.learning_summary(PEG) == LearningSummary(3, 10, 3, 6, 3)
    drove = catalogue.episode("ep-1").start.operator
    assert catalogue.learning_summary(PEG, simulated=["probit"]).simulated_steps == 0
    by_simulated = catalogue.learning_summary(PEG, simulated=["probit", drove])
    assert (by_simulated.simulated_takeovers, by_simulated.simulated_steps) == (3, 6)


def test_a_policy_comes_back_as_it_was_added(workspace: Workspace) -> None:
    catalogue = Catalogue(workspace)
    policy = a_policy(
        "p1", parent_id="p0", run_id="run-1", episode_ids=("ep-1",), settings={"lambda": 0.5, "π": [1, 2]}
    )
    catalogue.add_policy(policy)
    assert catalogue.policy("p1") == policy
    assert catalogue.policies(PEG) == (policy,)
    assert catalogue.policies("lunar-lander") == ()
    with pytest.raises(DuplicateRecordError, match="already a policy p1"):
        catalogue.add_policy(a_policy("p1", name="other"))
    assert catalogue.policy("p1") == policy
    with pytest.raises(UnknownRecordError, match="no policy p9"):
        catalogue.policy("p9")
    with pytest.raises(ValueError, match="is not an id"):
        catalogue.add_policy(a_policy("../p1"))


def test_policies_are_renamed_noted_and_archived(workspace: Workspace) -> None:
    catalogue = Catalogue(workspace)
    catalogue.add_policy(a_policy("p1"))
    assert catalogue.rename_policy("p1", "best").name == "best"
    assert catalogue.set_policy_note("p1", "grasps well").note == "grasps well"
    assert catalogue.archive_policy("p1").archived
    assert catalogue.policies(include_archived=False) == ()
    assert not catalogue.archive_policy("p1", archived=False).archived
    assert catalogue.policies(include_archived=False) == (catalogue.policy("p1"),)
    assert (catalogue.policy("p1").name, catalogue.policy("p1").note) == ("best", "grasps well")
    with pytest.raises(UnknownRecordError, match="no policy p9"):
        catalogue.rename_policy("p9", "x")


def test_the_next_name_is_above_the_highest_of_the_scene(workspace: Workspace) -> None:
    catalogue = Catalogue(workspace)
    assert catalogue.next_policy_name(PEG) == "v1"
    for index, name in enumerate(["v0", "v9", "v10", "vault", "my v99", "v3"]):
        catalogue.add_policy(a_policy(f"p{index}", name=name))
    catalogue.add_policy(a_policy("other", name="v50", scene="lunar-lander"))
    assert catalogue.next_policy_name(PEG) == "v11"


def test_rolling_back_is_promoting_an_earlier_policy(workspace: Workspace) -> None:
    catalogue = Catalogue(workspace)
    assert catalogue.promoted(PEG) is None
    for name in ("p1", "p2"):
        catalogue.add_policy(a_policy(name))
    catalogue.add_policy(a_policy("lander", scene="lunar-lander"))
    promotions = [catalogue.promote(PEG, name) for name in ("p1", "p2", "p1")]
    catalogue.promote("lunar-lander", "lander")
    assert catalogue.promoted(PEG) == "p1"
    assert catalogue.promotion_history(PEG) == tuple(promotions)
    with pytest.raises(UnknownRecordError, match="was not made for peg-insertion"):
        catalogue.promote(PEG, "lander")
    with pytest.raises(UnknownRecordError, match="no policy p9"):
        catalogue.promote(PEG, "p9")
    assert catalogue.promoted(PEG) == "p1"


def test_a_run_goes_from_running_to_finished(workspace: Workspace) -> None:
    catalogue = Catalogue(workspace)
    run = RunRecord("run-1", PEG, "mile", "p0", "running", now())
    catalogue.add_run(run)
    assert catalogue.runs(PEG) == (run,)
    finished = catalogue.set_run_state("run-1", "finished", policy_id="p1")
    assert finished == replace(run, state="finished", policy_id="p1")
    assert catalogue.run("run-1") == finished
    assert catalogue.set_run_state("run-1", "failed", message="Out of memory.").message == "Out of memory."


def test_evaluations_are_found_by_policy(workspace: Workspace) -> None:
    catalogue = Catalogue(workspace)
    first = EvaluationRecord("ev-1", "p1", PEG, now(), (100, 101, 102), (True, False, True), 1)
    second = EvaluationRecord(
        "ev-2", "p2", PEG, now(), (100, 102), (True, False), 1, (40, 60), (1.5, -0.5), (101,), ("it broke down",)
    )
    catalogue.add_evaluation(first)
    catalogue.add_evaluation(second)
    assert catalogue.evaluations() == (first, second)
    assert catalogue.evaluations(policy_id="p1", scene=PEG) == (first,)
    assert catalogue.evaluations(policy_id="p1")[0].successes == 2
    assert (first.mean_return, second.mean_return, second.mean_steps) == (None, 0.5, 50.0)


def test_the_latest_intervention_model_of_a_policy_is_found(workspace: Workspace) -> None:
    catalogue = Catalogue(workspace)
    assert catalogue.latest_intervention_model(PEG, "p1") is None
    models = [a_model("im-1"), a_model("im-2"), a_model("im-3", policy_id="p2")]
    for model in models:
        catalogue.add_intervention_model(model)
    assert catalogue.latest_intervention_model(PEG, "p1") == models[1]
    assert catalogue.latest_intervention_model(PEG) == models[2]
    assert catalogue.intervention_model("im-1") == models[0]
    assert catalogue.intervention_models(scene=PEG) == tuple(models)


def test_of_two_trainings_that_end_together_only_one_takes_the_name(workspace: Workspace) -> None:
    """Each of eight threads chose its name before any of them registered its policy."""
    catalogue = Catalogue(workspace)
    chosen = [a_policy(f"policy-{number}", name=catalogue.next_policy_name("peg-insertion")) for number in range(8)]
    assert {record.name for record in chosen} == {"v1"}
    barrier = threading.Barrier(len(chosen))

    def register(record: PolicyRecord) -> None:
        barrier.wait()
        while True:
            try:
                catalogue.add_named_policy(record)
            except NameTakenError:
                record = replace(record, name=catalogue.next_policy_name(record.scene))
            else:
                return

    with ThreadPoolExecutor(len(chosen)) as threads:
        list(threads.map(register, chosen))
    assert sorted(record.name for record in catalogue.policies()) == [f"v{number}" for number in range(1, 9)]


def test_the_same_name_is_free_in_another_scene(workspace: Workspace) -> None:
    catalogue = Catalogue(workspace)
    catalogue.add_named_policy(a_policy("policy-1"))
    catalogue.add_named_policy(a_policy("policy-2", scene="drawer-opening"))
    with pytest.raises(NameTakenError, match="peg-insertion has a policy called v1 already; choose another name"):
        catalogue.add_named_policy(a_policy("policy-3"))
    assert catalogue.find_policy("policy-3") is None
