"""Episodes from elsewhere become episodes of the workspace: all of them or none."""

from collections.abc import Iterable

from mile_desktop.storage.catalogue import insert_episode
from mile_desktop.storage.episodes import write_recording
from mile_desktop.storage.errors import WorkspaceError, translated
from mile_desktop.storage.records import Episode, EpisodeRecord
from mile_desktop.storage.workspace import Workspace


def add_episodes(workspace: Workspace, episodes: Iterable[Episode]) -> tuple[EpisodeRecord, ...]:
    """Write the files of ``episodes`` one by one as they come, then all rows in one transaction.

    Whatever ``episodes`` raises leaves the workspace as it was. A process that is killed before the last step leaves
    files without rows, which ``rebuild_catalogue`` would find.

    Raises
    ------
    WorkspaceError
        The disk does not take them, or there is an episode of that id.
    """
    written = []
    records = []
    try:
        for episode in episodes:
            path = workspace.episode_path(episode.record.episode_id)
            if path.exists():
                raise WorkspaceError(
                    f"There is an episode {episode.record.episode_id} already; import it with a new id."
                )
            # Before the file: a file that was begun must be removed, too.
            written.append(path)
            write_recording(path, episode)
            records.append(episode.record)
        with workspace.transaction() as connection:
            for record in records:
                insert_episode(connection, record)
    # Also for Ctrl+C and a cancellation: nothing incomplete is left.
    except BaseException:
        with translated(workspace.folder):
            for path in written:
                path.unlink(missing_ok=True)
        raise
    return tuple(records)
