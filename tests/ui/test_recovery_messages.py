"""What the recovery at the start finds is shown, good and bad."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from mile_desktop.storage.workspace import Workspace
from mile_desktop.ui.composition import Composition, compose
from mile_desktop.ui.shell.preferences import PreferenceStore
from tests.storage.test_damaged_journals import left_open, put_step, set_start


@pytest.fixture
def parts(store: PreferenceStore) -> Iterator[Composition]:
    made = compose(store)
    yield made
    made.application.window.close()
    made.application.window.deleteLater()
    made.application.deleteLater()


def messages(parts: Composition) -> list[tuple[str, str]]:
    return [(each.level, each.text) for each in parts.application.window.messages.entries]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "workspace"


def test_recovered_episodes_are_counted_in_one_sentence(parts: Composition, folder: Path) -> None:
    with Workspace.open(folder) as workspace:
        left_open(workspace, "ep-1", steps=6)
        left_open(workspace, "ep-2", steps=4)
    parts.application.open_workspace(folder)
    assert ("info", "2 episodes with 10 steps were recovered; they are marked as recovered.") in messages(parts)


def test_every_problem_of_the_recovery_is_shown_and_the_line_leads_to_all(parts: Composition, folder: Path) -> None:
    with Workspace.open(folder) as workspace:
        left_open(workspace, "ep-1")
        left_open(workspace, "ep-2")
        put_step(workspace, 3, b"")
        set_start(workspace, "ep-2", "{")
    parts.application.open_workspace(folder)
    line = parts.application.window.messages
    warnings = [text for level, text in messages(parts) if level == "warning"]
    assert ("info", "An episode of 5 steps was recovered; it is marked as recovered.") in messages(parts)
    assert len(warnings) == 3
    assert warnings[-1] == "2 problems were found while episodes were recovered; nothing was deleted."
    assert line.shown is not None
    assert line.shown.action is not None
    assert line.shown.action.label == "Show them"
    assert parts.application.workspace is not None, "the workspace opens in any case"
