"""The workspace that the window has open, and what several pages read from it; no Qt, nothing heavy."""

from dataclasses import dataclass
from pathlib import Path

from mile_desktop.operators.supervisors import SUPERVISORS
from mile_desktop.paths import bundled_demonstrations
from mile_desktop.privacy import share_like
from mile_desktop.storage.catalogue import Catalogue, LearningSummary
from mile_desktop.storage.errors import WorkspaceError
from mile_desktop.storage.records import EpisodeRecord, InterventionModelRecord, PolicyRecord
from mile_desktop.storage.recovery import recover
from mile_desktop.storage.workspace import WindowLock, Workspace
from mile_desktop.ui.widgets.policy_entry import PolicyEntry, policy_entries


@dataclass(frozen=True, slots=True)
class PolicyList:
    """The policies of one scene, for menus and pages."""

    entries: tuple[PolicyEntry, ...]
    current: str
    """Id of the promoted policy; empty if there is none."""
    previous: str
    """Id of the policy that was promoted before; empty if there is none."""


@dataclass(frozen=True, slots=True)
class Recovery:
    """What a recovery found, as sentences."""

    recovered: str
    """How many episodes came back; empty if none."""
    problems: tuple[str, ...]
    """What could not be recovered as it was, and where it is now."""


class WorkspaceSession:
    """One open workspace, locked for this window; used on the window's thread.

    ``workspace`` (folders, files) and ``catalogue`` (records) are public: a page uses them directly for what only it
    needs. The methods here are what several pages need.

    Parameters
    ----------
    folder
        The workspace; it is made if it is missing.

    Raises
    ------
    WorkspaceError
        If it cannot be opened, or another window has it open; nothing stays open then.
    """

    def __init__(self, folder: Path) -> None:
        share_like(folder)
        self.workspace = Workspace.open(folder)
        self._lock: WindowLock | None = None
        try:
            # After opening, because the folder must exist; a folder that is locked by another window is closed again.
            self._lock = self.workspace.hold_window_lock()
        except BaseException:
            self.close()
            raise
        self.catalogue = Catalogue(self.workspace)

    @property
    def folder(self) -> Path:
        """The workspace's folder."""
        return self.workspace.folder

    def holds(self, folder: Path) -> bool:
        """Whether ``folder`` is this workspace, however its path is written."""
        return folder.expanduser().resolve() == self.folder.resolve()

    def recover(self) -> Recovery:
        """Turn what ended processes have left in the journal into episodes.

        An error that keeps the recovery from going on is among the problems: the workspace stays open.
        """
        problems: list[str] = []
        records: tuple[EpisodeRecord, ...] = ()
        try:
            records = recover(self.workspace, problems.append)
        except WorkspaceError as error:
            problems.append(str(error))
        steps = sum(record.steps for record in records)
        text = f"An episode of {steps} steps was recovered; it is marked as recovered."
        if len(records) > 1:
            text = f"{len(records)} episodes with {steps} steps were recovered; they are marked as recovered."
        return Recovery(text if records else "", tuple(problems))

    def policy_list(self, scene: str) -> PolicyList:
        """Return the policies of ``scene``."""
        entries = policy_entries(self.catalogue.policies(scene), self.catalogue.evaluations(scene=scene))
        promoted = [promotion.policy_id for promotion in self.catalogue.promotion_history(scene)]
        current = self.catalogue.promoted(scene) or ""
        earlier = [policy for policy in promoted if policy != current]
        return PolicyList(entries, current, earlier[-1] if earlier else "")

    def policy(self, scene: str, policy_id: str) -> PolicyRecord | None:
        """Return a policy of ``scene``; None if there is none of that id."""
        found = self.catalogue.find_policy(policy_id)
        return found if found is not None and found.scene == scene else None

    def summary(self, scene: str) -> LearningSummary:
        """Return the recorded data of ``scene``, and how much of it is new since the promoted policy."""
        return self.catalogue.learning_summary(scene, self.catalogue.promoted(scene), SUPERVISORS)

    def calibration(self, scene: str) -> InterventionModelRecord | None:
        """Return the intervention model in use if it is a calibration, which can be undone; otherwise None."""
        found = self.catalogue.intervention_model_in_use(scene, self.catalogue.promoted(scene) or "")
        return found if found is not None and found.run_id is None else None

    def demonstrations(self, scene: str) -> int:
        """Return the number of demonstrations for ``scene`` that ship with the program."""
        return sum(1 for _ in bundled_demonstrations(scene).glob("*.parquet"))

    def close(self) -> None:
        """Close the workspace, so that another window can open it."""
        if self._lock is not None:
            self._lock.release()
        self.workspace.close()
