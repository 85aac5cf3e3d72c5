"""Waits for a workspace that another window has open."""

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QObject, QTimer

from mile_desktop.errors import UserError
from mile_desktop.storage.errors import WorkspaceLockedError
from mile_desktop.ui.workspace_session import WorkspaceSession

_AGAIN_MS = 1000


class LockedWorkspace(QObject):
    """Tries once a second: the other window may have been closed a moment ago, and still saves its last episode.

    Parameters
    ----------
    opened
        Receives the session as soon as the workspace is free.
    failed
        Receives any other error, after which it does not try again, and the folder.
    """

    def __init__(
        self,
        opened: Callable[[WorkspaceSession], None],
        failed: Callable[[UserError, Path], None],
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._opened = opened
        self._failed = failed
        self._folder: Path | None = None
        self._timer = QTimer(self, interval=_AGAIN_MS)
        self._timer.timeout.connect(self._try)

    def wait_for(self, folder: Path) -> None:
        """Open the workspace in ``folder`` once it is free, in place of any other one that was waited for."""
        self._folder = folder
        self._timer.start()

    def give_up(self) -> None:
        """Stop waiting: a workspace was opened, or the window closes."""
        self._timer.stop()

    def _try(self) -> None:
        folder = self._folder
        if folder is None:
            return
        try:
            session = WorkspaceSession(folder)
        except WorkspaceLockedError:
            return
        except UserError as error:
            self.give_up()
            self._failed(error, folder)
            return
        self.give_up()
        self._opened(session)
