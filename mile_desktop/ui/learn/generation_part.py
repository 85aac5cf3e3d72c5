"""The part of the Learn panel about generated data: a button, its progress, the sets that exist, and their removal."""

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QPushButton, QWidget

from mile_desktop.ui.theme import theme
from mile_desktop.ui.widgets.background_job import BackgroundJob, plain_label

_TIP = (
    "A model of you supervises the policy that drives in simulated scenes that differ a little. The episodes are kept "
    "apart from yours; tick them above to learn from them"
)
_NOTHING_YET = "Take over a few times and retrain: the model of you has to know you first."


class GenerationPart(BackgroundJob):
    """Fed by ``show_…``; reports what the person asks for. Window's thread only."""

    remove_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("Generate data", "mdi6.robot-outline", "Generation progress", parent)
        self._possible = False
        self._there = ""
        self.remove = QPushButton("Remove")
        self.sets = plain_label("secondary")
        theme.set_icon(self.remove, "mdi6.trash-can-outline")
        self.remove.setToolTip("Delete all generated episodes of this scene; yours stay")
        self.remove.setAccessibleName("Remove the generated episodes")
        self.add_beside(self.remove)
        self.add_below(self.sets, before_note=True)
        self.remove.clicked.connect(self.remove_requested)
        self._refresh()

    @property
    def can_generate(self) -> bool:
        """Whether the model of the person rests on takeovers of theirs, and nothing is being generated."""
        return self._possible and not self.running

    def show_possible(self, possible: bool) -> None:
        """Set whether there is a scene to simulate and a model that was fitted to the person."""
        self._possible = possible
        self._refresh()

    def show_sets(self, text: str) -> None:
        """Show what was generated before; empty: nothing."""
        self._there = text
        self._refresh()

    def show_progress(self, share: float, text: str) -> None:
        """Show that episodes are being generated."""
        super().show_progress(share, text)
        self._refresh()

    def show_result(self, text: str) -> None:
        """Show what was generated or removed."""
        self.show_idle(text)
        self._refresh()

    def show_failure(self, text: str) -> None:
        """Show why nothing was generated."""
        self.show_idle(text, failed=True)
        self._refresh()

    def show_nothing(self) -> None:
        """Show the button alone."""
        self.show_idle()
        self._refresh()

    def _refresh(self) -> None:
        self.offer(self.can_generate, _TIP if self._possible else _NOTHING_YET)
        there = bool(self._there) and not self.running
        self.remove.setVisible(there)
        self.sets.setText(self._there)
        self.sets.setVisible(there)
