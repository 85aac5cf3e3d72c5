"""Controls the Policies page: promotion, names, notes, archive, import and export."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QFileDialog

from mile_desktop.storage.browse import LEARNED_BY
from mile_desktop.ui.application import Application
from mile_desktop.ui.clients.command_client import CommandClient
from mile_desktop.ui.plots.series_model import Curve
from mile_desktop.ui.policies.model import PolicyDetails, read_curves, read_policies
from mile_desktop.ui.policies.page import PoliciesPage
from mile_desktop.ui.shell.close_question import RunningWork
from mile_desktop.ui.shell.message_line import MessageAction
from mile_desktop.ui.shell.page_refresh import PageRefresh
from mile_desktop.ui.widgets.file_folder import file_dialog
from mile_desktop.ui.workspace_session import PolicyList, WorkspaceSession

_LONGEST_NAME = 40
_IMPORT_FILTERS = "Policies (*.zip *.safetensors);;All files (*)"
_EXPORT_FILTERS = "Zip archive (*.zip);;ONNX (*.onnx);;TorchScript (*.pt);;A folder (*)"


class PoliciesController(QObject):
    """Owns the Policies page; everything runs on the window's thread.

    Importing and exporting run in a process of their own: the window neither imports torch nor waits for a disk.
    """

    episodes_requested = Signal(str)
    """Search text on the Inspect page for the training episodes of a policy."""
    evaluation_requested = Signal(object)
    """Ids of the policies to evaluate."""
    evaluations_requested = Signal(str)
    """Id of the policy whose stored evaluations are to be shown."""

    def __init__(self, application: Application) -> None:
        super().__init__(application)
        self._application = application
        self._details: dict[str, PolicyDetails] = {}
        self._policy_list = PolicyList((), "", "")
        self._curves: dict[str, dict[str, Curve]] = {}
        self._exporting = ""
        self._job = CommandClient(self)
        self._result: dict[str, str] = {}
        self._dialog: QFileDialog | None = None
        self.page = PoliciesPage()
        self._page_refresh = PageRefresh(application.window, "policies", self._refresh, self)
        self._connect()

    def _connect(self) -> None:
        application, page = self._application, self.page
        application.window.add_page("policies", page)
        application.window.install_actions(
            {
                "policies_use": page.use_selected,
                "policies_rename": page.rename_selected,
                "policies_archive": page.archive_selected,
                "policies_export": page.export_selected,
                "policies_import": page.import_file,
            }
        )
        application.workspace_opened.connect(self._workspace_opened)
        application.policies_changed.connect(self._policies_changed)
        application.window.closing.connect(self.close)
        self._job.said.connect(self._keep_result)
        self._job.finished.connect(self._command_finished)
        self._job.failed.connect(self._command_failed)
        page.promote_requested.connect(application.use_policy)
        page.roll_back_requested.connect(application.use_policy)
        page.note_changed.connect(self._store_note)
        page.renamed.connect(self._rename)
        page.archive_requested.connect(self._archive)
        page.export_requested.connect(self._choose_export_target)
        page.import_requested.connect(self._choose_import_source)
        page.dropped.connect(self.import_from)
        page.evaluate_requested.connect(self.evaluation_requested)
        page.selection_changed.connect(self._show_selected)
        page.comparison.pair_changed.connect(self._show_pair)
        page.losses_wanted.connect(self._show_losses)
        page.about.episodes_requested.connect(self._request_episodes)
        page.about.evaluations_requested.connect(self.evaluations_requested)

    def running_work(self) -> RunningWork | None:
        """Return what runs, for the question before the window closes."""
        text = "A policy is imported or exported. That ends with the window, and nothing incomplete is left."
        return RunningWork(text) if self._job.running else None

    def close(self) -> None:
        """End a running import or export; nothing incomplete is left."""
        self._job.close()

    # ── content ──────────────────────────────────────────────────────────────────────────────────────────────────

    def _workspace_opened(self, _: WorkspaceSession) -> None:
        # Another workspace may hold other runs under the same ids.
        self._curves.clear()

    def _policies_changed(self, policy_list: PolicyList) -> None:
        self._policy_list = policy_list
        self._page_refresh.mark_stale()

    def _refresh(self) -> None:
        workspace = self._application.workspace
        if workspace is None:
            return
        with self._application.errors_shown():
            self._details = read_policies(workspace, self._application.scene)
            self.page.show_policies(self._details, self._policy_list.current, self._policy_list.previous)
            self._show_selected()

    def _show_selected(self) -> None:
        selected = self.page.selected
        if selected is not None:
            self.page.show_selected(self._curves_of(selected))

    def _show_pair(self) -> None:
        self.page.comparison.show_pair([self._curves_of(each) for each in self.page.comparison.chosen])

    def _show_losses(self) -> None:
        self.page.curve.show_losses([self._curves_of(each) for each in self.page.curve.newest])

    def _curves_of(self, details: PolicyDetails) -> dict[str, Curve]:
        workspace, run_id = self._application.workspace, details.record.run_id
        if workspace is None or run_id is None:
            return {}
        if run_id not in self._curves:  # a policy exists only after its training, so its log does not change any more
            self._curves[run_id] = read_curves(workspace.workspace.run_folder(run_id))
        return self._curves[run_id]

    def _request_episodes(self, policy_id: str) -> None:
        self.episodes_requested.emit(f"{LEARNED_BY}{policy_id}")

    # ── names, notes, the archive ────────────────────────────────────────────────────────────────────────────────

    def _store_note(self, policy_id: str, note: str) -> None:
        self._change(lambda workspace: workspace.catalogue.set_policy_note(policy_id, note))

    def _rename(self, policy_id: str, name: str) -> None:
        taken = [
            each for each in self._details.values() if each.record.policy_id != policy_id and each.entry.name == name
        ]
        # Checked here and not in the table, which has no place to say why.
        if not name or len(name) > _LONGEST_NAME:
            self._application.window.say(
                "warning", f"A policy's name needs 1 to {_LONGEST_NAME} characters. The name was not changed."
            )
        # Menus and messages show only the name: with two of the same a person could not tell which one drives.
        elif taken:
            where = " among the archived policies" if taken[0].entry.archived else ""
            self._application.window.say("warning", f"There is already a policy {name}{where}; choose another name.")
        elif name != (before := self._name(policy_id)) and self._change(
            lambda workspace: workspace.catalogue.rename_policy(policy_id, name)
        ):
            undo = MessageAction("Undo", partial(self._rename, policy_id, before), f"rename {policy_id}")
            self._application.window.say("info", f"{before} is called {name} now.", undo)

    def _archive(self, policy_id: str, archived: bool) -> None:
        # Menus hide archived policies, and the one that drives must be visible there.
        if not self._change(lambda workspace: workspace.catalogue.archive_policy(policy_id, archived=archived)):
            return
        name = self._name(policy_id)
        if archived:
            undo = MessageAction("Undo", partial(self._archive, policy_id, archived=False), f"archive {policy_id}")
            self._application.window.say("info", f"{name} was archived. None of its files are deleted.", undo)
        else:
            self._application.window.messages.withdraw(f"archive {policy_id}")
            self._application.window.say("info", f"{name} is not archived any more.")

    def _change(self, change: Callable[[WorkspaceSession], object]) -> bool:
        workspace = self._application.workspace
        if workspace is None:
            return False
        changed = False
        with self._application.errors_shown():
            change(workspace)
            changed = True
        # after an error, too: the table then shows the stored name or note instead of the typed one
        self._application.refresh_policies()
        return changed

    def _name(self, policy_id: str) -> str:
        details = self._details.get(policy_id)
        return details.entry.name if details else policy_id

    # ── import and export ─────────────────────────────────────────────────────────────────────────────────────────

    def import_from(self, source: str) -> None:
        """Check a file or folder and import its policy, in a process of its own."""
        # The page shows the result; a file may have been dropped while another one was open.
        if self._start(f"Importing {Path(source).name} …", "import-policy", source, "--scene", self._application.scene):
            self._application.window.show_page("policies")

    def export_to(self, policy_id: str, target: str, *, force: bool = False) -> None:
        """Copy a policy to an archive or a folder, in a process of its own; ``force``: replace an earlier export."""
        arguments = ["--policy", policy_id, "--scene", self._application.scene, target, *["--force"] * force]
        self._start(f"Exporting {self._name(policy_id)} …", "export-policy", *arguments)

    def _start(self, text: str, command: str, *arguments: str) -> bool:
        workspace = self._application.workspace
        if workspace is None:
            return False
        if not self._job.start(command, *arguments, "--workspace", str(workspace.folder)):
            self._application.window.say(
                "warning", "Another import or export is running. Wait until it has ended, and try again."
            )
            return False
        self._application.window.say("info", text)
        return True

    def _keep_result(self, result: dict[str, str]) -> None:
        self._result = result

    def _command_finished(self) -> None:
        """Report a finished command. Only now: a command may still fail after it has written its result."""
        result = self._result
        if "target" in result:
            self._application.window.say(
                "success", f"{self._name(result['policy'])} was exported to {result['target']}."
            )
            return
        where = "" if result["scene"] == self._application.scene else f" It belongs to the scene {result['scene']}."
        self._application.window.say("success", f"{result['name']} was imported.{where} Press Use to let it drive.")
        self._application.refresh_policies()
        self._page_refresh.settle()  # the new policy must be in the table before it can be selected
        self.page.choose(result["policy"])

    def _command_failed(self, text: str) -> None:
        self._application.window.say("error", text)

    def _choose_export_target(self, policy_id: str) -> None:
        dialog = self._new_dialog(f"Export {self._name(policy_id)}")
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setNameFilters(_EXPORT_FILTERS.split(";;"))
        dialog.selectFile(f"{self._application.scene}-{self._name(policy_id)}.zip")
        dialog.setDefaultSuffix("zip")  # without an ending a folder would be written, against the chosen filter
        dialog.filterSelected.connect(self._rename_target)
        dialog.fileSelected.connect(self._target_chosen)
        self._exporting = policy_id
        dialog.show()

    def _rename_target(self, name_filter: str) -> None:
        """Give the suggested name the ending of the chosen kind of file, because the ending decides what is written."""
        ending = name_filter.partition("*")[2].rstrip(")")
        if self._dialog is not None:
            self._dialog.setDefaultSuffix(ending.lstrip("."))
            self._dialog.selectFile(f"{self._application.scene}-{self._name(self._exporting)}{ending}")

    def _target_chosen(self, target: str) -> None:
        self.export_to(self._exporting, target, force=True)  # the dialog has asked before it replaces a file

    def _choose_import_source(self, folder: bool) -> None:
        dialog = self._new_dialog("Import a policy")
        if folder:
            dialog.setFileMode(QFileDialog.FileMode.Directory)
        else:
            dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
            dialog.setNameFilters(_IMPORT_FILTERS.split(";;"))
        dialog.fileSelected.connect(self.import_from)
        dialog.show()

    def _new_dialog(self, title: str) -> QFileDialog:
        """Return a dialog that does not block the window, because the robot may be moving."""
        if self._dialog is not None:
            self._dialog.close()
            self._dialog.deleteLater()
        self._dialog = file_dialog(self._application.window, title)
        return self._dialog
