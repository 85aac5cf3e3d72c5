from mile_desktop.storage.records import EvaluationRecord
from mile_desktop.ui.evaluate.model import EvaluationOrder, PastEvaluation


def past(**changes: object) -> PastEvaluation:
    values: dict[str, object] = {
        "evaluation_id": "e1", "policy_id": "p1", "scene": "peg-insertion", "created_at": "2026-03-01T10:00:00+00:00",
        "seeds": (7, 5, 6), "outcomes": (True, False, True), "crashes": 1, "crash_seeds": (9,),
    } | changes  # fmt: skip
    return PastEvaluation(EvaluationRecord(**values), "v1")  # type: ignore[arg-type]


def test_an_order_has_one_seed_for_each_episode() -> None:
    order = EvaluationOrder("peg-insertion", ("p1",), episodes=3, first_seed=40, workers=1, reuse_results=True)
    assert order.seeds == (40, 41, 42)


def test_the_range_of_seeds_includes_episodes_that_ended_in_an_error() -> None:
    assert past().seeds_text == "5–9"
    assert past(seeds=(5,), outcomes=(True,), crash_seeds=()).seeds_text == "5"
    assert past(seeds=(), outcomes=(), crash_seeds=()).seeds_text == "–"


def test_errors_are_counted_beside_successes() -> None:
    tally = past().tally
    assert (tally.successes, tally.episodes, tally.crashes, tally.planned) == (2, 3, 1, 4)
