from dataclasses import replace

from mile_desktop.evaluation.evaluate import EpisodeResult
from mile_desktop.evaluation.run import record_of
from mile_desktop.ui.widgets.policy_results import (
    PolicyResults,
    compare_pair,
    episode_rows,
    results_of_records,
    results_summary,
)


def results(name: str, successes: set[int], *, seeds: range = range(20), error: int = -1) -> PolicyResults:
    episodes = tuple(EpisodeResult(seed, seed in successes, 50, "joint 3" if seed == error else "") for seed in seeds)
    return PolicyResults(name, name, episodes, len(seeds))


def test_a_clear_difference_names_the_better_policy() -> None:
    pairing = compare_pair(results("v1", {0}), results("v2", set(range(15))))
    assert pairing.headline.startswith("v2 succeeds 70 points more often than v1")
    assert (len(pairing.gained), pairing.lost) == (14, ())
    assert pairing.verdict.startswith("v2 is better")


def test_a_small_difference_may_be_chance() -> None:
    pairing = compare_pair(results("v1", {0, 1}), results("v2", {1, 2, 3}))
    assert "may be chance" in pairing.verdict
    assert "only v2 succeeded on 2, only v1 on 1" in pairing.details


def test_only_episodes_that_both_finished_are_compared() -> None:
    pairing = compare_pair(results("v1", {0}, error=3), results("v2", {0}, seeds=range(2, 10)))
    assert pairing.comparison.episodes == 7
    apart = compare_pair(results("v1", {0}), results("v2", {50}, seeds=range(50, 60)))
    assert apart.headline == "They have no finished episode in common yet."
    assert apart.verdict == ""


def test_records_of_one_policy_are_merged_by_seed() -> None:
    first = record_of("p1", "peg-insertion", [EpisodeResult(1, False, 50), EpisodeResult(2, True, 40)])
    second = record_of("p1", "peg-insertion", [EpisodeResult(2, False, 60), EpisodeResult(3, True, 30)])
    (merged,) = results_of_records([first, second], {"p1": "v1"})
    assert [(each.seed, each.success) for each in merged.results] == [(1, False), (2, False), (3, True)]
    assert merged.mean_steps == 140 / 3
    (old,) = results_of_records([replace(first, steps=(), returns=())], {})
    assert (old.name, old.mean_steps) == ("p1", None)


def test_an_error_is_listed_with_its_reason_and_without_a_length() -> None:
    shown = results("v1", {0}, seeds=range(3), error=2)
    rows = episode_rows([shown], None)
    assert [row.state for row in rows] == ["success", "failure", "crash"]
    assert (rows[2].steps, rows[2].reason) == (None, "joint 3")
    assert results_summary([shown]).startswith("Evaluated: v1 1 of 2 (")
    assert "1 ended in an error" in results_summary([shown])
