import gc
import os
import signal
import weakref
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import get_args

import msgspec
import pytest

from mile_desktop.intervention.model import load_intervention_model, save_intervention_model
from mile_desktop.paths import SCENES_VARIABLE, bundled_models
from mile_desktop.rollout import messages as m
from mile_desktop.rollout.phases import Phase
from mile_desktop.rollout.worker import set_aside_what_stays
from mile_desktop.scenes.template import new_scene
from mile_desktop.storage.catalogue import Catalogue
from mile_desktop.storage.recovery import recover
from mile_desktop.storage.workspace import Workspace
from tests.rollout.worker_desk import WorkerDesk


@pytest.fixture(scope="module")
def shared_desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WorkerDesk]:
    with WorkerDesk(tmp_path_factory.mktemp("worker") / "workspace") as desk:
        yield desk


@pytest.fixture
def desk(shared_desk: WorkerDesk) -> WorkerDesk:
    shared_desk.load()
    shared_desk.events.clear()
    return shared_desk


class _Cycle:
    def __init__(self) -> None:
        self.itself = self


def test_what_a_session_before_has_left_is_freed_by_the_next_load() -> None:
    """A session refers to itself in many places, and was set aside when it was loaded."""
    left = _Cycle()
    seen = weakref.ref(left)
    set_aside_what_stays()
    try:
        del left
        gc.collect()
        assert seen() is not None, "an ordinary collection passes over it"
        set_aside_what_stays()
        assert seen() is None
    finally:
        gc.unfreeze()


def test_every_command_is_taken_with_and_without_a_session(tmp_path: Path) -> None:
    commands = (
        *(
            m.StartEpisodes(),
            m.LabelStates(generation=2),
            m.ArmRobot(),
            m.DisarmRobot(),
            m.AskToDrive(),
            m.ConfirmReset(),
            m.ConfirmReset(ready=False),
            m.TickChecklist(number=1, points=("Nobody is near.",)),
        ),
        *(m.ToggleHold(), m.UndoDiscard(), m.ReloadInterventionModel(), m.PromotePolicy(policy="expert")),
        *(m.WindowInput(source="keyboard", takeover=False, action=()), m.SetViewYaw(yaw_deg=30.0)),
        *(m.SetAlert(threshold=0.4, debounce_steps=2, ask_me=False), m.WatchCameras(), m.TestRumble()),
        *(m.DriveWords(text="up", meaning="up 2 cm", segments=(), view_yaw_deg=0.0), m.CancelWords()),
        *(m.PauseRobot(paused=True), m.PauseRobot(paused=False), m.MarkCall(), m.NameOperator(name="A")),
        m.SetTimeLimit(seconds=5.0),
        *(m.EndEpisode(outcome="failure"), m.RequestStop(), m.RequestReset()),
    )
    left_out = {m.LoadSession, m.SetPad, m.WatchPad, m.Shutdown}
    assert {type(command) for command in commands} | left_out == set(get_args(m.Command))
    with WorkerDesk(tmp_path / "workspace") as desk:
        for command in commands:
            desk.process.send(command)
        desk.load()
        for command in commands:
            desk.process.send(command)
        assert desk.wait_for(m.PolicyAccepted).policy == "expert"
        desk.wait_for_phase(Phase.IDLE)


def test_an_episode_runs_to_its_end_and_is_on_disk(desk: WorkerDesk) -> None:
    desk.process.send(m.StartEpisodes())
    closed = desk.wait_for(m.EpisodeClosed)
    assert closed.outcome == "success"
    desk.wait_for_phase(Phase.IDLE)
    steps = [event.step for event in desk.events if isinstance(event, m.StepTaken)]
    assert steps == list(range(closed.steps))
    with Workspace.open(desk.workspace) as workspace:
        assert Catalogue(workspace).episode(closed.episode_id).steps == closed.steps
    sample = desk.slot.read()
    assert sample is not None
    assert len(sample.values) > 9


def test_the_keyboard_takes_over_and_its_silence_holds(desk: WorkerDesk) -> None:
    desk.process.send(m.StartEpisodes())
    desk.wait_for(m.StepTaken)
    desk.process.send(m.WindowInput(source="keyboard", takeover=True, action=(0.0, 0.5, 0.0, 0.0)))
    taken = desk.wait_for(m.StepTaken, lambda step: step.intervention)
    for _ in range(20):  # the slew limit leads from the policy's action to the person's, which grows
        if taken.executed[0] == taken.executed[2] == taken.executed[3] == 0.0 and taken.executed[1] > 0.0:
            break
        taken = desk.wait_for(m.StepTaken)
    assert taken.executed == pytest.approx((0.0, 0.25, 0.0, 0.0), abs=0.24)
    assert taken.executed[1] > 0.0
    assert taken.intervention
    held = desk.wait_for_phase(Phase.HOLD)
    assert held.reason.startswith("The window was busy and passed on no keys for")
    desk.process.send(m.EndEpisode(outcome="failure"))
    assert desk.wait_for(m.EpisodeClosed).outcome == "failure"


def test_the_episode_keeps_who_operated_and_that_it_succeeded_partly(desk: WorkerDesk) -> None:
    desk.process.send(m.NameOperator(name="Anna"))
    desk.process.send(m.StartEpisodes())
    desk.wait_for(m.StepTaken)
    # It is for the next episode: this one has begun.
    desk.process.send(m.NameOperator(name="Ben"))
    desk.process.send(m.EndEpisode(outcome="partial success"))
    closed = desk.wait_for(m.EpisodeClosed)
    with Workspace.open(desk.workspace) as workspace:
        record = Catalogue(workspace).episode(closed.episode_id)
    assert (record.outcome, record.start.operator_name) == ("partial success", "Anna")


def test_the_status_counts_down_to_the_time_limit(desk: WorkerDesk) -> None:
    assert desk.wait_for(m.Status).steps_left is None
    desk.process.send(m.StartEpisodes())
    status = desk.wait_for(m.Status, lambda each: each.step > 3)
    assert status.steps_left == 200 - status.step


def test_discarding_repeats_the_start_and_can_be_undone(desk: WorkerDesk) -> None:
    desk.process.send(m.StartEpisodes())
    desk.wait_for(m.StepTaken, lambda step: step.step > 3)
    desk.process.send(m.EndEpisode(outcome="discard"))
    discarded = desk.wait_for(m.EpisodeClosed)
    assert discarded.discarded
    desk.process.send(m.UndoDiscard())
    restored = desk.wait_for(m.EpisodeClosed)
    assert (restored.episode_id, restored.discarded) == (discarded.episode_id, False)
    desk.process.send(m.RequestStop())
    desk.wait_for_phase(Phase.STOPPED)


def test_what_cannot_be_loaded_is_said_and_the_worker_lives(desk: WorkerDesk, tmp_path: Path) -> None:
    desk.process.send(m.LoadSession(workspace=str(desk.workspace), scene="tea-making", policy="expert"))
    assert "tea-making" in desk.wait_for(m.Fault).text
    desk.process.send(m.LoadSession(workspace=str(desk.workspace), scene="peg-insertion", policy="nobody"))
    assert "nobody" in desk.wait_for(m.Fault).text
    (tmp_path / "file").write_text("no workspace")
    desk.process.send(m.LoadSession(workspace=str(tmp_path / "file"), scene="peg-insertion", policy="expert"))
    assert str(tmp_path / "file") in desk.wait_for(m.Fault).text
    desk.load()


@pytest.mark.parametrize("change", [{"scene": "drawer-open"}, {"policy": "initial"}, {"rate_hz": 10.0}])
def test_nothing_is_loaded_while_an_episode_runs(desk: WorkerDesk, change: dict[str, object]) -> None:
    desk.process.send(m.StartEpisodes())
    before = desk.wait_for(m.StepTaken)
    fields = {"workspace": str(desk.workspace), "scene": "peg-insertion", "policy": "expert"} | change
    desk.process.send(m.LoadSession(**fields))  # type: ignore[arg-type]
    assert desk.wait_for(m.LoadRefused).text.endswith("End it, then choose again.")
    kept = desk.wait_for(m.SessionLoaded)
    assert (kept.scene, kept.policy_id, kept.rate_hz) == ("peg-insertion", "expert", 20.0)
    assert desk.wait_for(m.StepTaken).episode_id == before.episode_id
    desk.process.send(m.LabelStates(generation=7))

    def labelled(_: m.StepTaken) -> bool:
        shown = desk.slot.read()
        return shown is not None and shown.flags == 7

    assert desk.wait_for(m.StepTaken, labelled).episode_id == before.episode_id
    desk.process.send(m.EndEpisode(outcome="failure"))
    desk.wait_for(m.EpisodeClosed)
    desk.wait_for_phase(Phase.IDLE)


def test_a_scene_whose_own_code_fails_is_said_and_the_worker_lives(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(SCENES_VARIABLE, str(tmp_path / "scenes"))
    module = new_scene("lever") / "scene.py"
    text = module.read_text()
    assert "EXPERT = LeverExpert()" in text
    module.write_text(text.replace("EXPERT = LeverExpert()", "EXPERT = lambda observation: 1 / 0"))
    with WorkerDesk(tmp_path / "workspace") as desk:
        desk.load(scene="lever", policy="initial", simulated_operator="segment")
        desk.process.send(m.StartEpisodes())
        assert "EXPERT: found ZeroDivisionError" in desk.wait_for(m.Fault).text
        module.write_text(text)
        desk.load(scene="lever")


@pytest.mark.parametrize("source", ["ensemble", "published", "temporal"])
def test_every_source_of_the_live_number_gives_one(desk: WorkerDesk, source: str) -> None:
    desk.load(policy="initial", live_source=source)
    desk.process.send(m.StartEpisodes())
    step = desk.wait_for(m.StepTaken, lambda taken: taken.step == 5)
    assert 0.0 <= step.low <= step.probability <= step.high <= 1.0
    desk.process.send(m.EndEpisode(outcome="failure"))
    desk.wait_for(m.EpisodeClosed)


def test_an_unknown_source_of_the_live_number_is_said(desk: WorkerDesk) -> None:
    command = m.LoadSession(workspace=str(desk.workspace), scene="peg-insertion", policy="initial", live_source="tea")
    desk.process.send(command)
    assert "ensemble, published, temporal" in desk.wait_for(m.Fault).text
    desk.load()


def test_the_intervention_model_is_reloaded_without_a_note_and_without_disturbing(desk: WorkerDesk) -> None:
    basis = desk.load(policy="initial").basis
    desk.process.send(m.StartEpisodes())
    desk.wait_for(m.StepTaken)
    with Workspace.open(desk.workspace) as workspace:
        model = load_intervention_model(bundled_models("peg-insertion") / "intervention")
        assert model.forecast is not None
        learned = msgspec.structs.replace(model.forecast.config, takeovers=3)
        target = workspace.forecast_folder(model.config.model_id)
        save_intervention_model(target, model.with_forecast(replace(model.forecast, config=learned)))
    desk.process.send(m.ReloadInterventionModel())
    desk.wait_for(m.StepTaken)
    desk.process.send(m.EndEpisode(outcome="failure"))
    desk.wait_for(m.EpisodeClosed)
    said = desk.wait_for(m.Status, lambda status: status.basis != basis)
    assert "forecast: adapting to you" in said.basis
    assert not [event for event in desk.events if isinstance(event, m.Note | m.PolicyAccepted)]


def test_a_policy_that_cannot_be_promoted_changes_nothing(desk: WorkerDesk) -> None:
    desk.process.send(m.PromotePolicy(policy="nobody"))
    note = desk.wait_for(m.Note)
    assert note.level == "error"
    assert "goes on" in note.text


def test_a_killed_worker_is_noticed_and_its_episode_recovered(tmp_path: Path) -> None:
    with WorkerDesk(tmp_path / "workspace") as desk:
        desk.load()
        desk.process.send(m.StartEpisodes())
        seen = desk.wait_for(m.StepTaken, lambda step: step.step == 20)
        os.kill(desk.process.pid, signal.SIGKILL)
        assert desk.process.wait(20.0)
        assert "SIGKILL" in desk.process.exit_reason
        with Workspace.open(tmp_path / "workspace") as workspace:
            (record,) = recover(workspace)
            assert record.recovered
            assert record.steps >= seen.step
