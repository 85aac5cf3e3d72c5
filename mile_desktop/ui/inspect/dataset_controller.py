"""Exports the selected episodes and imports data sets, each by a command in a process of its own."""

import tempfile
from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QFileDialog

from mile_desktop.storage.browse import read_rows
from mile_desktop.storage.generated_episodes import is_generated
from mile_desktop.ui.application import Application
from mile_desktop.ui.clients.command_client import CommandClient, progress_of
from mile_desktop.ui.inspect.controller import InspectController
from mile_desktop.ui.inspect.dataset_bar import DatasetBar
from mile_desktop.ui.shell.close_question import RunningWork
from mile_desktop.ui.shell.message_line import MessageAction
from mile_desktop.ui.widgets.file_folder import file_dialog

_FORMATS = {
    "LeRobot data set, a folder (*)": ("lerobot", ""),
    "robomimic (*.hdf5)": ("robomimic", ".hdf5"),
    "Parquet, one table (*.parquet)": ("parquet", ".parquet"),
    "CSV, one table (*.csv)": ("csv", ".csv"),
}
"""Entry of the dialog → format of ``export-dataset``, and the ending of its file."""
_IMPORT_FILTERS = ("robomimic (*.hdf5 *.h5)", "MILE research code (*.pkl *.npz *.json)", "All files (*)")
_ANYWAY = {"names": "Import anyway", "rate": "Import anyway", "skip-broken": "Leave them out"}
"""Difference that the command names → what the person can decide about it."""


class DatasetController(QObject):
    """Owns the menu *Data* of the Inspect page; everything runs on the window's thread.

    Nothing that differs from the scene is imported before the person has read the difference and accepted it.
    """

    def __init__(self, application: Application, inspect_controller: InspectController) -> None:
        super().__init__(application)
        self._application = application
        self._page = inspect_controller.page
        self._job = CommandClient(self)
        self._list_file: Path | None = None
        self._dialog: QFileDialog | None = None
        self._result: dict[str, object] = {}
        self._source = ""
        self._accepted: tuple[str, ...] = ()
        self.bar = DatasetBar()
        self._page.episodes.add_tool(self.bar, self.bar.export_action)
        self.bar.export_requested.connect(self.choose_target)
        self.bar.import_requested.connect(self._choose_source)
        self.bar.cancel_requested.connect(self._cancel)
        self._page.dropped.connect(self.import_from)
        self._job.said.connect(self._handle_output)
        self._job.finished.connect(self._finished)
        self._job.failed.connect(self._failed)
        self._job.cancelled.connect(self._cancelled)
        self._job.running_changed.connect(self._running_changed)
        application.window.closing.connect(self._job.close)

    def running_work(self) -> RunningWork | None:
        """Return what runs, for the question before the window closes."""
        text = "A data set is exported or imported. That ends with the window; an export can be continued later."
        return RunningWork(text) if self._job.running else None

    # ── export ───────────────────────────────────────────────────────────────────────────────────────────────────

    def choose_target(self) -> None:
        """Ask where the selected episodes are to be written, and in which format."""
        chosen = self._chosen()
        if chosen is None:
            return
        scene, ids = chosen
        dialog = self._new_dialog(f"Export {len(ids)} episode{'s' if len(ids) != 1 else ''}")
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setNameFilters(list(_FORMATS))
        dialog.selectFile(f"{scene}-episodes")
        dialog.fileSelected.connect(partial(self._target_chosen, dialog, scene, ids))
        dialog.show()

    def export_to(self, scene: str, ids: tuple[str, ...], target: str, name: str) -> None:
        """Write the episodes to ``target`` in the format called ``name``."""
        # in a file, because thousands of ids do not fit on a command line
        try:
            with tempfile.NamedTemporaryFile("w", suffix=".txt", delete=False, encoding="utf-8") as file:
                file.write("\n".join(ids))
        except OSError as error:
            self._application.window.say("error", f"The list of episodes could not be written: {error}.")
            return
        self._list_file = Path(file.name)
        self._source = ""
        # --force only replaces what an earlier export wrote, and the dialog has asked before
        started = self._start(
            "export-dataset", "--scene", scene, "--format", name, "--episodes", f"@{file.name}", "--force", target
        )
        if not started:
            self._remove_list()

    def _chosen(self) -> tuple[str, tuple[str, ...]] | None:
        """Return scene and ids of the selected episodes; None, after a message, where they cannot be exported."""
        workspace_session = self._application.workspace
        selected = self._page.episodes.selected
        ids = tuple(each for each in selected if not is_generated(each))
        if selected and not ids:
            self._application.window.say("warning", "Generated episodes are not exported. Select recorded ones.")
            return None
        if workspace_session is None or not ids:
            self._application.window.say("warning", "Select the episodes that you want to export.")
            return None
        with self._application.errors_shown():
            scenes = sorted({row.scene for row in read_rows(workspace_session.workspace, ids).values()})
            if len(scenes) == 1:
                return scenes[0], ids
            self._application.window.say(
                "warning", f"The selected episodes are of {', '.join(scenes)}. Select episodes of one scene."
            )
        return None

    def _target_chosen(self, dialog: QFileDialog, scene: str, ids: tuple[str, ...], target: str) -> None:
        name, ending = _FORMATS[dialog.selectedNameFilter()]
        self.export_to(scene, ids, target if target.endswith(ending) else target + ending, name)

    # ── import ───────────────────────────────────────────────────────────────────────────────────────────────────

    def import_from(self, source: str, accepted: tuple[str, ...] = ()) -> None:
        """Add the data set at ``source`` to the scene; ``accepted``: differences that the person has read."""
        self._source, self._accepted = source, accepted
        options = [f"--{each}" if each == "skip-broken" else f"--accept={each}" for each in accepted]
        self._start("import-dataset", "--scene", self._application.scene, *options, source)

    def _choose_source(self, folder: bool) -> None:
        dialog = self._new_dialog("Import a data set")
        if folder:
            dialog.setFileMode(QFileDialog.FileMode.Directory)
        else:
            dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
            dialog.setNameFilters(_IMPORT_FILTERS)
        dialog.fileSelected.connect(self.import_from)
        dialog.show()

    # ── the command ──────────────────────────────────────────────────────────────────────────────────────────────

    def _start(self, command: str, *arguments: str) -> bool:
        workspace_session = self._application.workspace
        if workspace_session is None:
            return False
        self._result = {}
        if not self._job.start(command, "--workspace", str(workspace_session.folder), *arguments):
            self._application.window.say("warning", "Another export or import is running. Wait for it, or cancel it.")
            return False
        self.bar.show_progress(0.0, "Starting")
        return True

    def _cancel(self) -> None:
        self.bar.show_cancelling()
        self._job.cancel()

    def _handle_output(self, fields: dict[str, object]) -> None:
        if "progress" in fields:
            self.bar.show_progress(*progress_of(fields))
        else:
            self._result |= fields

    def _finished(self) -> None:
        self._application.window.say("success", str(self._result.get("text", "Done.")))
        if self._source:
            self._application.episodes_changed.emit()

    def _failed(self, text: str) -> None:
        difference = str(self._result.get("difference", ""))
        if self._source and difference in _ANYWAY:
            again = partial(self.import_from, self._source, (*self._accepted, difference))
            action = MessageAction(_ANYWAY[difference], again)
            self._application.window.say("warning", str(self._result.get("finding", text)), action)
        else:
            self._application.window.say("error", text)

    def _cancelled(self) -> None:
        rest = "Nothing was added." if self._source else "The same export continues with the episodes that are left."
        self._application.window.say("info", f"Cancelled. {rest}")

    def _running_changed(self, running: bool) -> None:
        if not running:
            self.bar.show_idle()
            self._remove_list()

    def _remove_list(self) -> None:
        # Only once the command has ended: it may read the file late.
        if self._list_file is not None:
            self._list_file.unlink(missing_ok=True)
            self._list_file = None

    def _new_dialog(self, title: str) -> QFileDialog:
        """Return a dialog that does not block the window, because the robot may be moving."""
        if self._dialog is not None:
            self._dialog.close()
            self._dialog.deleteLater()
        self._dialog = file_dialog(self._application.window, title)
        return self._dialog
