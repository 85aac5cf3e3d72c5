"""A choice of two policies to compare."""

from collections.abc import Sequence

from PySide6.QtCore import QSignalBlocker, Signal
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLabel, QWidget

from mile_desktop.ui.theme import theme


class PairChooser(QWidget):
    """Two lists of the same policies; at first the newest with the one before it. Window's thread only."""

    changed = Signal()
    """A person has chosen another policy."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._first, self._second = _list("Compare this policy"), _list("with this one")
        row = QHBoxLayout(self)
        theme.space(row, spacing=8)
        row.addWidget(self._first, 1)
        row.addWidget(QLabel("with"))
        row.addWidget(self._second, 1)
        for combo in (self._first, self._second):
            combo.currentIndexChanged.connect(self.changed)

    @property
    def chosen(self) -> tuple[str, str]:
        """Ids of both; empty if there is no policy."""
        return str(self._first.currentData() or ""), str(self._second.currentData() or "")

    def offer(self, policies: Sequence[tuple[str, str]]) -> None:
        """Offer policies as (id, title), newest first; a pair that still exists stays chosen. Emits nothing."""
        before, ids = self.chosen, [policy_id for policy_id, _ in policies]
        for combo in (self._first, self._second):
            # Filling a list changes its choice several times; only a person's choice should start a comparison.
            with QSignalBlocker(combo):
                combo.clear()
                for policy_id, title in policies:
                    combo.addItem(title, policy_id)
            combo.setEnabled(len(policies) > 1)
        # The same policy twice comes from a time when there was only one, and was not chosen by anybody.
        kept = before[0] != before[1] and set(before) <= set(ids)
        self.choose(*(before if kept else _newest_two(ids)))

    def choose(self, first: str, second: str) -> None:
        """Choose two policies by their ids; emits nothing."""
        for combo, wanted in ((self._first, first), (self._second, second)):
            with QSignalBlocker(combo):
                combo.setCurrentIndex(max(0, combo.findData(wanted)))


def _list(name: str) -> QComboBox:
    combo = QComboBox()
    combo.setAccessibleName(name)
    # a long policy name must not widen the panel
    combo.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
    combo.setMinimumContentsLength(6)
    return combo


def _newest_two(ids: Sequence[str]) -> tuple[str, str]:
    """Return the one before the newest, and the newest."""
    return (ids[min(1, len(ids) - 1)], ids[0]) if ids else ("", "")
