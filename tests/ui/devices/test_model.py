import pytest
from hypothesis import given
from hypothesis import strategies as st

from mile_desktop.operators.controls import SDL_AXES, SDL_BUTTONS, parse_control
from mile_desktop.operators.profile import PadProfile, ProfileError
from mile_desktop.ui.devices.model import SLOTS, Slot, bind_control, control_in, covered_by_stick

CONTROLS = ("", *SDL_AXES, *SDL_BUTTONS, "axis0", "trigger0", "button3", "hat0up")


def slot(key: str) -> Slot:
    return next(each for each in SLOTS if each.key == key)


def test_a_binding_is_read_back() -> None:
    profile, lost = bind_control(PadProfile(), slot("takeover"), "paddle1")
    assert control_in(profile, slot("takeover")) == "paddle1"
    assert lost == ()


def test_a_control_does_one_thing_only() -> None:
    profile, lost = bind_control(PadProfile(), slot("takeover"), "a")
    assert [each.key for each in lost] == ["success"]
    assert control_in(profile, slot("success")) == ""


def test_a_stick_covers_both_directions() -> None:
    assert covered_by_stick(PadProfile(), slot("x-"))
    assert not covered_by_stick(PadProfile(), slot("gripper-"))
    profile, _ = bind_control(PadProfile(), slot("gripper+"), "rightx")
    assert control_in(profile, slot("gripper-")) == ""
    assert covered_by_stick(profile, slot("gripper-"))


def test_buttons_can_drive_two_directions() -> None:
    up, _ = bind_control(PadProfile(), slot("z+"), "dpup")
    both, _ = bind_control(up, slot("z-"), "dpdown")
    assert (both.z.positive, both.z.negative) == ("dpup", "dpdown")


def test_unbinding_the_first_direction_unbinds_the_second() -> None:
    profile, _ = bind_control(PadProfile(), slot("gripper+"), "")
    assert (profile.gripper.positive, profile.gripper.negative) == ("", "")


def test_the_second_direction_needs_the_first() -> None:
    profile, _ = bind_control(PadProfile(), slot("z+"), "")
    with pytest.raises(ProfileError, match="bind both"):
        bind_control(profile, slot("z-"), "dpdown")


@given(steps=st.lists(st.tuples(st.sampled_from(SLOTS), st.sampled_from(CONTROLS)), max_size=12))
def test_any_sequence_of_bindings_leaves_a_valid_profile(steps: list[tuple[Slot, str]]) -> None:
    profile = PadProfile()
    for each, control in steps:
        try:
            profile, _ = bind_control(profile, each, control)
        except ProfileError:
            continue
        assert control_in(profile, each) == control
        places = [parse_control(name).physical_name for name in profile.uses().values()]
        assert len(places) == len(set(places))
