"""The recorded episodes of a scene as supervised steps, which intervention models are fitted to and scored on."""

from mile_desktop.intervention.data import SupervisedSteps
from mile_desktop.intervention.scores import ScoreError
from mile_desktop.learning.dataset import supervised_steps
from mile_desktop.paths import bundled_demonstrations
from mile_desktop.storage.catalogue import Catalogue
from mile_desktop.storage.episodes import read_episode_file, read_episodes
from mile_desktop.storage.workspace import Workspace


def recorded_steps(workspace: Workspace, scene: str, *, newest: int | None = None) -> SupervisedSteps:
    """Read every supervised episode of ``scene`` (or the ``newest`` ones) and its demonstrations.

    Raises
    ------
    ScoreError
        When no episode was recorded.
    DatasetError, WorkspaceError
        When the episodes do not fit together, or cannot be read.
    """
    names = [record.episode_id for record in Catalogue(workspace).episodes(scene)]
    names = names[-newest:] if newest else names
    if not names:
        raise ScoreError(f"No episode of {scene} is recorded in {workspace.folder}; supervise one first.")
    # Demonstrations are added: the human-action model learns from them, too.
    demonstrations = [read_episode_file(path) for path in sorted(bundled_demonstrations(scene).glob("*.parquet"))]
    return supervised_steps(read_episodes(workspace, names), demonstrations)
