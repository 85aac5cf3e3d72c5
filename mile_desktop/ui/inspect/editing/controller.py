"""Changes to the chosen episodes: made a few at a time, so that the window goes on, and undone the same way."""

import time
from collections.abc import Callable, Generator, Sequence
from functools import partial

from PySide6.QtCore import QObject, QTimer, Signal

from mile_desktop.storage.edits import Annotate, Change, Edit, MarkStretch, Relabel, Trim, Withdraw
from mile_desktop.storage.errors import WorkspaceError
from mile_desktop.storage.workspace import Workspace
from mile_desktop.ui.inspect.editing.bar import EditBar
from mile_desktop.ui.inspect.editing.model import Action, Done, Step, Steps, UndoHistory, make, move
from mile_desktop.ui.inspect.model import RecordedEpisode

_TURN_S = 0.03
"""How long the window works on changes before it looks at what else happens."""


class EditController(QObject):
    """Owns the bar and the undo history; everything runs on the window's thread."""

    changed = Signal()
    """Episodes are not what they were: show them anew."""
    failed = Signal(object)
    """A ``WorkspaceError``; what was changed before it stays, and can be undone."""
    said = Signal(str)

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self.bar = EditBar()
        self._history = UndoHistory()
        self._workspace: Workspace | None = None
        self._recording: RecordedEpisode | None = None
        self._stretch: tuple[int, int] | None = None
        self._selected: tuple[str, ...] = ()
        self._work: Generator[float, None, None] | None = None
        self._timer = QTimer(self)
        self._timer.setInterval(0)
        self._timer.timeout.connect(self._turn)
        self.bar.outcome_asked.connect(self.relabel)
        self.bar.note_asked.connect(self.annotate)
        self.bar.withdraw_asked.connect(self.withdraw)
        self.bar.cancel_asked.connect(self.cancel)
        self.bar.asked.connect(self._asked)
        self.handlers: dict[str, Callable[[], object]] = {
            "inspect_mark": partial(self.mark, intervention=True),
            "inspect_unmark": partial(self.mark, intervention=False),
            "inspect_trim": self.trim,
            "inspect_delete": partial(self.move, deleted=True),
            "inspect_restore": partial(self.move, deleted=False),
            "inspect_undo": partial(self._reverse, again=False),
            "inspect_redo": partial(self._reverse, again=True),
            "inspect_note": self.bar.edit_note,
        }

    # ── what there is to change ──────────────────────────────────────────────────────────────────────────────────

    def open(self, workspace: Workspace | None) -> None:
        """Work on another workspace."""
        self.cancel()
        self._workspace = workspace
        self._history.clear()
        self._show_undo()

    def look_at(self, recording: RecordedEpisode | None) -> None:
        """Know which episode is shown."""
        self._recording = recording
        self.bar.show_note(recording.history.note if recording else "")
        edits = recording.history.in_force if recording else ()
        self.bar.show_changes([(edit.version, edit_text(edit)) for edit in edits])
        self.choose_stretch(None)

    def select(self, episode_ids: Sequence[str], *, deleted: bool) -> None:
        """Know which episodes are chosen; ``deleted``: they are in the bin."""
        self._selected = tuple(episode_ids)
        self.bar.show_selection(len(self._selected), looking=self._recording is not None, deleted=deleted)

    def choose_stretch(self, stretch: tuple[int, int] | None) -> None:
        """Know which rows of the shown episode are chosen."""
        self._stretch = stretch
        recording = self._recording
        if stretch is None or recording is None:
            self.bar.show_stretch("")
        else:
            first, last = (recording.time(each) for each in (stretch[0], stretch[1] + 1))
            self.bar.show_stretch(f"{first:.2f}–{last:.2f} s")

    # ── changes ──────────────────────────────────────────────────────────────────────────────────────────────────

    def relabel(self, outcome: str) -> None:
        """Let the selected episodes end in ``outcome``."""
        change = Relabel(outcome)  # type: ignore[arg-type]
        self._change(f"relabel as {outcome}", self._selected, change)

    def mark(self, *, intervention: bool) -> None:
        """Let the chosen stretch be, or not be, an intervention."""
        if self._stretch is not None:
            text = "mark as a takeover" if intervention else "mark as autonomous"
            self._change_shown(text, MarkStretch(*self._stretch, intervention))

    def trim(self) -> None:
        """Let only the chosen stretch count."""
        if self._stretch is not None:
            self._change_shown("trim", Trim(*self._stretch))

    def annotate(self, text: str) -> None:
        """Keep a note."""
        self._change_shown("note", Annotate(text))

    def withdraw(self, version: int) -> None:
        """Take one edit of the shown episode back."""
        recording = self._recording
        if recording is not None:
            edit = next(each for each in recording.history.edits if each.version == version)
            self._change_shown(f"take back: {edit_text(edit)}", Withdraw(version))

    def move(self, *, deleted: bool) -> None:
        """Put the selected episodes into the bin, or bring them back."""
        text = "delete" if deleted else "restore"
        self._begin(self._run(text, [partial(move, episode_id=each, deleted=deleted) for each in self._selected]))

    def cancel(self) -> None:
        """Change no further episodes; what was changed stays, and can be undone."""
        if self._work is not None:
            self._work.close()
            self._finish()

    def _asked(self, action: str) -> None:
        self.handlers[action]()

    def _change_shown(self, text: str, change: Change) -> None:
        if self._recording is not None:
            self._change(text, (self._recording.episode.record.episode_id,), change)

    def _change(self, text: str, episode_ids: Sequence[str], change: Change) -> None:
        self._begin(self._run(text, [partial(make, episode_id=each, change=change) for each in episode_ids]))

    # ── a few at a time ──────────────────────────────────────────────────────────────────────────────────────────

    def _begin(self, work: Generator[float, None, None]) -> None:
        if self._work is not None:
            self.said.emit("Changes are still being made; cancel them or wait.")
            return
        self._work = work
        self._turn()
        if self._work is not None:
            self._timer.start()

    def _turn(self) -> None:
        until = time.monotonic() + _TURN_S
        try:
            while self._work is not None and time.monotonic() < until:
                self.bar.show_progress(next(self._work))
        except StopIteration:
            self._finish()
        except WorkspaceError as error:
            self._finish()
            self.failed.emit(error)
        except BaseException:
            self._finish()  # whoever hears of it, the next change must not wait for this one
            raise

    def _finish(self) -> None:
        self._work = None
        self._timer.stop()
        self.bar.show_progress(None)
        self._show_undo()
        self.changed.emit()

    def _run(self, text: str, steps: Sequence[Step]) -> Generator[float, None, None]:
        """Do ``steps`` one by one, saying how far it is; however it ends, what was done is remembered."""
        workspace, going = self._workspace, Steps(steps)
        if workspace is None or not steps:
            return
        try:
            yield from going.take(workspace)
        finally:
            if going.done:
                self._history.add(Action(_counted(text, going.done), tuple(going.done)))

    def _reverse(self, *, again: bool) -> None:
        if self._work is None and (action := self._history.take(again=again)) is not None:
            self._begin(self._run_back(action, again=again))

    def _run_back(self, action: Action, *, again: bool) -> Generator[float, None, None]:
        """Take an action back; what of it could not be tried stays to be undone."""
        workspace, going = self._workspace, Steps([each.reversed_in for each in reversed(action.done)])
        if workspace is None:
            return
        try:
            yield from going.take(workspace)
            self.said.emit(f"{'Done again' if again else 'Undone'}: {action.text}.")
        finally:
            for done, pile in ((action.done[: len(action.done) - going.tried], not again), (going.done, again)):
                if done:
                    self._history.put(Action(action.text, tuple(done)), again=pile)

    def _show_undo(self) -> None:
        self.bar.show_undo(self._history.undo_text, self._history.redo_text)


def edit_text(edit: Edit) -> str:
    """Return what an edit changed, in words."""
    match edit.change:
        case Relabel(outcome=outcome):
            return f"relabelled as {outcome}"
        case MarkStretch(first=first, last=last, intervention=intervention):
            return f"rows {first}–{last} marked as {'takeover' if intervention else 'autonomous'}"
        case Trim(first=first, last=last):
            return f"trimmed to rows {first}–{last}"
        case Annotate(text=text):
            return f"note “{text[:40]}”" if text else "note removed"
        case _:
            return "taken back"


def _counted(text: str, done: Sequence[Done]) -> str:
    return text if len(done) == 1 else f"{text} ({len(done)} episodes)"
