"""Changes the selected episodes, with undo, in short turns on the window's thread, so that it stays responsive."""

import time
from collections import Counter
from collections.abc import Callable, Generator, Mapping, Sequence
from functools import partial

from PySide6.QtCore import QObject, QTimer, Signal

from mile_desktop.storage.browse import EpisodeRow, operator_names, read_rows, tags_in_use
from mile_desktop.storage.edits import (
    Annotate,
    Change,
    ChangeTags,
    MarkStretch,
    NameOperator,
    Relabel,
    Trim,
    Withdraw,
    tags_of,
)
from mile_desktop.storage.errors import WorkspaceError
from mile_desktop.storage.generated_episodes import is_generated, set_of
from mile_desktop.storage.operator_names import operator_name_of
from mile_desktop.storage.workspace import Workspace
from mile_desktop.ui.inspect.editing.bar import EditBar
from mile_desktop.ui.inspect.editing.model import (
    ChangeBatch,
    PendingChange,
    UndoEntry,
    UndoHistory,
    apply_edit,
    counted_text,
    edit_text,
    set_deleted,
    set_removed,
)
from mile_desktop.ui.inspect.model import RecordedEpisode

_TURN_S = 0.03
"""Longest turn: two frames at 60 Hz. Between the turns of a long batch the window handles its events."""


class EditController(QObject):
    """Owns the bar and the undo history; everything runs on the window's thread.

    A batch is a generator that yields after each episode. A timer without delay runs it for one turn at a time. In a
    thread of its own it would need locks against the page and the undo history, and each change takes milliseconds.
    """

    changed = Signal()
    """Episodes were changed and must be shown again."""
    failed = Signal(object)
    """A ``WorkspaceError``; the changes before it stay, and can be undone."""
    message = Signal(str)
    done = Signal(str)
    """A change was stored, in a few words; it can be undone until ``undoable_changed``."""
    undoable_changed = Signal()
    """Another change is the one that is undone next, or none is."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self.bar = EditBar()
        self._history = UndoHistory()
        self._workspace: Workspace | None = None
        self._recording: RecordedEpisode | None = None
        self._stretch: tuple[int, int] | None = None
        self._selected: tuple[str, ...] = ()
        self._batch: Generator[float, None, None] | None = None
        self._timer = QTimer(self)
        # Without delay: Qt handles waiting events between two timeouts.
        self._timer.setInterval(0)
        self._timer.timeout.connect(self._turn)
        self.bar.outcome_requested.connect(self.relabel)
        self.bar.note_requested.connect(self.annotate)
        self.bar.tags.opening.connect(self._offer_tags)
        self.bar.tags.chosen.connect(self.tag)
        self.bar.operators.opening.connect(self._offer_operators)
        self.bar.operators.chosen.connect(self.name_operator)
        self.bar.withdraw_requested.connect(self.withdraw)
        self.bar.cancel_requested.connect(self.cancel)
        self.bar.action_requested.connect(self._run_action)
        self.handlers: dict[str, Callable[[], object]] = {
            "inspect_mark": partial(self.mark, intervention=True),
            "inspect_unmark": partial(self.mark, intervention=False),
            "inspect_trim": self.trim,
            "inspect_delete": partial(self.set_deleted, deleted=True),
            "inspect_restore": partial(self.set_deleted, deleted=False),
            "inspect_undo": partial(self._undo_or_redo, redo=False),
            "inspect_redo": partial(self._undo_or_redo, redo=True),
            "inspect_note": self.bar.edit_note,
            "inspect_tags": self.bar.tags.open,
        }

    # ── workspace and selection ──────────────────────────────────────────────────────────────────────────────────

    def set_workspace(self, workspace: Workspace | None) -> None:
        """Change another workspace from now on; None: none."""
        self.cancel()
        self._workspace = workspace
        # Its entries name episodes of the workspace before.
        self._history.clear()
        self.undoable_changed.emit()
        self._show_undo()

    def show_recording(self, recording: RecordedEpisode | None) -> None:
        """Show note and edits of another episode; None: no episode is shown."""
        self._recording = recording
        self.bar.show_note(recording.history.note if recording else "")
        edits = recording.history.in_force if recording else ()
        self.bar.show_changes([(edit.version, edit_text(edit)) for edit in edits])
        self.choose_stretch(None)

    def select(self, episode_ids: Sequence[str], *, deleted: bool) -> None:
        """Set the selected episodes; ``deleted``: they are in the bin."""
        self._selected = tuple(episode_ids)
        self.bar.show_selection(
            len(self._selected),
            has_shown=self._recording is not None,
            deleted=deleted,
            generated=any(map(is_generated, self._selected)),
        )

    def choose_stretch(self, stretch: tuple[int, int] | None) -> None:
        """Set the chosen rows of the shown episode; None: none."""
        self._stretch = stretch
        recording = self._recording
        if stretch is None or recording is None:
            self.bar.show_stretch("")
        else:
            first, last = (recording.time(each) for each in (stretch[0], stretch[1] + 1))
            self.bar.show_stretch(f"{first:.2f}–{last:.2f} s")

    # ── changes ──────────────────────────────────────────────────────────────────────────────────────────────────

    def relabel(self, outcome: str) -> None:
        """Give the selected episodes another outcome."""
        change = Relabel(outcome)  # type: ignore[arg-type]
        self._change(f"relabel as {outcome}", self._selected, change)

    def tag(self, text: str, given: bool) -> None:
        """Give the selected episodes the tags in ``text``, or take them away; those that need no change get none."""
        tags = tags_of(text)
        rows = self._rows()
        if given:
            changed = [each for each, row in rows.items() if not {*tags} <= {*row.tags}]
            self._change(f"tag {', '.join(tags)}", changed, ChangeTags(add=tags))
        else:
            changed = [each for each, row in rows.items() if {*tags} & {*row.tags}]
            self._change(f"untag {', '.join(tags)}", changed, ChangeTags(remove=tags))

    def name_operator(self, text: str, given: bool) -> None:
        """Say who operated in the selected episodes; an empty text, or not ``given``: no name."""
        name = operator_name_of(text) if given else ""
        changed = [each for each, row in self._rows().items() if row.operator_name != name]
        self._change(f"operator {name or 'no name'}", changed, NameOperator(name))

    def _rows(self) -> Mapping[str, EpisodeRow]:
        return read_rows(self._workspace, self._selected) if self._workspace is not None else {}

    def _offer_tags(self) -> None:
        if self._workspace is not None:
            found = Counter(tag for row in self._rows().values() for tag in row.tags)
            self.bar.tags.show_labels(tags_in_use(self._workspace), found, len(self._selected))

    def _offer_operators(self) -> None:
        if self._workspace is not None:
            found = Counter(row.operator_name for row in self._rows().values() if row.operator_name)
            self.bar.operators.show_labels(operator_names(self._workspace), found, len(self._selected))

    def mark(self, *, intervention: bool) -> None:
        """Mark the chosen stretch as a takeover, or as autonomous."""
        if self._stretch is not None:
            text = "mark as a takeover" if intervention else "mark as autonomous"
            self._change_shown(text, MarkStretch(*self._stretch, intervention))

    def trim(self) -> None:
        """Trim the shown episode to the chosen stretch."""
        if self._stretch is not None:
            self._change_shown("trim", Trim(*self._stretch))

    def annotate(self, text: str) -> None:
        """Set the note of the shown episode."""
        self._change_shown("note", Annotate(text))

    def withdraw(self, version: int) -> None:
        """Withdraw one edit of the shown episode."""
        recording = self._recording
        if recording is not None:
            edit = next(each for each in recording.history.edits if each.version == version)
            self._change_shown(f"withdraw: {edit_text(edit)}", Withdraw(version))

    def set_deleted(self, *, deleted: bool) -> None:
        """Delete or restore the selected episodes; of generated ones, the whole sets are removed."""
        recorded = [each for each in self._selected if not is_generated(each)]
        changes: list[PendingChange] = [partial(set_deleted, episode_id=each, deleted=deleted) for each in recorded]
        if deleted:
            # As a set and not one by one: a policy names the sets that it learned from.
            sets = dict.fromkeys(set_of(each) for each in self._selected if is_generated(each))
            changes += [partial(set_removed, set_id=each, removed=True) for each in sets]
        text = "restore" if not deleted else "delete" if recorded else "remove generated data"
        self._start(self._run(text, changes))

    def cancel(self) -> None:
        """Stop the batch; the episodes that were changed stay changed, and can be undone."""
        if self._batch is not None:
            self._batch.close()  # raises GeneratorExit in it, so its ``finally`` stores what can be undone
            self._finish()

    def _run_action(self, action: str) -> None:
        self.handlers[action]()

    def _change_shown(self, text: str, change: Change) -> None:
        if self._recording is not None:
            self._change(text, (self._recording.episode.record.episode_id,), change)

    def _change(self, text: str, episode_ids: Sequence[str], change: Change) -> None:
        recorded = [each for each in episode_ids if not is_generated(each)]
        if len(recorded) < len(episode_ids):
            self.message.emit("Generated episodes cannot be edited. Remove their set and generate another one.")
        self._start(self._run(text, [partial(apply_edit, episode_id=each, change=change) for each in recorded]))

    # ── batches ──────────────────────────────────────────────────────────────────────────────────────────────────

    def _start(self, batch: Generator[float, None, None]) -> None:
        if self._batch is not None:
            self.message.emit("The last changes are still being stored. Wait, or cancel them.")
            return
        self._batch = batch
        self._turn()  # a single episode is done at once, without a flicker of the progress bar
        if self._batch is not None:
            self._timer.start()

    def _turn(self) -> None:
        # At least one change a turn, however slow the disk is.
        until = time.monotonic() + _TURN_S
        try:
            while self._batch is not None and time.monotonic() < until:
                self.bar.show_progress(next(self._batch))
        except StopIteration:
            self._finish()
        except WorkspaceError as error:
            self._finish()  # first, so that the handler of the error finds the undo history complete
            self.failed.emit(error)
        except BaseException:
            self._finish()  # a fault of the program goes on to the error log, but later changes must not be refused
            raise

    def _finish(self) -> None:
        self._batch = None
        self._timer.stop()
        self.bar.show_progress(None)
        self._show_undo()
        self.changed.emit()

    def _run(self, text: str, pending: Sequence[PendingChange]) -> Generator[float, None, None]:
        """Apply changes one by one, yielding the finished share; all that were applied can be undone."""
        workspace, batch = self._workspace, ChangeBatch(pending)
        if workspace is None or not pending:
            return
        try:
            yield from batch.run(workspace)
        finally:  # also when the batch is cancelled (the generator is closed) or the disk is full
            if batch.applied:
                entry = UndoEntry(counted_text(text, batch.applied), tuple(batch.applied))
                self._history.add(entry)
                self.done.emit(entry.text)

    def _undo_or_redo(self, *, redo: bool) -> None:
        if self._batch is None and (entry := self._history.pop(redo=redo)) is not None:
            self.undoable_changed.emit()
            self._start(self._run_back(entry, redo=redo))

    def _run_back(self, entry: UndoEntry, *, redo: bool) -> Generator[float, None, None]:
        """Undo (or redo) an entry, the last change first; changes that were not tried stay in the history."""
        workspace, batch = self._workspace, ChangeBatch([each.undo for each in reversed(entry.changes)])
        if workspace is None:
            return
        try:
            yield from batch.run(workspace)
            self.message.emit(f"{'Redone' if redo else 'Undone'}: {entry.text}.")
        finally:
            # If the batch stopped in the middle, the entry is split: the rest goes back to the stack it came from, and
            # what was reversed goes to the other one. The next undo or redo then continues where this one stopped.
            untried = entry.changes[: len(entry.changes) - batch.tried]
            for changes, to_redo in ((untried, redo), (batch.applied, not redo)):
                if changes:
                    self._history.push(UndoEntry(entry.text, tuple(changes)), redo=to_redo)

    def _show_undo(self) -> None:
        self.bar.show_undo(self._history.undo_text, self._history.redo_text)
