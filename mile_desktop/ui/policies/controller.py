"""The Policies page between window and workspace: who drives, what is called what, what comes and goes."""

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QFileDialog

from mile_desktop.storage.browse import LEARNED_BY
from mile_desktop.storage.errors import WorkspaceError
from mile_desktop.ui.application import Application
from mile_desktop.ui.clients.command_client import CommandClient
from mile_desktop.ui.evaluate.controller import EvaluateController
from mile_desktop.ui.plots.series import Curve
from mile_desktop.ui.policies.model import PolicyDetails, read_curves, read_policies
from mile_desktop.ui.policies.page import PoliciesPage
from mile_desktop.ui.shell.page_refresh import PageRefresh
from mile_desktop.ui.workspace_session import PolicyList, WorkspaceSession

_BRING_BACK = "Bring it back"
_MOST_NAME = 40
_KINDS = "Policies (*.zip *.safetensors);;All files (*)"
_TARGETS = "Zip archive (*.zip);;A folder (*)"


class PoliciesController(QObject):
    """Owns the Policies page; everything runs on the window's thread.

    Importing and exporting run in a process of their own: the window neither imports torch nor waits for a disk.
    """

    episodes_requested = Signal(str)
    """What to search for, to see the episodes that a policy learned from."""

    def __init__(self, application: Application, evaluating: EvaluateController) -> None:
        super().__init__(application)
        self._application = application
        self._evaluating = evaluating
        self._details: dict[str, PolicyDetails] = {}
        self._policy_list = PolicyList((), "", "")
        self._curves: dict[str, dict[str, Curve]] = {}
        self._put_away = self._exporting = ""
        self._job = CommandClient(self)
        self._answer: dict[str, str] = {}
        self._dialog: QFileDialog | None = None
        self.page = PoliciesPage()
        self._showing = PageRefresh(application.window, "policies", self._refresh, self)
        self._connect()

    def _connect(self) -> None:
        application, page = self._application, self.page
        application.window.add_page("policies", page)
        application.window.install_actions(
            {
                "policies_use": page.use_chosen,
                "policies_rename": page.rename_chosen,
                "policies_archive": page.archive_chosen,
                "policies_export": page.export_chosen,
                "policies_import": page.ask_for_file,
            }
        )
        application.workspace_opened.connect(self._workspace_opened)
        application.policies_changed.connect(self._policies_changed)
        application.window.closing.connect(self.close)
        application.window.messages.way_out_chosen.connect(self._take_way_out)
        self._job.said.connect(self._said)
        self._job.finished.connect(self._done)
        self._job.failed.connect(self._failed)
        page.promote_requested.connect(application.use_policy)
        page.roll_back_requested.connect(application.use_policy)
        page.note_changed.connect(self._keep_note)
        page.renamed.connect(self._rename)
        page.archive_requested.connect(self._archive)
        page.export_requested.connect(self._ask_where_to_export)
        page.import_requested.connect(self._ask_what_to_import)
        page.dropped.connect(self.import_from)
        page.evaluate_requested.connect(self._evaluating.prepare)
        page.chosen_changed.connect(self._show_chosen)
        page.comparison.pair_changed.connect(self._show_pair)
        page.about.episodes_requested.connect(self._ask_for_episodes)
        page.about.evaluations_requested.connect(self._evaluating.show_history_of)

    def close(self) -> None:
        """End an import or export that is at work; nothing half is left of it."""
        self._job.close()

    # ── what is shown ────────────────────────────────────────────────────────────────────────────────────────────

    def _workspace_opened(self, _: WorkspaceSession) -> None:
        self._curves.clear()

    def _policies_changed(self, policy_list: PolicyList) -> None:
        self._policy_list = policy_list
        self._showing.mark_stale()

    def _refresh(self) -> None:
        workspace = self._application.workspace
        if workspace is None:
            return
        try:
            self._details = read_policies(workspace, self._application.scene)
        except WorkspaceError as error:
            self._application.error_presenter.show_error(error)
            return
        self.page.show_policies(self._details, self._policy_list.current, self._policy_list.previous)
        self._show_chosen()

    def _show_chosen(self) -> None:
        chosen = self.page.chosen
        if chosen is not None:
            self.page.show_chosen(self._curves_of(chosen))

    def _show_pair(self) -> None:
        self.page.comparison.show_pair([self._curves_of(each) for each in self.page.comparison.chosen])

    def _curves_of(self, details: PolicyDetails) -> dict[str, Curve]:
        workspace, run_id = self._application.workspace, details.record.run_id
        if workspace is None or run_id is None:
            return {}
        if run_id not in self._curves:  # a policy is there when its training is over: its log does not change any more
            self._curves[run_id] = read_curves(workspace.run_folder(run_id))
        return self._curves[run_id]

    def _ask_for_episodes(self, policy_id: str) -> None:
        self.episodes_requested.emit(f"{LEARNED_BY}{policy_id}")

    # ── names, notes, the archive ────────────────────────────────────────────────────────────────────────────────

    def _keep_note(self, policy_id: str, note: str) -> None:
        self._change(lambda workspace: workspace.catalogue.set_policy_note(policy_id, note))

    def _rename(self, policy_id: str, name: str) -> None:
        taken = [
            each for each in self._details.values() if each.record.policy_id != policy_id and each.entry.name == name
        ]
        if not name or len(name) > _MOST_NAME:
            self._application.window.say(
                "warning", f"A policy's name has 1 to {_MOST_NAME} characters; it stays as it was."
            )
        elif taken:
            where = " among those that were put away" if taken[0].entry.archived else ""
            self._application.window.say("warning", f"There is a {name} already{where}; choose another name.")
        else:
            self._change(lambda workspace: workspace.catalogue.rename_policy(policy_id, name))

    def _archive(self, policy_id: str, archived: bool) -> None:
        if archived and policy_id == self._policy_list.current:
            self._application.window.say(
                "warning", f"{self._name(policy_id)} drives; use another one before you put it away."
            )
            return
        if not self._change(lambda workspace: workspace.catalogue.archive_policy(policy_id, archived=archived)):
            return
        name = self._name(policy_id)
        if archived:
            self._put_away = policy_id
            self._application.window.say("info", f"{name} was put away; nothing of it is deleted.", _BRING_BACK)
        else:
            self._application.window.say("info", f"{name} is back.")

    def _take_way_out(self, name: str) -> None:
        if name == _BRING_BACK and self._put_away:
            self._archive(self._put_away, archived=False)
            self._put_away = ""

    def _change(self, change: Callable[[WorkspaceSession], object]) -> bool:
        workspace = self._application.workspace
        if workspace is None:
            return False
        try:
            change(workspace)
        except WorkspaceError as error:
            self._application.error_presenter.show_error(error)
            return False
        finally:
            self._application.refresh_policies()
        return True

    def _name(self, policy_id: str) -> str:
        details = self._details.get(policy_id)
        return details.entry.name if details else policy_id

    # ── coming and going ─────────────────────────────────────────────────────────────────────────────────────────

    def import_from(self, source: str) -> None:
        """Check a file or folder and add what is in it, in a process of its own."""
        if self._start(f"Importing {Path(source).name} …", "import-policy", source):
            self._application.window.show_page("policies")

    def export_to(self, policy_id: str, target: str) -> None:
        """Copy a policy to an archive or a folder, in a process of its own."""
        arguments = ["--policy", policy_id, "--scene", self._application.scene, target]
        self._start(f"Exporting {self._name(policy_id)} …", "export-policy", *arguments)

    def _start(self, text: str, word: str, *arguments: str) -> bool:
        workspace = self._application.workspace
        if workspace is None:
            return False
        if not self._job.start(word, *arguments, "--workspace", str(workspace.folder)):
            self._application.window.say(
                "warning", "Another policy is just coming or going; wait a moment and try again."
            )
            return False
        self._application.window.say("info", text)
        return True

    def _said(self, answer: dict[str, str]) -> None:
        self._answer = answer

    def _done(self) -> None:
        """Act on the answer of a command that has done its work and ended."""
        answer = self._answer
        if "target" in answer:
            self._application.window.say("success", f"{self._name(answer['policy'])} is in {answer['target']}.")
            return
        where = "" if answer["scene"] == self._application.scene else f" It is for the scene {answer['scene']}."
        self._application.window.say("success", f"{answer['name']} was imported.{where} It drives when you say so.")
        self._application.refresh_policies()
        self._showing.settle()
        self.page.choose(answer["policy"])

    def _failed(self, text: str) -> None:
        self._application.window.say("error", text)

    def _ask_where_to_export(self, policy_id: str) -> None:
        dialog = self._new_dialog(f"Export {self._name(policy_id)}")
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setNameFilters(_TARGETS.split(";;"))
        dialog.selectFile(f"{self._application.scene}-{self._name(policy_id)}.zip")
        dialog.fileSelected.connect(self._target_chosen)
        self._exporting = policy_id
        dialog.show()

    def _target_chosen(self, target: str) -> None:
        self.export_to(self._exporting, target)

    def _ask_what_to_import(self, folder: bool) -> None:
        dialog = self._new_dialog("Import a policy")
        if folder:
            dialog.setFileMode(QFileDialog.FileMode.Directory)
        else:
            dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
            dialog.setNameFilters(_KINDS.split(";;"))
        dialog.fileSelected.connect(self.import_from)
        dialog.show()

    def _new_dialog(self, title: str) -> QFileDialog:
        """Return a dialog that leaves the window usable: the robot may be moving."""
        if self._dialog is not None:
            self._dialog.close()
            self._dialog.deleteLater()
        self._dialog = QFileDialog(self._application.window, title)
        self._dialog.setModal(False)
        return self._dialog
