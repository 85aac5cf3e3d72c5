import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mile_desktop.ui.viewport.orbit import DISTANCE_RANGE_M, PITCH_RANGE, Orbit
from mile_desktop.ui.viewport.viewpoints import (
    NAME_LENGTH,
    Viewpoint,
    Viewpoints,
    free_name,
    removed,
    renamed,
    restored,
    saved_as,
    viewpoint_at,
)

NEAR = Orbit(yaw_deg=-120.0, pitch_deg=-10.0, distance_m=0.4, target=(0.4, -0.1, 0.2), follows_end_effector=True)


def three() -> Viewpoints:
    known: Viewpoints = ()
    for yaw in (10.0, 20.0, 30.0):
        known = (*known, viewpoint_at(Orbit(yaw_deg=yaw), known))
    return known


def test_a_saved_position_comes_back_as_it_was_also_from_a_file() -> None:
    saved = viewpoint_at(NEAR, ())
    assert saved.orbit == NEAR
    assert msgspec.json.decode(msgspec.json.encode(saved), type=Viewpoint).orbit == NEAR
    assert (saved_as(NEAR, (saved,)), saved_as(Orbit(), (saved,))) == ("Viewpoint 1", "")


@given(yaw=st.floats(-1e6, 1e6), pitch=st.floats(-1e6, 1e6), distance=st.floats(-1e6, 1e6))
def test_a_position_of_an_edited_file_is_within_what_the_mouse_can_reach(
    yaw: float, pitch: float, distance: float
) -> None:
    edited = Viewpoint(name="a", yaw_deg=yaw, pitch_deg=pitch, distance_m=distance, target=(99.0, 0.0, -99.0)).orbit
    assert -180.0 <= edited.yaw_deg <= 180.0
    assert PITCH_RANGE[0] <= edited.pitch_deg <= PITCH_RANGE[1]
    assert DISTANCE_RANGE_M[0] <= edited.distance_m <= DISTANCE_RANGE_M[1]
    assert edited.target == (3.0, 0.0, -3.0)


def test_names_are_unique_and_fit_a_menu() -> None:
    known = three()
    assert [each.name for each in known] == ["Viewpoint 1", "Viewpoint 2", "Viewpoint 3"]
    assert viewpoint_at(NEAR, removed(known, "Viewpoint 1")).name == "Viewpoint 3 (2)"
    assert [each.name for each in renamed(known, "Viewpoint 2", " near\tthe\nhole ")][1] == "near the hole"
    assert [each.name for each in renamed(known, "Viewpoint 2", "Viewpoint 3")][1] == "Viewpoint 3 (2)"
    assert renamed(known, "Viewpoint 2", "Viewpoint 2") == known
    assert len(free_name("x" * 300, known)) == NAME_LENGTH


@pytest.mark.parametrize("index", [0, 1, 2])
def test_a_removed_viewpoint_comes_back_to_its_place(index: int) -> None:
    known = three()
    without = removed(known, known[index].name)
    assert len(without) == 2
    assert restored(without, known[index], index) == known
    again = renamed(without, without[0].name, known[index].name)
    assert restored(again, known[index], index)[index].name == f"{known[index].name} (2)"
