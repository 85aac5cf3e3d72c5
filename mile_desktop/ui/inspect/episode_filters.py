"""The filters above the table of episodes, and the count of what they leave."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from PySide6.QtCore import QDate, QSignalBlocker, Qt, QTimer, Signal
from PySide6.QtWidgets import QComboBox, QDateEdit, QLabel, QLineEdit, QPushButton, QWidget

from mile_desktop.storage.browse import Source
from mile_desktop.storage.operator_names import NO_NAME
from mile_desktop.storage.reasons import SHORT_NAMES
from mile_desktop.storage.records import PARTIAL
from mile_desktop.ui.inspect.filter_model import FilterChoice, Period, count_text
from mile_desktop.ui.theme import theme
from mile_desktop.ui.widgets.wrapping_row import WrappingRow

_MOST_BOX = 150
_TYPING_MS = 200
"""Pause in typing after which the database is searched: a query for each letter would slow typing down."""
OUTCOME_MARKS = {"success": "✓", PARTIAL: "◐", "failure": "✕", "time limit": "◷", "aborted": "–", "unknown": "?"}
_OUTCOMES = (("Any outcome", ""), *((f"{mark} {outcome}", outcome) for outcome, mark in OUTCOME_MARKS.items()))
_SOURCES: tuple[tuple[str, Source], ...] = (
    ("Recorded", "recorded"),
    ("Generated", "generated"),
    ("Both", "all"),
)
_PERIODS: tuple[tuple[str, Period], ...] = (
    ("Any date", "any"),
    ("Today", "today"),
    ("Last 7 days", "week"),
    ("Last 30 days", "month"),
    ("From … to …", "range"),
)
_TOGGLES: tuple[tuple[str, str, str, str], ...] = (
    ("has_takeover", "Takeover", "Only episodes with a takeover", "mdi6.hand-back-right-outline"),
    ("has_false_alarm", "False alarm", "Only episodes with a false alarm at your threshold", "mdi6.bell-alert-outline"),
    ("has_miss", "Miss", "Only episodes with a takeover that no alarm announced", "mdi6.bell-off-outline"),
    ("has_words", "Words", "Only episodes in which a command that was typed drove", "mdi6.message-text-outline"),
    ("deleted", "Bin", "Show deleted episodes", "mdi6.delete-outline"),
)
"""Field of ``FilterChoice``, label, tooltip, icon."""


@dataclass(frozen=True, slots=True)
class FilterOptions:
    """What occurs in the workspace; each pair is a value and its title."""

    scenes: Sequence[tuple[str, str]] = ()
    policies: Sequence[tuple[str, str]] = ()
    operators: Sequence[str] = ()
    tags: Sequence[str] = ()


class EpisodeFilters(QWidget):
    """A row of filters; ``changed`` when other episodes are wanted. Lives on the window's thread.

    A list with nothing to choose from is hidden: a workspace of one person and one scene needs neither list.
    """

    changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._search = QLineEdit()
        self._source, self._scene, self._outcome = _box("Recorded or generated"), _box("Scene"), _box("Outcome")
        self._policy, self._operator = _box("Policy that drove"), _box("Operator")
        self._tag, self._period, self._reason = _box("Tag"), _box("Date"), _box("Reason of a call")
        self._first, self._last = _day("First day"), _day("Last day")
        self._toggles = {name: _toggle(*rest) for name, *rest in _TOGGLES}
        self._count, self._clear = QLabel(), QPushButton("Clear filter")
        self._boxes = (
            self._source, self._scene, self._outcome, self._policy, self._operator, self._tag, self._period,
            self._reason,
        )  # fmt: skip
        self._typing = QTimer(self)
        self._typing.setSingleShot(True)
        self._typing.setInterval(_TYPING_MS)
        self._row = WrappingRow(self)
        self._prepare()
        self._lay_out()
        self._connect()
        self.show_options(FilterOptions())

    # ── choices ──────────────────────────────────────────────────────────────────────────────────────────────────

    @property
    def choice(self) -> FilterChoice:
        """What a person has chosen."""
        period: Period = self._period.currentData()
        ranged = period == "range"
        toggles = {name: button.isChecked() for name, button in self._toggles.items()}
        return FilterChoice(
            text=self._search.text(),
            scene=self._scene.currentData() or "",
            outcome=self._outcome.currentData() or "",
            policy_id=self._policy.currentData() or "",
            operator_name=self._operator.currentData() or "",
            tag=self._tag.currentData() or "",
            period=period,
            first=_date(self._first) if ranged else None,
            last=_date(self._last) if ranged else None,
            reason=self._reason.currentData() or "",
            source=self._source.currentData(),
            **toggles,
        )

    def show_choice(self, choice: FilterChoice) -> None:
        """Show remembered choices, without a signal; what does not occur any more is dropped by ``show_options``."""
        blockers = [QSignalBlocker(each) for each in (*self._boxes, *self._toggles.values(), self._first, self._last)]
        self._search.blockSignals(True)
        self._search.setText(choice.text)
        self._search.blockSignals(False)
        chosen = (
            choice.source, choice.scene, choice.outcome, choice.policy_id, choice.operator_name, choice.tag,
            choice.period, choice.reason,
        )  # fmt: skip
        for box, value in zip(self._boxes, chosen, strict=True):
            # The lists of what occurs are filled when the workspace is read, which comes later.
            if box.findData(value) < 0:
                box.addItem(value, value)
            box.setCurrentIndex(box.findData(value))
        for field, day in ((self._first, choice.first), (self._last, choice.last)):
            if day is not None:
                field.setDate(QDate(day.year, day.month, day.day))
        for name, button in self._toggles.items():
            button.setChecked(getattr(choice, name))
        blockers.clear()
        self._show_days()

    def show_options(self, options: FilterOptions) -> None:
        """Offer what occurs; a choice that does not occur any more becomes *any*."""
        names = [(each, each) for each in options.operators]
        offered = (
            (self._scene, "Any scene", options.scenes, 1),
            (self._policy, "Any policy", options.policies, 1),
            (self._operator, "Any operator", [*names, (NO_NAME, "No name")] if names else [], 0),
            (self._tag, "Any tag", [(each, each) for each in options.tags], 0),
        )
        for box, anything, entries, fewest in offered:
            _fill(box, anything, entries)
            box.setVisible(len(entries) > fewest)

    def show_generated(self, count: int) -> None:
        """Offer the generated episodes, if there are any."""
        self._source.setVisible(count > 0)
        if not count:
            with QSignalBlocker(self._source):
                self._source.setCurrentIndex(0)

    def show_source(self, source: Source) -> None:
        """List recorded episodes, generated ones, or both."""
        self._source.setCurrentIndex(self._source.findData(source))

    def clear(self) -> None:
        """Leave nothing out."""
        self.show_choice(FilterChoice())
        self._emit()

    def search_for(self, text: str) -> None:
        """Search for ``text`` at once."""
        self._search.setText(text)
        self._emit()

    def search(self) -> None:
        """Put the keyboard into the search field."""
        self._search.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self._search.selectAll()

    def show_count(self, shown: int, total: int, selected: int) -> None:
        """Show how many are listed, hidden and selected."""
        choice = self.choice
        self._count.setText(count_text(shown, total, selected, choice))
        self._clear.setVisible(choice.hides)

    def set_compact(self, compact: bool) -> None:
        """Show icons only, or icons with text."""
        for toggle in self._toggles.values():
            toggle.setText("" if compact else toggle.accessibleName())

    def add_tool(self, widget: QWidget) -> None:
        """Add ``widget`` at the end."""
        self._row.addWidget(widget)

    # ── inside ───────────────────────────────────────────────────────────────────────────────────────────────────

    def _prepare(self) -> None:
        self._search.setPlaceholderText("Search episodes")
        self._search.setAccessibleName("Search episodes")
        self._search.setToolTip(
            "Words in scene, policy, operator, device, outcome, date, tags, note, typed commands or id (Ctrl + F)"
        )
        self._search.setClearButtonEnabled(True)
        for box, entries in ((self._outcome, _OUTCOMES), (self._source, _SOURCES), (self._period, _PERIODS)):
            for title, value in entries:
                box.addItem(title, value)
        _fill(self._reason, "Any reason", list(SHORT_NAMES.items()))
        self._reason.setToolTip("Only episodes with a call that had this reason, at your threshold")
        self._operator.setToolTip("Whose episodes: the name or code that was recorded with them")
        self._source.setToolTip("Generated episodes are kept apart from yours; they are never counted among them")
        self._source.hide()
        theme.set_role(self._count, "secondary")
        theme.set_role(self._clear, "control")
        theme.set_icon(self._clear, "mdi6.filter-off-outline", "text", 16)
        self._clear.setToolTip("List every episode again")
        self._clear.hide()
        self._show_days()

    def _lay_out(self) -> None:
        theme.space(self._row, (8, 8, 8, 4), 6)
        self._row.addWidget(self._search, 1)
        *toggles, deleted = self._toggles.values()
        for box in self._boxes:
            theme.bound(box, most_width=_MOST_BOX)
            self._row.addWidget(box)
            if box is self._period:
                self._row.addWidget(self._first)
                self._row.addWidget(self._last)
        for widget in (*toggles, self._count, self._clear, deleted):
            self._row.addWidget(widget)
        theme.bound(self._search, least_width=120)

    def _connect(self) -> None:
        self._search.textChanged.connect(self._typed)
        self._typing.timeout.connect(self._emit)
        self._period.currentIndexChanged.connect(self._show_days)
        for box in self._boxes:
            box.currentIndexChanged.connect(self._emit)
        for field in (self._first, self._last):
            field.dateChanged.connect(self._typed)
        for toggle in self._toggles.values():
            toggle.toggled.connect(self._emit)
        self._clear.clicked.connect(self.clear)

    def _typed(self) -> None:
        self._typing.start()

    def _emit(self) -> None:
        self._typing.stop()  # a change that was still waiting is included in this one
        self.changed.emit()

    def _show_days(self) -> None:
        for field in (self._first, self._last):
            field.setVisible(self._period.currentData() == "range")


def _box(name: str) -> QComboBox:
    box = QComboBox()
    box.setAccessibleName(name)
    return box


def _day(name: str) -> QDateEdit:
    field = QDateEdit(QDate.currentDate())
    field.setCalendarPopup(True)
    field.setDisplayFormat("yyyy-MM-dd")
    field.setAccessibleName(name)
    field.setToolTip(f"{name} of the period, included")
    return field


def _date(field: QDateEdit) -> date:
    day = field.date()
    return date(day.year(), day.month(), day.day())


def _toggle(text: str, tooltip: str, icon: str) -> QPushButton:
    button = QPushButton(text)
    button.setCheckable(True)
    button.setToolTip(tooltip)
    button.setAccessibleName(text)
    theme.set_role(button, "control")
    theme.set_icon(button, icon, "secondary", 16)
    return button


def _fill(box: QComboBox, anything: str, entries: Sequence[tuple[str, str]]) -> None:
    """Fill a list with *any* and these values; the choice stays where it still occurs."""
    wanted = [("", anything), *entries]
    # An open list must not be refilled under the mouse when nothing has changed.
    if [(box.itemData(row), box.itemText(row)) for row in range(box.count())] == wanted:
        return
    chosen = box.currentData()
    with QSignalBlocker(box):
        box.clear()
        for value, title in wanted:
            box.addItem(title, value)
        box.setCurrentIndex(max(box.findData(chosen), 0))
