import json
import os
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from mile_desktop.ui.shell.preferences import Preferences, PreferenceStore, default_path, load


def test_the_first_start_uses_defaults_and_says_nothing(tmp_path: Path) -> None:
    assert load(tmp_path / "none.json") == (Preferences(), "")


def test_choices_come_back(store: PreferenceStore, qtbot: QtBot) -> None:
    with qtbot.waitSignal(store.changed) as signal:
        store.change(theme="light", rate_hz=30, alert_threshold=0.7)
    assert signal.args == [store.value]
    store.save()
    assert PreferenceStore(store.path).value == store.value
    assert store.value.theme == "light"


def test_a_change_is_saved_by_itself(store: PreferenceStore, qtbot: QtBot) -> None:
    store.change(page="devices")
    qtbot.waitUntil(store.path.exists)
    assert json.loads(store.path.read_text())["page"] == "devices"


def test_setting_the_same_value_says_nothing(store: PreferenceStore, qtbot: QtBot) -> None:
    with qtbot.assertNotEmitted(store.changed):
        store.change(theme="dark")


@pytest.mark.parametrize("fields", [{"rate_hz": 25}, {"ui_scale": 3.0}, {"alert_threshold": -0.1}, {"theme": "pink"}])
def test_values_out_of_range_are_refused(store: PreferenceStore, fields: dict[str, object]) -> None:
    with pytest.raises(msgspec.ValidationError):
        store.change(**fields)
    assert store.value == Preferences()


def test_a_damaged_file_is_kept_aside(tmp_path: Path) -> None:
    path = tmp_path / "preferences.json"
    path.write_bytes(b'{"theme": "li')
    value, problem = load(path)
    assert value == Preferences()
    assert problem == (
        "Your preferences were damaged; the defaults are used. The old file is kept as preferences.json.damaged."
    )
    assert (tmp_path / "preferences.json.damaged").read_bytes() == b'{"theme": "li'


def test_one_bad_value_costs_only_itself(tmp_path: Path) -> None:
    path = tmp_path / "preferences.json"
    path.write_text(json.dumps({"theme": "light", "ui_scale": "huge", "from_the_future": 1}))
    value, problem = load(path)
    assert value.theme == "light"
    assert value.ui_scale == 1.0
    assert problem == "The preferences ui_scale could not be used; their defaults are used."


@given(
    content=st.binary(max_size=200)
    | st.dictionaries(
        st.sampled_from(Preferences.__struct_fields__),
        st.none() | st.text(max_size=5) | st.floats() | st.lists(st.integers(), max_size=2),
    ).map(lambda each: json.dumps(each).encode())
)
def test_no_file_ever_blocks_the_start(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    path = tmp_path_factory.mktemp("any") / "preferences.json"
    path.write_bytes(content)
    value, problem = load(path)
    assert msgspec.convert(msgspec.to_builtins(value), Preferences) == value
    assert problem.count("\n") == 0


def test_a_folder_that_cannot_be_written_is_said_once(themed: QApplication, tmp_path: Path, qtbot: QtBot) -> None:
    blocker = tmp_path / "file"
    blocker.write_text("")
    store = PreferenceStore(blocker / "preferences.json")
    said: list[str] = []
    store.problem_occurred.connect(said.append)
    for page in ("devices", "settings"):
        store.change(page=page)
        store.save()
    assert len(said) == 1
    assert said[0].startswith("Choices are kept only until you close the window:")
    assert store.value.page == "settings"


def test_a_folder_instead_of_a_file_is_no_obstacle(tmp_path: Path) -> None:
    value, problem = load(tmp_path)
    assert value == Preferences()
    assert "could not be read" in problem


def test_recent_workspaces_are_newest_first_and_few(store: PreferenceStore) -> None:
    for number in range(12):
        store.remember_workspace(f"/w{number % 10}")
    assert store.value.workspace == "/w1"
    assert store.value.recent_workspaces[:3] == ("/w1", "/w0", "/w9")
    assert len(store.value.recent_workspaces) == 8


def test_reset_keeps_the_work_and_returns_the_settings(store: PreferenceStore) -> None:
    store.remember_workspace("/work")
    store.change(theme="light", ask_me=True, page="settings")
    store.reset()
    assert (store.value.theme, store.value.ask_me) == ("dark", False)
    assert (store.value.workspace, store.value.page) == ("/work", "settings")


def test_layouts_are_remembered_by_name(store: PreferenceStore) -> None:
    store.remember_layout("strips", "AAAA")
    store.remember_layout("learn", "BBBB")
    store.save()
    assert PreferenceStore(store.path).value.layouts == {"strips": "AAAA", "learn": "BBBB"}


def test_the_default_place_is_the_users_configuration_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    if os.name == "posix":
        assert default_path().name == "preferences.json"
        assert "mile-desktop" in str(default_path())
