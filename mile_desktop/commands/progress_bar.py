"""A progress bar on a terminal."""

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID


class ProgressBar:
    """One bar on standard error, drawn only where that is a terminal; it begins with the first progress.

    ``NO_COLOR`` and ``TERM=dumb`` have their usual effect, because rich reads them.
    """

    def __init__(self) -> None:
        self._bar: Progress | None = None
        self._task: TaskID | None = None

    @property
    def possible(self) -> bool:
        """Whether standard error is a terminal."""
        return sys.stderr.isatty()

    def show(self, share: float, text: str) -> None:
        """Draw ``share`` in [0, 1] and ``text``; the time left follows from the speed so far."""
        if not self.possible:
            return
        if self._bar is None or self._task is None:
            self._bar, self._task = _new_bar()
            self._bar.start()
        self._bar.update(self._task, completed=min(max(share, 0.0), 1.0), description=text)

    def clear(self) -> None:
        """Remove the bar, so that a line can be written; the next progress draws another one."""
        if self._bar is not None:
            self._bar.stop()
            self._bar = self._task = None


def _new_bar() -> "tuple[Progress, TaskID]":
    # late: rich takes a tenth of a second to import, and most commands end before they draw anything
    from rich.console import Console  # noqa: PLC0415
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn  # noqa: PLC0415

    columns = (TextColumn("{task.description}", markup=False), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    bar = Progress(*columns, console=Console(stderr=True), transient=True)
    return bar, bar.add_task("", total=1.0)
