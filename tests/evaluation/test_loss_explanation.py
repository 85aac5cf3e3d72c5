import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mile_desktop.cli import main
from mile_desktop.evaluation.loss_explanation import (
    MOST_TAKEOVERS,
    ExplanationError,
    Suspect,
    Tried,
    explained,
    find_suspects,
)
from mile_desktop.learning.data_hygiene import TakeoverPlace
from mile_desktop.learning.pipeline.config import RunConfig
from mile_desktop.learning.settings import TrainingSettings
from mile_desktop.learning.step_problem import StepProblem
from mile_desktop.storage.records import Episode
from tests.learning.test_data_hygiene import a_way, an_episode

CONFIG = RunConfig(scene="toy", parent="p", settings=TrainingSettings(seed=4, left_out=(StepProblem.IDLE,)))
CONTROL = Tried(Suspect("", seed=5), 9)
BLAMED = Suspect("the takeover at step 57 of episode ep-1", (TakeoverPlace("ep-1", 57),))


def taken_over(name: str, *lengths: int) -> Episode:
    """Return an episode with takeovers of these lengths, two steps apart."""
    human = np.concatenate([np.r_[np.zeros(2, bool), np.ones(length, bool)] for length in lengths])
    return an_episode(*a_way(steps=len(human)), human, name=name)


def test_the_longest_takeovers_of_new_episodes_are_suspected_after_the_control() -> None:
    old, new = taken_over("old", 9), replace(taken_over("new", 3, 5), first_row=100)
    found = find_suspects(CONFIG, [old, new], (), ("old",))
    assert found[0].seed == 5
    assert [each.takeovers for each in found[1:]] == [(TakeoverPlace("new", 107),), (TakeoverPlace("new", 102),)]
    many = taken_over("many", *range(1, 13))
    assert len(find_suspects(CONFIG, [many], (), ())) == 1 + MOST_TAKEOVERS


def test_doubtful_steps_that_were_learned_from_are_suspected_too() -> None:
    failed = replace(taken_over("new", 4), record=replace(taken_over("new", 4).record, outcome="failure"))
    found = find_suspects(CONFIG, [failed], (), ())
    assert [each.problems for each in found if each.problems] == [(StepProblem.FAILED,)]
    everything = RunConfig(scene="toy", parent="p", settings=TrainingSettings(left_out=tuple(StepProblem)))
    assert not [each for each in find_suspects(everything, [failed], (), ()) if each.problems]


def test_without_a_new_takeover_nothing_can_be_left_out() -> None:
    with pytest.raises(ExplanationError, match="nothing to leave out"):
        find_suspects(CONFIG, [taken_over("old", 4)], (), ("old",))


def test_a_takeover_is_blamed_only_where_fresh_starts_agree() -> None:
    tried = (CONTROL, Tried(BLAMED, 15))
    found = explained(tried, 1, (7, 8), 14, 20)
    assert found.text == (
        "Without the takeover at step 57 of episode ep-1: 15 of 20 instead of 7, and 14 instead of 8 on fresh starts."
    )
    assert found.remedy == BLAMED
    for doubtful in (explained(tried, 1, (7, 8), 8, 20), explained((CONTROL, Tried(BLAMED, 9)), 1, (7, 8), 14, 20)):
        assert doubtful.remedy is None
        assert "Nothing that was left out makes it better" in doubtful.text


def test_what_another_seed_repairs_was_chance() -> None:
    found = explained((replace(CONTROL, successes=15), Tried(BLAMED, 12)), 0, (7, 8), 14, 20)
    assert "chance, not a takeover" in found.text
    assert found.remedy is not None
    assert found.remedy.seed == 5


def test_the_command_trains_without_each_suspect_and_explains(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def run(*words: str) -> list[dict[str, object]]:
        status = main([*words, "--scene", "button-press", "--workspace", str(tmp_path), "--json"])
        captured = capsys.readouterr()
        assert status == 0, captured.err
        return [json.loads(line) for line in captured.out.splitlines()]

    episodes = run("rollout", "--operator", "attentive", "--episodes", "2")
    takeovers = sum(int(str(each["takeovers"])) for each in episodes)
    settings = json.dumps({"hidden": [16], "ensemble": 1, "fit_epochs": 1, "takeover_trial": 0})
    trained = run("train", "--epochs", "1", "--settings", settings)[-1]
    *lines, found = run("explain-loss", "--policy", str(trained["policy"]), "--episodes", "1")
    tried = [each for each in lines if "tried" in each]
    shares = [float(str(each["progress"])) for each in lines if "progress" in each]
    assert tried[0]["tried"] == "with another seed"
    assert len(tried) >= 1 + min(takeovers, MOST_TAKEOVERS)
    assert shares == sorted(shares)
    assert found["explanation"]
    assert found["helps"] == bool(found["leave_out"] or found["problems"] or found["seed"] is not None)
    assert main(["explain-loss", "--policy", "nobody", "--workspace", str(tmp_path)]) == 1
    assert "nobody" in capsys.readouterr().err
