"""A robot without a policy: the zero policy stands still, learns from takeovers, and is not compared on the robot."""

import json
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import msgspec
import numpy as np
import pytest

from mile_desktop.cli import main
from mile_desktop.commands import train
from mile_desktop.learning.pipeline.config import RunConfig
from mile_desktop.paths import SCENES_VARIABLE
from mile_desktop.policies.checkpoint import PolicyFileError, load_policy, read_policy_config
from mile_desktop.registry.compatibility import check_policy_fits
from mile_desktop.registry.policies import load_named_policy, policy_folder
from mile_desktop.registry.zero_policy import make_zero_policy
from mile_desktop.robots.description import ActionAxis, Measured, RobotDescription
from mile_desktop.scenes.gymnasium.new_scene import new_gymnasium_scene
from mile_desktop.storage.catalogue import Catalogue
from mile_desktop.storage.journal import EpisodeJournal
from mile_desktop.storage.workspace import Workspace
from tests.storage.samples import ACTIONS, OBSERVATIONS, a_start, some_steps


@dataclass(frozen=True)
class Sizes:
    observation_size: int = OBSERVATIONS
    action_size: int = ACTIONS


BENCH = RobotDescription(
    name="Bench arm",
    task="bench",
    rate_hz=20.0,
    measures=tuple(Measured(label=f"m{index}") for index in range(OBSERVATIONS)),
    actions=tuple(ActionAxis(label=f"a{index}") for index in range(ACTIONS)),
)


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    return tmp_path / "workspace"


def test_the_zero_policy_stands_still_and_is_made_once(workspace: Path) -> None:
    with Workspace.open(workspace) as opened:
        loaded = load_named_policy(opened, "bench", "initial", Sizes())
        output = loaded.policy.act(np.full(OBSERVATIONS, 3.0, np.float32))
        assert not output.action.any()
        assert make_zero_policy(opened, "bench", Sizes()) == loaded.policy.policy_id
        assert [record.note for record in Catalogue(opened).policies("bench")] == [
            "stands still until you have shown it what to do and retrained"
        ]


def test_the_first_policy_of_a_scene_is_there_before_the_scene_was_ever_loaded(
    workspace: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(SCENES_VARIABLE, str(tmp_path / "scenes"))
    pendulum = new_gymnasium_scene("Pendulum-v1").name
    with Workspace.open(workspace) as opened:
        config = read_policy_config(policy_folder(opened, pendulum, "initial"))
        assert (config.method, config.observation_size, config.action_size) == ("still", 3, 1)
        assert policy_folder(opened, pendulum, "initial").name == config.policy_id, "it is made once"
        with pytest.raises(PolicyFileError, match="bench has no bundled policy"):
            policy_folder(opened, "bench", "initial")


def test_it_learns_from_what_it_was_shown_and_nothing_is_evaluated_on_a_robot(
    workspace: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(train, "RunConfig", partial(RunConfig, fit_intervention=False))
    with Workspace.open(workspace) as opened:
        first = make_zero_policy(opened, "bench", Sizes())
        journal = EpisodeJournal(opened)
        for seed in range(3):
            journal.begin(a_start(scene="bench", policy_id=first, seed=seed))
            for step in some_steps([False] * 5 + [True] * 10):
                journal.append(step)
            journal.close("success")
    settings = json.dumps({"ensemble": 1, "hidden": [8], "fit_epochs": 5})
    words = ["--scene", "bench", "--epochs", "1", "--evaluate", "5", "--settings", settings, "--parent", first]
    assert main(["train", *words, "--workspace", str(workspace), "--json"]) == 0
    events = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert any("without a simulation" in str(event.get("text", "")) for event in events)
    assert not any("before_policy" in event for event in events)
    with Workspace.open(workspace) as opened:
        trained = next(each for each in Catalogue(opened).policies("bench") if each.parent_id == first)
        policy = load_policy(opened.policy_folder(trained.policy_id))
        policy.expect(OBSERVATIONS, ACTIONS)


def test_an_unknown_task_is_refused(workspace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train", "--scene", "tea-making", "--workspace", str(workspace)]) == 1
    assert "tea-making" in capsys.readouterr().err


def test_a_mismatch_names_both_sides(workspace: Path) -> None:
    with Workspace.open(workspace) as opened:
        config = read_policy_config(opened.policy_folder(make_zero_policy(opened, "bench", Sizes())))
    check_policy_fits(config, BENCH)
    other = msgspec.structs.replace(BENCH, task="pour", measures=BENCH.measures[:5], actions=BENCH.actions[:2])
    with pytest.raises(PolicyFileError) as refused:
        check_policy_fits(config, other)
    text = str(refused.value)
    for part in ("made for bench", "there for pour", "looks at 12", "measures 5", "gives 4", "takes 2 (a0, a1)"):
        assert part in text
