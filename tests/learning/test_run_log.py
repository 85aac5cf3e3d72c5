"""What a run writes and what readers get while it does."""

import logging
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mile_desktop.learning.progress import (
    AnyRunEvent,
    Cancelled,
    Compared,
    Failed,
    Finished,
    Progress,
    StagedReport,
    Trained,
    Warned,
)
from mile_desktop.learning.run_log import EVENT_FILE, RunLog, read_events

EVENTS: list[AnyRunEvent] = [
    Progress(stage="policy", fraction=0.5, epoch=1, epochs=2, losses={"total": 1.5}, text="Trainiere, π ≈ 3"),
    Warned(text="Only 2 takeovers"),
    Trained(policy="p", method="mile", loss=-1.5),
    Compared(
        before_policy="a",
        after_policy="b",
        episodes=3,
        before_successes=1,
        after_successes=2,
        before_interval=(0.1, 0.9),
        after_interval=(0.2, 0.9),
        difference=0.3,
        difference_interval=(-0.1, 0.7),
        crashes=0,
        suggestion="keep",
        reason="Too few episodes.",
    ),
    Finished(policy="p", method="mile", loss=-1.5),
    Failed(text="It broke."),
    Cancelled(),
]


def test_every_event_comes_back_as_it_was(tmp_path: Path) -> None:
    with RunLog(tmp_path) as log:
        for event in EVENTS:
            log.event(event)
    found, _ = read_events(tmp_path / EVENT_FILE)
    assert found == EVENTS
    text = (tmp_path / "log.txt").read_text(encoding="utf-8")
    assert len(text.splitlines()) == len(EVENTS)
    assert "Warning: Only 2 takeovers" in text


def test_events_can_be_read_while_the_log_is_open(tmp_path: Path) -> None:
    with RunLog(tmp_path) as log:
        log.event(EVENTS[0])
        first, offset = read_events(tmp_path / EVENT_FILE)
        log.event(EVENTS[1])
        second, _ = read_events(tmp_path / EVENT_FILE, offset)
    assert (first, second) == (EVENTS[:1], EVENTS[1:2])


def test_a_log_that_is_not_there_yet_is_empty(tmp_path: Path) -> None:
    assert read_events(tmp_path / "nowhere.jsonl") == ([], 0)


@given(cut=st.integers(0, 2000))
def test_half_a_line_is_read_when_it_is_whole(tmp_path_factory: pytest.TempPathFactory, cut: int) -> None:
    folder = tmp_path_factory.mktemp("run")
    with RunLog(folder) as log:
        for event in EVENTS:
            log.event(event)
    path = folder / EVENT_FILE
    whole = path.read_bytes()
    path.write_bytes(whole[:cut])
    first, offset = read_events(path)
    path.write_bytes(whole)
    rest, end = read_events(path, offset)
    assert first + rest == EVENTS
    assert end == len(whole)


def test_a_line_torn_by_a_kill_costs_only_itself(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with RunLog(tmp_path) as log:
        log.event(EVENTS[0])
        log.event(EVENTS[1])
    path = tmp_path / EVENT_FILE
    path.write_bytes(path.read_bytes()[:-8])
    with RunLog(tmp_path) as log:
        log.event(EVENTS[2])
    with caplog.at_level(logging.WARNING):
        found, _ = read_events(path)
    assert found == [EVENTS[0], EVENTS[2]]
    assert "is not an event" in caplog.text


@given(steps=st.lists(st.tuples(st.sampled_from(["data", "policy", "intervention", "evaluation"]), st.floats(-1, 2))))
def test_the_fraction_of_a_run_never_falls(steps: list[tuple[str, float]]) -> None:
    seen: list[float] = []
    staged = StagedReport(lambda event: seen.append(event.fraction))  # type: ignore[attr-defined]
    for stage, fraction in steps:
        staged(Progress(stage=stage, fraction=fraction))
    assert seen == sorted(seen)
    assert all(0 <= each <= 1 for each in seen)


def test_the_time_left_follows_the_present_stage(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [0.0]
    monkeypatch.setattr("mile_desktop.learning.progress.time.monotonic", lambda: clock[0])
    seen: list[float | None] = []
    staged = StagedReport(lambda event: seen.append(event.seconds_left), left_out=("evaluation",))  # type: ignore[attr-defined]

    def report(stage: str, fraction: float, after_s: float) -> None:
        clock[0] += after_s
        staged(Progress(stage=stage, fraction=fraction))

    report("data", 0.5, 40.0)
    report("data", 1.0, 10.0)
    report("policy", 0.0, 5.0)
    assert seen == [None, None, None], "reading says nothing about epochs"
    for tenth in range(1, 11):
        report("policy", tenth / 10, 10.0)
    # 100 s for a stage of 0.55, so the stage of 0.12 takes 21.8 s more.
    assert seen[3:] == pytest.approx([100 - 10 * tenth + 100 * 0.12 / 0.55 for tenth in range(1, 11)])
    report("intervention", 0.0, 0.0)
    report("intervention", 1.0, 30.0)
    assert seen[-2:] == [None, 0.0]


@pytest.mark.parametrize("left_out", [(), ("evaluation",), ("intervention", "evaluation")])
def test_the_last_stage_ends_at_one(left_out: tuple[str, ...]) -> None:
    seen: list[float] = []
    staged = StagedReport(lambda event: seen.append(event.fraction), left_out=left_out)  # type: ignore[attr-defined]
    for stage in ("data", "policy", "intervention", "evaluation"):
        if stage not in left_out:
            staged(Progress(stage=stage, fraction=1.0))
    assert seen[-1] == pytest.approx(1)
    assert seen[0] > 0
