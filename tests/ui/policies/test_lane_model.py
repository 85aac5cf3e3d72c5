from hypothesis import given
from hypothesis import strategies as st

from mile_desktop.ui.policies.lane_model import LaneRow, lane_rows


@st.composite
def families(draw: st.DrawFn) -> tuple[list[str], dict[str, str | None]]:
    """Policies, newest first, each with an older parent or none; some hidden, some parents unknown or in circles."""
    count = draw(st.integers(0, 12))
    names = [f"p{number}" for number in range(count)]
    parents: dict[str, str | None] = {}
    for number, name in enumerate(names):
        parents[name] = draw(st.sampled_from([None, "gone", *names[number + 1 :], *names[:1]]))
    return [name for name in names if draw(st.booleans())], parents


def test_one_line_of_descent_stays_in_one_lane() -> None:
    rows = lane_rows(["c", "b", "a"], {"c": "b", "b": "a", "a": None})
    assert rows == (LaneRow(0, (), (), True), LaneRow(0, (0,), (), True), LaneRow(0, (0,), (), False))


def test_two_children_meet_in_their_parent() -> None:
    rows = lane_rows(["c", "b", "a"], {"c": "a", "b": "a", "a": None})
    assert rows == (LaneRow(0, (), (), True), LaneRow(1, (), (0,), True), LaneRow(0, (0, 1), (), False))


def test_a_child_of_a_hidden_policy_is_connected_to_the_next_ancestor() -> None:
    rows = lane_rows(["c", "a"], {"c": "b", "b": "a", "a": None})
    assert rows[1].from_above == (0,)


@given(families())
def test_every_line_ends_in_an_ancestor(family: tuple[list[str], dict[str, str | None]]) -> None:
    ids, parents = family
    rows = lane_rows(ids, parents)
    assert len(rows) == len(ids)
    open_lanes: set[int] = set()
    for row in rows:
        assert set(row.from_above) | set(row.passing) == open_lanes
        assert not set(row.from_above) & set(row.passing)
        assert row.lane not in row.passing
        open_lanes = set(row.passing) | ({row.lane} if row.to_below else set())
    assert not open_lanes
