import io
import json
import os
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from mile_desktop.cli import main
from mile_desktop.commands.command import Report
from mile_desktop.evaluation.scorecard import Scorecard
from mile_desktop.learning.method_info import METHODS
from mile_desktop.learning.step_problem import StepProblem
from mile_desktop.paths import bundled_models
from mile_desktop.registry.intervention_models import intervention_folder, load_with_forecast
from mile_desktop.storage.catalogue import Catalogue
from mile_desktop.storage.workspace import Workspace


def run(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> tuple[int, list[dict[str, object]], str]:
    """Run a command with ``--json``; every line on standard output has to be an object."""
    status = main([*arguments, "--json"])
    captured = capsys.readouterr()
    return status, [json.loads(line) for line in captured.out.splitlines()], captured.err


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with six supervised episodes and one policy trained from them."""
    folder = tmp_path_factory.mktemp("cli") / "workspace"
    common = ["--workspace", str(folder), "--json"]
    assert main(["rollout", "--operator", "segment", "--episodes", "6", "--seed", "5", *common]) == 0
    settings = json.dumps({"ensemble": 2, "hidden": [16], "fit_epochs": 5, "takeover_trial": 1})
    assert main(["train", "--method", "mile", "--epochs", "2", "--settings", settings, "--run-id", "r1", *common]) == 0
    return folder


def test_whose_episodes_they_are_is_recorded_listed_and_learned_from(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    place = ["--workspace", str(tmp_path)]
    for name in ("Anna", "Ben"):
        roll = ["rollout", "--operator", "segment", "--policy", "initial", "--operator-name", name, "--seed", "7"]
        assert run([*roll, *place], capsys)[0] == 0
    status, lines, _ = run(["episodes", "--operator-name", "Ben", "--scene", "peg-insertion", *place], capsys)
    assert (status, [(line["operator_name"], line["operator"]) for line in lines]) == (0, [("Ben", "segment")])
    assert len(run(["episodes", "--since", "2000-01-01", *place], capsys)[1]) == 2
    assert run(["episodes", "--until", "2000-01-01", *place], capsys)[:2] == (0, [])
    status, _, error = run(["train", "--operator-name", "Bern", *place], capsys)
    assert (status, error.count("\n")) == (1, 1)
    assert "Bern operated no recorded episode of this scene; those with episodes: Anna, Ben." in error
    status, _, error = run(["episodes", "--policy", "v9", *place], capsys)
    assert (status, "v9 drove no episode" in error) == (1, True)


def test_scenes_lists_peg_insertion(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    status, lines, _ = run(["scenes", "--workspace", str(tmp_path)], capsys)
    assert status == 0
    assert {"scene": "peg-insertion", "env_id": "mile/PegInsertion-v0"}.items() <= lines[0].items()


def test_a_terminal_without_utf_8_gets_every_line(monkeypatch: pytest.MonkeyPatch) -> None:
    written = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(written, encoding="ascii"))
    assert main(["words", "left", "1", "cm"]) == 0
    Report(as_json=False).say({}, "✓ make")
    assert written.getvalue().endswith(b"? make\n")


def test_the_list_of_scenes_has_columns(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["scenes"]) == 0
    assert len({line.index(" mile/") for line in capsys.readouterr().out.splitlines() if " mile/" in line}) == 1


def test_rollout_reports_each_episode_and_repeats_itself(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    def roll(name: str) -> list[dict[str, object]]:
        arguments = ["rollout", "--policy", "initial", "--operator", "probit", "--episodes", "2", "--seed", "11"]
        status, lines, _ = run([*arguments, "--workspace", str(tmp_path / name)], capsys)
        assert status == 0
        return lines

    first, second = roll("a"), roll("b")
    keys = {"episode", "steps", "takeovers", "human_steps", "outcome", "mean_intervention_prob"}
    assert [set(line) for line in first] == [keys, keys]
    strip = [[{**line, "episode": ""} for line in lines] for lines in (first, second)]
    assert strip[0] == strip[1]
    assert first[0]["outcome"] in {"success", "failure"}


def test_a_second_rollout_without_a_seed_goes_on_after_the_recorded_starts(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    for _ in range(2):
        arguments = ["rollout", "--policy", "expert", "--operator", "none", "--episodes", "1"]
        status, _, _ = run([*arguments, "--workspace", str(tmp_path)], capsys)
        assert status == 0
    with Workspace.open(tmp_path, create=False) as recorded:
        first, second = (record.start.seed for record in Catalogue(recorded).episodes())
    assert {first, second} == {0, 1}


def test_train_ends_with_the_policy_and_it_can_be_evaluated(
    capsys: pytest.CaptureFixture[str], workspace: Path
) -> None:
    events = [json.loads(line) for line in (workspace / "runs" / "r1" / "progress.jsonl").read_text().splitlines()]
    policy = events[-1]["policy"]
    assert events[-1]["event"] == "finished"
    fractions = [event["fraction"] for event in events if event["event"] == "progress"]
    assert fractions == sorted(fractions)
    arguments = ["evaluate", "--policy", policy, "--episodes", "2", "--seed", "900", "--workspace", str(workspace)]
    status, (line,), _ = run(arguments, capsys)
    assert status == 0
    assert set(line) == {
        *("scene", "policy", "episodes", "seed", "successes", "crashes", "success_rate", "interval"),
        *("mean_return", "mean_steps"),
    }
    assert line["policy"] == policy


def test_doctor_counts_and_finds_a_damaged_episode(capsys: pytest.CaptureFixture[str], workspace: Path) -> None:
    status, (healthy,), _ = run(["doctor", "--workspace", str(workspace)], capsys)
    assert status == 0
    assert (healthy["episodes"], healthy["recovered"], healthy["problems"]) == (6, 0, [])
    episode = min((workspace / "episodes").glob("*.parquet"))
    whole = episode.read_bytes()
    episode.write_bytes(whole[: len(whole) // 2])
    try:
        _, (ill,), _ = run(["doctor", "--workspace", str(workspace)], capsys)
    finally:
        episode.write_bytes(whole)
    assert any(episode.stem in str(problem) for problem in ill["problems"])  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["evaluate", "--policy", "nobody"], "no policy 'nobody'"),
        (["evaluate", "--scene", "tea-making"], "tea-making"),
        (["rollout", "--scene", "tea-making"], "tea-making"),
        (["train", "--settings", "[1]"], "expected an object"),
        (["train", "--settings", '{"epoch": 3}'], "epoch"),
        (["train", "--scene", "tea-making"], "tea-making"),
        (["export-policy", "--policy", "initial", "/nowhere/v0.zip"], "no such file or directory; check it, or choose"),
    ],
)
def test_errors_are_one_line_and_status_1(
    arguments: list[str], words: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    status, lines, error = run([*arguments, "--workspace", str(tmp_path / "w")], capsys)
    assert status == 1
    assert lines == []
    assert len(error.splitlines()) == 1
    assert words in error


def test_doctor_makes_no_workspace(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    status, _, error = run(["doctor", "--workspace", str(tmp_path / "missing")], capsys)
    assert status == 1
    assert "missing" in error
    assert not (tmp_path / "missing").exists()


@pytest.mark.parametrize(
    ("word", "hint"),
    [
        ("rolout", "did you mean rollout?"),
        ("polices", "did you mean policies?"),
        ("brew", "--help` lists"),
    ],
)
def test_a_mistyped_command_gets_a_suggestion(word: str, hint: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([word, "--json"]) == 2
    assert hint in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments",
    [
        ["--json"],
        ["brew"],
        ["rollout", "--episodes", "0"],
        ["rollout", "--operator", "x"],
        ["evaluate", "--workers", "0"],
    ],
)
def test_bad_usage_is_status_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments) == 2
    assert "usage" in capsys.readouterr().err


def test_the_help_of_train_names_every_method(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train", "--help"]) == 0

    shown = " ".join(capsys.readouterr().out.split())
    assert ", ".join(each.name for each in METHODS) in shown


def test_a_mistyped_method_is_refused_before_episodes_are_read(
    workspace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for options in (["--method", "mil"], ["--settings", '{"method": "mil"}']):
        assert main(["train", "--workspace", str(workspace), *options]) == 1
        printed = capsys.readouterr()
        assert "There is no learning method 'mil'" in printed.err
        assert "Read" not in printed.out + printed.err


def test_the_program_itself_keeps_standard_output_clean(tmp_path: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "mile_desktop",
        "rollout",
        "--policy",
        "nobody",
        "--workspace",
        str(tmp_path),
        "--json",
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env={**os.environ})
    assert done.returncode == 1
    assert done.stdout == ""
    assert len(done.stderr.strip().splitlines()) == 1


def test_calibrate_registers_a_model_and_says_both_rates(capsys: pytest.CaptureFixture[str], workspace: Path) -> None:
    status, (*progress, line), _ = run(["calibrate", "--workspace", str(workspace)], capsys)
    assert status == 0
    shares = [each["progress"] for each in progress]
    assert shares == sorted(shares)  # type: ignore[type-var]
    assert shares[0] == 0
    assert {"cost", "cdf_scale", "observed_rate", "predicted_rate", "log_likelihood_before", "log_likelihood"} <= set(
        line
    )
    assert line["log_likelihood"] >= line["log_likelihood_before"] - 1e-6  # type: ignore[operator]
    assert (workspace / "interventions" / str(line["intervention_model"]) / "model.safetensors").exists()
    assert {"auroc", "auroc_before"} <= set(line)


def test_doubtful_steps_are_counted_with_their_places_and_the_symmetry_is_told(
    capsys: pytest.CaptureFixture[str], workspace: Path
) -> None:
    status, (symmetry, *problems), _ = run(["check-data", "--workspace", str(workspace)], capsys)
    assert status == 0
    assert "turned by up to ±60°" in str(symmetry["symmetry"])
    assert symmetry["refused"] == []
    assert [each["problem"] for each in problems] == [each.value for each in StepProblem]
    for each in problems:
        places = each["places"]
        assert isinstance(places, list)
        assert sum(steps for _, _, steps in places) == each["steps"]
        assert each["simulated"] == each["steps"], "no person drove in this workspace"


def test_a_proposed_calibration_is_in_force_only_when_it_is_accepted(
    capsys: pytest.CaptureFixture[str], workspace: Path
) -> None:
    known = {path.name for path in (workspace / "interventions").iterdir()}
    status, (*_, line), _ = run(["calibrate", "--propose", "--workspace", str(workspace)], capsys)
    assert status == 0
    assert {path.name for path in (workspace / "interventions").iterdir()} == known
    model = str(line["intervention_model"])
    assert run(["calibrate", "--accept", model, "--workspace", str(workspace)], capsys)[0] == 0
    assert {path.name for path in (workspace / "interventions").iterdir()} == known | {model}
    status, _, error = run(["calibrate", "--accept", model, "--workspace", str(workspace)], capsys)
    assert status == 1
    assert f"no proposed calibration '{model}'; calibrate again" in error


def test_a_forecast_is_refitted_beside_its_model_and_dropped_when_it_is_no_good(
    capsys: pytest.CaptureFixture[str], workspace: Path
) -> None:
    status, (line,), _ = run(["forecast", "--workspace", str(workspace)], capsys)
    assert status == 0
    assert line["takeovers"] > 0  # type: ignore[operator]
    in_use = list((workspace / "forecasts").iterdir())
    assert [each.is_dir() for each in in_use] == [True] * bool(line["refitted"])
    with Workspace.open(workspace) as opened:
        found = intervention_folder(opened, "peg-insertion", "")
        assert found is not None
        model = load_with_forecast(opened, found)
    assert model.forecast is not None
    assert bool(model.forecast.config.takeovers) or not line["refitted"]
    for each in in_use:
        (each / "model.safetensors").write_bytes(b"damaged")
    with Workspace.open(workspace) as opened:
        assert load_with_forecast(opened, found).config.model_id == model.config.model_id


def test_predict_scores_the_baselines_beside_the_model(capsys: pytest.CaptureFixture[str], workspace: Path) -> None:
    status, lines, _ = run(["predict", "--workspace", str(workspace)], capsys)
    assert status == 0
    names = {line["name"] for line in lines}
    assert {"majority", "stopwatch", "history logistic", "stall", "mile, single", "mile, ensemble"} <= names
    stall = next(line["stall"] for line in lines if line["name"] == "stall")
    assert {"measure", "steps", "least_progress", "stalled_rate", "other_rate"} <= set(stall)
    assert all("early" in line for line in lines)


def test_a_scorecard_scores_only_what_was_held_out(capsys: pytest.CaptureFixture[str], workspace: Path) -> None:
    _, (healthy,), _ = run(["doctor", "--workspace", str(workspace)], capsys)
    assert healthy["episodes"] == 6
    chosen = sorted(each.stem for each in (workspace / "episodes").glob("*.parquet"))
    asked = ["scorecard", "--episodes", ",".join(chosen[:1]), "--workspace", str(workspace)]
    status, _, error = run(asked, capsys)
    assert status == 1
    assert "has seen all 1 chosen episodes" in error  # of two members none leaves anything out
    model = str(bundled_models("peg-insertion") / "intervention")
    status, (*progress, line), error = run([*asked, "--model", model], capsys)
    assert status == 0, error
    assert progress
    card = msgspec.convert(line, Scorecard)
    assert [each.episode_id for each in card.episodes] == chosen[:1]
    assert card.learned_from == 5
    predictors = {each.name: each for each in card.predictors}
    assert {"stopwatch", "stall"} <= set(predictors)
    assert predictors["stall"].stall is not None
    steps = len(card.episodes[0].intervention)
    assert all(len(trace) == steps for each in card.predictors for trace in each.traces)
    _, _, error = run(["scorecard", "--episodes", "nobody", "--workspace", str(workspace)], capsys)
    assert "There is no episode nobody" in error


def test_a_line_is_chosen_by_a_budget_or_by_missed_takeovers(
    capsys: pytest.CaptureFixture[str], workspace: Path
) -> None:
    status, (line,), error = run(["threshold", "--calls", "5", "--workspace", str(workspace)], capsys)
    assert status == 0, error
    assert line["line"]["calls_in_ten_minutes"] <= 5 or "at every line" in line["line"]["reason"]
    assert len(line["curve"]["calls"]) == len(line["curve"]["missed"]) == 97
    assert len(line["last_calls"]) <= 3
    assert all({"episode_id", "seconds", "reasons", "followed"} <= set(each) for each in line["last_calls"])
    _, (line,), _ = run(["threshold", "--missed", "1", "--workspace", str(workspace)], capsys)
    assert "from 99 takeovers on" in line["line"]["reason"]
    _, lines, _ = run(["predict", "--calls", "5", "--workspace", str(workspace)], capsys)
    assert all(each["line"]["calls_in_ten_minutes"] <= 5 or each["line"]["threshold"] == 0.98 for each in lines)
    assert {"threshold", "missed_share"} <= set(lines[0]["line"])


def test_predict_without_episodes_says_what_to_do(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    Workspace.open(tmp_path / "w").close()
    status, _, error = run(["predict", "--workspace", str(tmp_path / "w")], capsys)
    assert status == 1
    assert "supervise one first" in error


def test_a_background_command_gives_way_before_it_imports_anything(tmp_path: Path) -> None:
    code = (
        "import os, sys; from mile_desktop import cli; cli.import_module = lambda name: (_ for _ in ()).throw("
        "SystemExit(os.nice(0))); cli.main(sys.argv[1:])"
    )
    arguments = ["check-data", "--workspace", str(tmp_path / "w"), "--scene", "peg-insertion", "--background"]
    before = os.nice(0)
    assert subprocess.run([sys.executable, "-c", code, *arguments], check=False).returncode >= min(before + 10, 19)
