from hypothesis import given
from hypothesis import strategies as st

from mile_desktop.storage.edits import MarkStretch, Trim
from mile_desktop.storage.generated_episodes import Lineage
from mile_desktop.ui.inspect.model import lineage_text, next_row
from mile_desktop.ui.inspect.timeline.model import values_text
from mile_desktop.ui.widgets.playback import SPEEDS, Playback, speed_text
from tests.ui.inspect.examples import a_recording, with_rewind


def kinds(*events: object) -> list[tuple[int, str]]:
    return [(event.row, event.kind) for event in events]  # type: ignore[attr-defined]


def test_events_of_a_recording() -> None:
    recording = a_recording()
    assert kinds(*recording.events) == [
        (4, "takeover"), (7, "hand back"), (12, "takeover"), (14, "hand back"), (19, "end"),
    ]  # fmt: skip
    assert kinds(*recording.alarm_rows(0.5)) == [(2, "call"), (12, "miss")]
    assert kinds(*recording.alarm_rows(0.95)) == [(4, "miss"), (12, "miss")]


def test_marks_are_applied_and_trimmed_rows_stay_visible() -> None:
    recording = a_recording(MarkStretch(12, 13, intervention=False), Trim(3, 15))
    assert len(recording) == 20
    assert recording.kept == (3, 15)
    assert [row for row, kind in kinds(*recording.events) if kind == "takeover"] == [4]


def test_step_numbers_jump_back_at_a_rewind() -> None:
    recording = with_rewind()
    assert recording.step.tolist() == [*range(10), *range(6, 16)]
    assert (10, "rewind") in kinds(*recording.events)
    assert "rewound to step 6" in values_text(recording, 10)


def test_a_jump_finds_the_nearest_event_of_its_kind_or_none() -> None:
    recording = a_recording()
    takeovers = frozenset({"takeover"})
    assert next_row(recording.events, takeovers, 4, 1) == 12
    assert next_row(recording.events, takeovers, 12, -1) == 4
    assert next_row(recording.events, takeovers, 4, -1) is None


def test_time_and_rows_agree() -> None:
    recording = a_recording()
    assert all(recording.row_at(recording.time(row)) == row for row in range(len(recording)))
    assert recording.row_at(1e9) == 19
    assert recording.row_at(-1.0) == 0


@given(
    st.lists(
        st.one_of(
            st.tuples(st.just("at"), st.integers(-5, 40)),
            st.tuples(st.just("stepped"), st.integers(-3, 3)),
            st.tuples(st.just("advanced"), st.floats(0, 3)),
            st.tuples(st.just("faster"), st.sampled_from([-1, 1])),
            st.tuples(st.just("toggled"), st.none()),
        ),
        max_size=30,
    )
)
def test_playback_never_leaves_the_recording(moves: list[tuple[str, object]]) -> None:
    playback = Playback(20, 20.0)
    for name, value in moves:
        playback = getattr(playback, name)(*(() if value is None else (value,)))
        assert 0 <= playback.row < 20
        assert playback.speed in SPEEDS
        assert not (playback.playing and playback.position > 19)


def test_playback_follows_the_clock_and_pauses_at_the_end() -> None:
    playback = Playback(100, 20.0, speed=0.5).toggled()
    assert playback.advanced(1.0).row == 10
    ended = playback.advanced(1e3)
    assert (ended.row, ended.playing) == (99, False)
    assert ended.toggled().row == 0
    assert not Playback().toggled().playing
    assert [speed_text(each) for each in SPEEDS] == ["×¼", "×½", "×1", "×2", "×4", "×8"]


def test_the_lineage_of_a_generated_episode_names_all_that_it_came_from() -> None:
    lineage = Lineage("run-1", "v2", "policy-2", "model-1", 5_000_003, "usual 00", {"mass": [1.5, 1.5], "bias": [0, 1]})
    assert lineage_text(lineage) == (
        "Generated in run-1, not recorded · policy v2 (policy-2) drove · model model-1 stood in for you · "
        "start 5000003 · scene drawn from usual 00: mass 1.5"
    )
    assert lineage_text(None) == ""
