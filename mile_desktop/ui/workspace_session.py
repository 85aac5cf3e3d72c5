"""What the window asks of the workspace; no Qt, nothing heavy."""

from dataclasses import dataclass
from pathlib import Path

from mile_desktop.paths import bundled_demonstrations
from mile_desktop.storage.catalogue import Catalogue, LearningSummary
from mile_desktop.storage.records import EpisodeRecord, InterventionModelRecord, PolicyRecord
from mile_desktop.storage.recovery import recover
from mile_desktop.storage.workspace import WindowLock, Workspace
from mile_desktop.ui.widgets.policy_entry import PolicyEntry, policy_entries


@dataclass(frozen=True, slots=True)
class PolicyList:
    """The policies of one scene as menus and pages show them."""

    entries: tuple[PolicyEntry, ...]
    current: str
    """Id of the promoted policy; empty while none is."""
    previous: str
    """Id of the one promoted before it; empty where there was none."""


class WorkspaceSession:
    """One open workspace that this window has for itself; used on the window's thread.

    Parameters
    ----------
    folder
        The workspace; made where it is missing.

    Raises
    ------
    WorkspaceError
        In words, with a way out; nothing stays open then.
    """

    def __init__(self, folder: Path) -> None:
        self._workspace = Workspace.open(folder)
        self._lock: WindowLock | None = None
        try:
            self._lock = self._workspace.hold_window_lock()
        except BaseException:
            self.close()
            raise
        self.catalogue = Catalogue(self._workspace)

    @property
    def folder(self) -> Path:
        """The workspace's folder."""
        return self._workspace.folder

    @property
    def workspace(self) -> Workspace:
        """The workspace itself, for those who ask more of it than is asked here."""
        return self._workspace

    def holds(self, folder: Path) -> bool:
        """Whether ``folder`` is this workspace, however its path is written."""
        return folder.expanduser().resolve() == self.folder.resolve()

    def recover(self) -> tuple[EpisodeRecord, ...]:
        """Turn what killed processes left behind into episodes and return those."""
        return recover(self._workspace)

    def run_folder(self, run_id: str) -> Path:
        """Folder of a training run."""
        return self._workspace.run_folder(run_id)

    def policy_folder(self, policy_id: str) -> Path:
        """Folder of a policy."""
        return self._workspace.policy_folder(policy_id)

    def policy_list(self, scene: str) -> PolicyList:
        """Return the policies of ``scene``."""
        entries = policy_entries(self.catalogue.policies(scene), self.catalogue.evaluations(scene=scene))
        promoted = [promotion.policy_id for promotion in self.catalogue.promotion_history(scene)]
        current = self.catalogue.promoted(scene) or ""
        earlier = [policy for policy in promoted if policy != current]
        return PolicyList(entries, current, earlier[-1] if earlier else "")

    def policy(self, scene: str, policy_id: str) -> PolicyRecord | None:
        """Return a policy of ``scene``; None where there is none of that id."""
        found = self.catalogue.find_policy(policy_id)
        return found if found is not None and found.scene == scene else None

    def summary(self, scene: str) -> LearningSummary:
        """Return what there is to learn from in ``scene``, and what is new since the promoted policy."""
        return self.catalogue.learning_summary(scene, self.catalogue.promoted(scene))

    def calibration(self, scene: str) -> InterventionModelRecord | None:
        """Return the intervention model in use where it is a calibration of the one before, which can be undone."""
        found = self.catalogue.intervention_model_in_use(scene, self.catalogue.promoted(scene) or "")
        return found if found is not None and found.run_id is None else None

    def demonstrations(self, scene: str) -> int:
        """Return how many demonstrations come with the program for ``scene``."""
        return sum(1 for _ in bundled_demonstrations(scene).glob("*.parquet"))

    def close(self) -> None:
        """Let another window have the workspace."""
        if self._lock is not None:
            self._lock.release()
        self._workspace.close()
