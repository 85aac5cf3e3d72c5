"""The same starts have the same outcomes, however they are evaluated."""

import json
from pathlib import Path

import pytest

from mile_desktop.cli import main
from mile_desktop.evaluation.evaluate import EvaluationCancelledError, evaluate, evaluation_seeds
from mile_desktop.evaluation.policies import EvaluationCallbacks, compare_policies, evaluate_policies, find_policy
from mile_desktop.evaluation.run import EvaluationFailedError, results_of
from mile_desktop.paths import bundled_models
from mile_desktop.policies.checkpoint import PolicyFileError, load_policy
from mile_desktop.rollout.scene import GymScene
from mile_desktop.scenes.catalogue import UnknownSceneError
from mile_desktop.storage.catalogue import Catalogue
from mile_desktop.storage.workspace import Workspace

PEG = "peg-insertion"
STARTS = 3
SEEDS = evaluation_seeds(STARTS)


def test_pool_command_line_and_one_process_agree(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    scene = GymScene.make(PEG)
    alone = evaluate(scene, load_policy(bundled_models(PEG) / "initial"), SEEDS)
    scene.close()
    assert 0 < sum(result.success for result in alone) < len(SEEDS)  # or agreement would mean little
    assert all(result.total_reward for result in alone if result.success)

    with Workspace.open(tmp_path / "pool") as workspace:
        told: list[int] = []
        callbacks = EvaluationCallbacks(lambda result: told.append(result.seed))
        made = evaluate_policies(workspace, PEG, ["initial", "expert"], SEEDS, workers=2, callbacks=callbacks)
        assert results_of(made[0]) == alone
        assert sorted(told) == sorted(2 * SEEDS)
        assert Catalogue(workspace).evaluations() == made
        # known by now, and so neither evaluated nor kept again
        paired = compare_policies(workspace, PEG, "initial", "expert", SEEDS)
        assert (paired.before_successes, paired.after_successes) == (made[0].successes, made[1].successes)
        assert len(Catalogue(workspace).evaluations()) == 2

    command = [
        "compare",
        "--before",
        "initial",
        "--after",
        "expert",
        "--episodes",
        f"{STARTS}",
        "--workers",
        "1",
        "--json",
    ]
    assert main([*command, "--workspace", str(tmp_path / "command")]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    (compared,) = (line for line in lines if line.get("event") == "compared")
    so_far = [line["paired"] for line in lines if line.get("event") == "progress"]
    assert [each["starts"] for each in so_far] == sorted(each["starts"] for each in so_far)
    last = {"starts": STARTS, "before_successes": made[0].successes, "after_successes": made[1].successes}
    assert so_far[-1] == last
    assert (compared["before_successes"], compared["after_successes"]) == (made[0].successes, made[1].successes)
    assert (compared["gained"] - compared["lost"]) / STARTS == paired.difference
    assert compared["p_value"] == paired.p_value
    with Workspace.open(tmp_path / "command") as workspace:
        assert [results_of(record) for record in Catalogue(workspace).evaluations()] == [*map(results_of, made)]


def test_what_cannot_be_evaluated_is_said_and_nothing_is_kept(tmp_path: Path) -> None:
    with Workspace.open(tmp_path / "w") as workspace:
        with pytest.raises(UnknownSceneError, match="tea-making"):
            evaluate_policies(workspace, "tea-making", ["expert"], SEEDS)
        with pytest.raises(PolicyFileError, match=r"config\.json"):
            find_policy(workspace, PEG, str(tmp_path))
        config = (bundled_models(PEG) / "initial" / "config.json").read_bytes()
        (tmp_path / "torn").mkdir()
        (tmp_path / "torn" / "config.json").write_bytes(config)
        (tmp_path / "torn" / "model.safetensors").write_bytes(b"half of i")
        with pytest.raises(EvaluationFailedError, match="safetensors"):
            evaluate_policies(workspace, PEG, [str(tmp_path / "torn")], SEEDS, workers=1)
        with pytest.raises(EvaluationCancelledError, match=f"0 of {STARTS}"):
            evaluate_policies(workspace, PEG, ["expert"], SEEDS, callbacks=EvaluationCallbacks(cancelled=lambda: True))
        assert Catalogue(workspace).evaluations() == ()


def test_a_comparison_that_grows_runs_only_the_starts_that_are_new(tmp_path: Path) -> None:
    with Workspace.open(tmp_path) as workspace:
        evaluate_policies(workspace, PEG, ["initial", "expert"], SEEDS[:1], workers=1)
        told: list[int] = []
        callbacks = EvaluationCallbacks(lambda result: told.append(result.seed))
        paired = compare_policies(workspace, PEG, "initial", "expert", SEEDS, first=1, workers=1, callbacks=callbacks)
        assert paired.episodes in (2, 3), "one start decides nothing"
        assert sorted(told) == sorted([*SEEDS[1 : paired.episodes]] * 2)
        kept = Catalogue(workspace).evaluations(scene=PEG)
        assert sorted(len(each.seeds) for each in kept) == [1, 1, paired.episodes, paired.episodes]
