import errno
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QLineEdit
from pytestqt.qtbot import QtBot

from mile_desktop.storage.catalogue import Catalogue
from mile_desktop.storage.durable import write_durably
from mile_desktop.storage.edit_store import edit_history
from mile_desktop.storage.episodes import read_recording
from mile_desktop.storage.generated_sets import generated_sets
from mile_desktop.storage.journal import EpisodeJournal
from mile_desktop.storage.workspace import Workspace
from mile_desktop.ui.inspect.editing.controller import EditController
from mile_desktop.ui.inspect.model import recording_of
from tests.storage.generated_examples import write_example
from tests.storage.samples import a_start
from tests.ui.inspect.examples import steps

NAMES = ("ep-1", "ep-2", "ep-3")


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    with Workspace.open(tmp_path / "workspace") as opened:
        journal = EpisodeJournal(opened)
        for name in NAMES:
            journal.begin(a_start(name))
            for step in steps():
                journal.append(step)
            journal.close("failure")
        yield opened


@pytest.fixture
def editing(themed: QApplication, qtbot: QtBot, workspace: Workspace) -> EditController:
    editing = EditController(themed)
    qtbot.addWidget(editing.bar)
    editing.set_workspace(workspace)
    show(editing, workspace)
    editing.select(("ep-1",), deleted=False)
    editing.changed.connect(lambda: show(editing, workspace))
    return editing


def show(editing: EditController, workspace: Workspace) -> None:
    stretch = editing._stretch
    editing.show_recording(recording_of(read_recording(workspace, "ep-1"), edit_history(workspace, "ep-1")))
    editing.choose_stretch(stretch)


def outcomes(workspace: Workspace) -> list[str]:
    return [record.outcome for record in Catalogue(workspace).episodes()]


def field_of(editing: EditController, name: str) -> QLineEdit:
    return next(each for each in editing.bar.findChildren(QLineEdit) if each.accessibleName() == name)


def wait_for_batch(editing: EditController, qtbot: QtBot) -> None:
    qtbot.waitUntil(lambda: editing._batch is None, timeout=20000)


def test_many_episodes_are_relabelled_together_and_undone_together(
    editing: EditController, workspace: Workspace, qtbot: QtBot
) -> None:
    editing.select(NAMES, deleted=False)
    editing.relabel("success")
    wait_for_batch(editing, qtbot)
    assert outcomes(workspace) == ["success"] * 3
    assert editing._history.undo_text == "relabel as success (3 episodes)"
    editing.handlers["inspect_undo"]()
    wait_for_batch(editing, qtbot)
    assert outcomes(workspace) == ["failure"] * 3
    editing.handlers["inspect_redo"]()
    wait_for_batch(editing, qtbot)
    assert outcomes(workspace) == ["success"] * 3


def test_a_stretch_is_marked_and_trimmed_and_the_mark_is_withdrawn(
    editing: EditController, workspace: Workspace, qtbot: QtBot
) -> None:
    assert not editing.bar._buttons["inspect_trim"].isEnabled()
    editing.choose_stretch((8, 11))
    editing.mark(intervention=True)
    wait_for_batch(editing, qtbot)
    assert Catalogue(workspace).episode("ep-1").human_steps == 5 + 4
    editing.choose_stretch((2, 15))
    editing.trim()
    wait_for_batch(editing, qtbot)
    assert Catalogue(workspace).episode("ep-1").steps == 14
    editing.withdraw(1)
    wait_for_batch(editing, qtbot)
    assert Catalogue(workspace).episode("ep-1").human_steps == 5
    assert [edit.version for edit in edit_history(workspace, "ep-1").in_force] == [2]
    editing.handlers["inspect_undo"]()
    wait_for_batch(editing, qtbot)
    assert Catalogue(workspace).episode("ep-1").human_steps == 9


def test_deleted_episodes_are_restored(editing: EditController, workspace: Workspace, qtbot: QtBot) -> None:
    editing.select(("ep-2", "ep-3"), deleted=False)
    editing.set_deleted(deleted=True)
    wait_for_batch(editing, qtbot)
    assert [record.episode_id for record in Catalogue(workspace).episodes()] == ["ep-1"]
    editing.select(("ep-2",), deleted=True)
    editing.set_deleted(deleted=False)
    wait_for_batch(editing, qtbot)
    editing.handlers["inspect_undo"]()
    wait_for_batch(editing, qtbot)
    editing.handlers["inspect_undo"]()
    wait_for_batch(editing, qtbot)
    assert len(Catalogue(workspace).episodes()) == 3


def test_a_note_is_stored_once(editing: EditController, workspace: Workspace, qtbot: QtBot) -> None:
    field = field_of(editing, "Note on this episode")
    field.setText("  slipped twice ")
    field.editingFinished.emit()
    wait_for_batch(editing, qtbot)
    field.editingFinished.emit()
    wait_for_batch(editing, qtbot)
    assert edit_history(workspace, "ep-1").note == "slipped twice"
    assert len(edit_history(workspace, "ep-1").edits) == 1


def test_an_unreadable_episode_does_not_stop_the_batch(
    editing: EditController, workspace: Workspace, qtbot: QtBot
) -> None:
    workspace.episode_path("ep-2").write_bytes(b"nothing")
    editing.select(NAMES, deleted=False)
    with qtbot.waitSignal(editing.failed) as failed:
        editing.relabel("success")
    assert "1 of 3 episodes could not be changed, the others were" in str(failed.args[0])
    assert "cannot be read" in str(failed.args[0])
    assert outcomes(workspace) == ["success", "failure", "success"]
    editing.handlers["inspect_undo"]()
    wait_for_batch(editing, qtbot)
    assert outcomes(workspace) == ["failure"] * 3


def test_an_undo_that_a_full_disk_stops_can_be_continued(
    editing: EditController, workspace: Workspace, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    editing.select(NAMES, deleted=False)
    editing.relabel("success")
    wait_for_batch(editing, qtbot)
    written: list[Path] = []

    def fills_up(path: Path, content: bytes) -> None:
        if written:
            raise OSError(errno.ENOSPC, "No space left on device")
        written.append(path)
        write_durably(path, content)

    with monkeypatch.context() as patch, qtbot.waitSignal(editing.failed) as failed:
        patch.setattr("mile_desktop.storage.edit_store.write_durably", fills_up)
        editing.handlers["inspect_undo"]()
        wait_for_batch(editing, qtbot)
    assert "is full" in str(failed.args[0])
    assert outcomes(workspace).count("failure") == 1
    editing.handlers["inspect_undo"]()
    wait_for_batch(editing, qtbot)
    assert outcomes(workspace) == ["failure"] * 3
    for _ in range(2):
        editing.handlers["inspect_redo"]()
        wait_for_batch(editing, qtbot)
    assert outcomes(workspace) == ["success"] * 3


def test_another_workspace_starts_with_an_empty_history(
    editing: EditController, workspace: Workspace, qtbot: QtBot
) -> None:
    editing.relabel("success")
    wait_for_batch(editing, qtbot)
    editing.set_workspace(workspace)
    assert editing._history.undo_text == ""
    editing.handlers["inspect_undo"]()
    wait_for_batch(editing, qtbot)
    assert outcomes(workspace)[0] == "success"


def test_generated_episodes_are_removed_as_a_set_and_put_back(
    editing: EditController, workspace: Workspace, qtbot: QtBot
) -> None:
    write_example(workspace)
    write_example(workspace, "run-2")
    editing.select(("generated/run-1/0001",), deleted=False)
    delete = editing.bar._buttons["inspect_delete"]
    assert (delete.text(), editing.bar._outcome.isEnabled()) == ("Remove set", False)
    editing.handlers["inspect_delete"]()
    wait_for_batch(editing, qtbot)
    assert [each.set_id for each in generated_sets(workspace)] == ["run-2"]
    assert editing._history.undo_text == "remove generated data"
    editing.handlers["inspect_undo"]()
    wait_for_batch(editing, qtbot)
    assert len(generated_sets(workspace)) == 2
    # Recorded episodes among them go to the bin, and all comes back together.
    editing.select(("ep-2", "generated/run-1/0000", "generated/run-1/0001", "generated/run-2/0000"), deleted=False)
    editing.handlers["inspect_delete"]()
    wait_for_batch(editing, qtbot)
    assert editing._history.undo_text == "delete (1 episodes, 2 generated sets)"
    assert (generated_sets(workspace), len(Catalogue(workspace).episodes())) == ((), 2)
    editing.handlers["inspect_undo"]()
    wait_for_batch(editing, qtbot)
    assert (len(generated_sets(workspace)), len(Catalogue(workspace).episodes())) == (2, 3)
    editing.select(("ep-1",), deleted=False)
    assert delete.text() == "Delete"


def test_generated_episodes_cannot_be_edited(editing: EditController, workspace: Workspace, qtbot: QtBot) -> None:
    write_example(workspace)
    said: list[str] = []
    editing.message.connect(said.append)
    editing.select(("ep-3", "generated/run-1/0000"), deleted=False)
    editing.relabel("success")
    wait_for_batch(editing, qtbot)
    assert said == ["Generated episodes cannot be edited. Remove their set and generate another one."]
    assert sorted(outcomes(workspace)) == ["failure", "failure", "success"]


def test_tags_are_typed_ticked_and_undone_for_several_episodes(
    editing: EditController, workspace: Workspace, qtbot: QtBot
) -> None:
    def tags() -> list[tuple[str, ...]]:
        wait_for_batch(editing, qtbot)
        return [record.tags for record in Catalogue(workspace).episodes()]

    menu = editing.bar.tags
    editing.bar.show()
    editing.select(NAMES[:2], deleted=False)
    menu.opening.emit()
    field = field_of(editing, "New tags, with commas")
    qtbot.keyClicks(field, "slip, hard start")
    qtbot.keyClick(field, Qt.Key.Key_Return)
    assert tags() == [("hard start", "slip")] * 2 + [()]
    editing.select(NAMES, deleted=False)
    menu.opening.emit()
    assert [each.text() for each in menu.menu().actions()][:2] == ["hard start  (2 of 3)", "slip  (2 of 3)"]
    # Some have it: a click gives it to the others, and writes nothing to those that have it.
    menu.menu().actions()[1].trigger()
    assert tags() == [("hard start", "slip")] * 2 + [("slip",)]
    assert [len(edit_history(workspace, name).edits) for name in NAMES] == [1, 1, 1]
    menu.opening.emit()
    assert menu.menu().actions()[1].isChecked()
    menu.menu().actions()[1].trigger()
    assert tags() == [("hard start",)] * 2 + [()]
    assert editing._history.undo_text == "untag slip (3 episodes)"
    for _ in range(2):
        editing.handlers["inspect_undo"]()
        wait_for_batch(editing, qtbot)
    assert tags() == [("hard start", "slip")] * 2 + [()]


def test_the_operator_of_several_episodes_is_corrected(
    editing: EditController, workspace: Workspace, qtbot: QtBot
) -> None:
    def names() -> list[str]:
        wait_for_batch(editing, qtbot)
        return [record.start.operator_name for record in Catalogue(workspace).episodes()]

    editing.select(NAMES[1:], deleted=False)
    editing.bar.operators.chosen.emit(" Anna  B. ", True)
    assert names() == ["", "Anna B.", "Anna B."]
    editing.bar.operators.opening.emit()
    (anna, _) = editing.bar.operators.menu().actions()
    assert (anna.text(), anna.isChecked()) == ("Anna B.", True)
    anna.trigger()
    assert names() == ["", "Anna B.", "Anna B."], "a person has one operator, so a click takes nothing away"
    editing.handlers["inspect_undo"]()
    assert names() == ["", "", ""]
