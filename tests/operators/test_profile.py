import json
import os
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mile_desktop.operators.controls import UnknownControlError, control_label, parse_control
from mile_desktop.operators.profile import (
    AxisBinding,
    PadButtons,
    PadProfile,
    ProfileError,
    decode_profile,
    encode_profile,
    load_profile,
    profile_path,
    save_profile,
)
from mile_desktop.operators.takeover import TakeoverMode

GUID = "030000005e0400008e02000010010000"


@given(
    st.sampled_from(TakeoverMode),
    st.floats(0.0, 0.9),
    st.floats(0.0, 1.0),
    st.floats(0.05, 1.0),
    st.booleans(),
    st.text(max_size=20),
)
def test_json_gives_back_what_was_written(  # noqa: PLR0917
    mode: TakeoverMode, dead_zone: float, expo: float, speed: float, invert: bool, name: str
) -> None:
    profile = PadProfile(
        guid=GUID, name=name, mode=mode, dead_zone=dead_zone, expo=expo, x=AxisBinding("axis7", "", invert, speed)
    )
    assert decode_profile(encode_profile(profile)) == profile


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"dead_zone": 0.95}, "dead zone is 0.95; it has to be between 0 and 0.9"),
        ({"expo": -1}, "expo is -1"),
        ({"release_delay_s": 0}, "release delay is 0"),
        ({"guid": "nonsense"}, "'nonsense' is not 32 hexadecimal digits"),
        ({"version": 2}, "version 2, this program reads 1"),
        ({"mode": "sometimes"}, "sometimes"),
        ({"dead_zne": 0.1}, "dead_zne"),
        ({"x": {"positive": "leftz"}}, "The control for “x \\+” is unknown"),
        ({"x": {"positive": "", "negative": "button9"}}, "“x −” has a control but “x \\+” has none"),
        ({"x": {"positive": "axis3", "speed": 0}}, "speed of x is 0"),
        ({"buttons": {"stop": "a"}}, "A is bound to both “success” and “stop”"),
        ({"buttons": {"stop": "trigger2", "start": "axis2"}}, "is bound to both “stop” and “start”"),
    ],
)
def test_what_cannot_be_used_is_refused_in_words(change: dict[str, object], says: str) -> None:
    with pytest.raises(ProfileError, match=says):
        decode_profile(json.dumps(change))


@pytest.mark.parametrize("text", ["", "{", "[]", '"profile"', "\x00\xff"])
def test_damaged_files_are_refused(text: str) -> None:
    with pytest.raises(ProfileError, match="cannot be read"):
        decode_profile(text)


def test_not_a_number_is_refused() -> None:
    with pytest.raises(ProfileError, match="dead zone is nan"):
        PadProfile(dead_zone=float("nan"))


def test_default_is_the_default_pad_of_the_product() -> None:
    profile = PadProfile()
    assert profile.mode is TakeoverMode.HOLD
    labels = {use: control_label(control) for use, control in profile.uses().items()}
    assert labels == {
        "x +": "left stick ↑↓",
        "y +": "left stick ←→",
        "z +": "right stick ↑↓",
        "gripper +": "RT",
        "gripper −": "LT",
        "takeover": "RB",
        "rewind": "LB",
        "success": "A",
        "failure": "B",
        "discard": "X",
        "hold": "Y",
        "stop": "Back",
        "start": "Start",
        "next camera": "D-pad →",
        "previous camera": "D-pad ←",
        "mark call": "D-pad ↑",
        "partial": "D-pad ↓",
    }


def test_controls_without_a_use_may_stay_unbound() -> None:
    profile = PadProfile(z=AxisBinding(), buttons=PadButtons(next_camera="", previous_camera=""))
    assert "z +" not in profile.uses()


def test_a_profile_from_before_a_use_existed_keeps_its_own_control() -> None:
    """The default control of *mark call* may be bound to something else in a profile that was saved before."""
    older = json.loads(encode_profile(PadProfile()))
    del older["buttons"]["mark_call"], older["buttons"]["partial"]
    assert decode_profile(json.dumps(older)).buttons.mark_call == "dpup"
    assert decode_profile(json.dumps(older)).buttons.partial == "dpdown"
    older["buttons"]["success"] = "dpup"
    assert decode_profile(json.dumps(older)).buttons.mark_call == ""
    older["buttons"]["success"] = "a"
    older["z"] = {"positive": "dpup", "negative": "dpdown"}
    found = decode_profile(json.dumps(older))
    assert (found.z.positive, found.buttons.mark_call, found.buttons.partial) == ("dpup", "", "")


def test_saved_profile_is_found_again(tmp_path: Path) -> None:
    profile = PadProfile(guid=GUID, name="Mine", expo=0.9)
    path = save_profile(tmp_path / "pads", profile)
    assert path == profile_path(tmp_path / "pads", GUID)
    assert load_profile(tmp_path / "pads", GUID) == profile
    assert [each.name for each in path.parent.iterdir()] == [path.name]


def test_other_pads_get_the_folders_default_or_the_built_in_one(tmp_path: Path) -> None:
    assert load_profile(tmp_path, GUID) == PadProfile(guid=GUID)
    save_profile(tmp_path, PadProfile(mode=TakeoverMode.TOGGLE))
    found = load_profile(tmp_path, GUID)
    assert (found.guid, found.mode) == (GUID, TakeoverMode.TOGGLE)


def test_a_damaged_file_is_named(tmp_path: Path) -> None:
    profile_path(tmp_path, GUID).write_text('{"dead_zone": 7}')
    with pytest.raises(ProfileError, match=rf"{GUID}\.json: .*dead zone is 7.*Correct or delete"):
        load_profile(tmp_path, GUID)


def test_a_folder_in_the_files_place_is_said(tmp_path: Path) -> None:
    profile_path(tmp_path, GUID).mkdir()
    with pytest.raises(ProfileError, match="cannot be read"):
        load_profile(tmp_path, GUID)


def test_a_failed_save_leaves_the_old_profile_and_no_debris(tmp_path: Path) -> None:
    old = PadProfile(guid=GUID, name="old")
    path = save_profile(tmp_path, old)
    path.unlink()
    path.mkdir()
    (path / "in the way").touch()
    with pytest.raises(OSError, match=os.strerror(21)):
        save_profile(tmp_path, msgspec.structs.replace(old, name="new"))
    assert [each.name for each in tmp_path.iterdir()] == [path.name]


@pytest.mark.parametrize("guid", ["../../etc/passwd", "0" * 31, "A" * 32])
def test_only_guids_become_file_names(tmp_path: Path, guid: str) -> None:
    with pytest.raises(ProfileError, match="32 hexadecimal"):
        load_profile(tmp_path, guid)


@pytest.mark.parametrize("name", ["", "axis", "button1000", "hat0", "hat0sideways", "axis-1", "LEFTX"])
def test_unknown_controls_are_refused(name: str) -> None:
    with pytest.raises(UnknownControlError, match="There is no control"):
        parse_control(name)


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("rightshoulder", "RB"),
        ("button5", "button 5"),
        ("trigger2", "trigger 2"),
        ("hat0up", "hat 0 up"),
        ("misc1", "misc1"),
    ],
)
def test_controls_have_names_for_people(name: str, label: str) -> None:
    assert control_label(name) == label
