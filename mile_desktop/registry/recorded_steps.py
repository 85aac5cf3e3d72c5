"""The recorded episodes of a scene as supervised steps, which intervention models are fitted to and scored on."""

from dataclasses import dataclass
from functools import partial

from mile_desktop.intervention.data import SupervisedSteps
from mile_desktop.intervention.scores import ScoreError
from mile_desktop.learning.dataset import supervised_steps, usable_episodes
from mile_desktop.paths import bundled_demonstrations
from mile_desktop.storage.catalogue import Catalogue
from mile_desktop.storage.episodes import read_episode, read_episode_file
from mile_desktop.storage.scene_versions import same_version
from mile_desktop.storage.workspace import Workspace


@dataclass(frozen=True, slots=True, eq=False)
class RecordedSteps:
    """The steps to learn from or to score, and what is said about episodes that are left out."""

    steps: SupervisedSteps
    notes: tuple[str, ...] = ()
    """Sentences for people: of earlier versions of the scene, unreadable, or with values that are not finite."""

    def attended(self) -> "RecordedSteps":
        """Return the episodes that a person watched, with a note on the others; see ``SupervisedSteps.attended``."""
        if self.steps.unattended is None:
            return self
        count = len(set(self.steps.episode[self.steps.unattended].tolist()))
        which = "1 episode that nobody watched is" if count == 1 else f"{count} episodes that nobody watched are"
        return RecordedSteps(self.steps.attended(), (*self.notes, f"{which} left out."))


def recorded_steps(workspace: Workspace, scene: str, *, newest: int | None = None) -> RecordedSteps:
    """Read every supervised episode of ``scene`` (or the ``newest`` ones) and its demonstrations.

    Raises
    ------
    ScoreError
        When no episode was recorded.
    DatasetError, WorkspaceError
        When the episodes do not fit together, or the workspace cannot be read. An episode that cannot be read is left
        out with a note.
    """
    found = same_version(Catalogue(workspace).episodes(scene))
    # The catalogue lists the oldest first. Cut after the version was checked: episodes of another version must not use
    # up places.
    names = found.kept[-newest:] if newest else found.kept
    if not names:
        raise ScoreError(f"No episode of {scene} is recorded in {workspace.folder}; supervise one first.")
    # Demonstrations are added: the human-action model learns from them, too.
    demonstrations = [read_episode_file(path) for path in sorted(bundled_demonstrations(scene).glob("*.parquet"))]
    usable = usable_episodes((name, partial(read_episode, workspace, name)) for name in names)
    notes = tuple(filter(None, (*found.texts, usable.text)))
    return RecordedSteps(supervised_steps(usable.episodes, demonstrations), notes)
