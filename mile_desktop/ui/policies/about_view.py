"""Facts on one policy: its origin, its training data, its success."""

from collections.abc import Mapping
from typing import get_args

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFormLayout, QLabel, QPushButton, QSizePolicy, QVBoxLayout, QWidget

from mile_desktop.storage.records import InterventionModelRecord, Outcome
from mile_desktop.ui.plots.loss_curves import LossCurves
from mile_desktop.ui.plots.series_model import Curve
from mile_desktop.ui.policies.model import PolicyDetails, setting_rows
from mile_desktop.ui.policies.settings_table import SettingsTable
from mile_desktop.ui.theme import theme
from mile_desktop.ui.widgets.dates import local_time
from mile_desktop.ui.widgets.page_frame import ColumnScroll
from mile_desktop.ui.widgets.policy_results import rate_text

_CURVE_HEIGHT = 170


class AboutPolicy(QWidget):
    """Shows ``PolicyDetails``; links request by signals. Window's thread only."""

    episodes_requested = Signal(str)
    """Id of the policy whose training episodes to show."""
    evaluations_requested = Signal(str)
    """Id of the policy whose evaluations to show."""
    parent_requested = Signal(str)
    """Id of the parent to show."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._details: PolicyDetails | None = None
        self._title = QLabel()
        theme.set_role(self._title, "heading")
        self._parent, self._episodes, self._evaluations = _link(), _link(), _link()
        self._created, self._learned, self._model = _text(), _text(), _text()
        self._success, self._recorded, self._promoted = _text(), _text(), _text()
        self._facts = QFormLayout()
        self._settings = SettingsTable(1)
        self._curves = LossCurves(_CURVE_HEIGHT, "Training log not available.")
        self._lay_out()
        self._parent.clicked.connect(self._request_parent)
        self._episodes.clicked.connect(self._request_episodes)
        self._evaluations.clicked.connect(self._request_evaluations)

    def show_policy(self, details: PolicyDetails, curves: dict[str, Curve]) -> None:
        """Show a policy and the curves of its training."""
        self._details = details
        entry, record = details.entry, details.record
        self._title.setText(f"{entry.name} · {entry.method}")
        self._title.setToolTip(record.policy_id)
        self._parent.setText(entry.parent_name or "none in this workspace")
        self._parent.setEnabled(bool(entry.parent_name))
        self._created.setText(local_time(record.created_at) + (f"\n{record.note}" if record.note else ""))
        self._learned.setText(learned_text(details))
        self._episodes.setText("Show them in Inspect")
        # The episodes may be on another machine; a link that finds nothing would look like an error.
        self._facts.setRowVisible(self._episodes, details.learned_from.episodes > 0)
        self._model.setText("\n".join(model_text(model) for model in details.models) or "none of its own")
        tally = details.results.tally
        self._success.setText(f"{rate_text(tally)} on {tally.episodes} episodes" if tally.episodes else "not evaluated")
        # With takeovers, so that they are no measure of the policy alone. For a robot they are all there is.
        self._recorded.setText(recorded_text(details.recorded))
        self._facts.setRowVisible(self._recorded, bool(details.recorded))
        count = len(details.evaluations)
        self._evaluations.setText("1 evaluation" if count == 1 else f"{count} evaluations")
        self._facts.setRowVisible(self._evaluations, count > 0)
        # The last three: a policy that was promoted again and again must not fill the panel.
        self._promoted.setText("\n".join(local_time(each) for each in details.promoted_at[-3:]) or "never")
        self._settings.show_settings(setting_rows(record), entry.name)
        self._settings.setVisible(bool(record.settings))
        self._curves.show_curves([(entry.name, curves)])

    def _lay_out(self) -> None:
        facts = self._facts
        theme.space(facts, spacing=8)
        # In a narrow panel a long value goes below its name.
        facts.setRowWrapPolicy(QFormLayout.RowWrapPolicy.WrapLongRows)
        facts.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.ExpandingFieldsGrow)
        rows: tuple[tuple[str, QWidget], ...] = (
            ("Comes from", self._parent),
            ("Created", self._created),
            ("Learned from", self._learned),
            ("", self._episodes),
            ("Intervention model", self._model),
            ("Success", self._success),
            ("", self._evaluations),
            ("While supervised", self._recorded),
            ("Promoted", self._promoted),
        )
        for name, widget in rows:
            caption = QLabel(name)
            theme.set_role(caption, "quiet")
            facts.addRow(caption, widget)
        content = QWidget()
        column = QVBoxLayout(content)
        theme.space(column, (12, 12, 12, 12), 12)
        column.addWidget(self._title)
        column.addLayout(facts)
        column.addWidget(self._curves)
        column.addWidget(self._settings)
        column.addStretch(1)
        outer = QVBoxLayout(self)
        theme.space(outer)
        outer.addWidget(ColumnScroll(content, "About the policy"))

    def _request_parent(self) -> None:
        if self._details is not None and self._details.record.parent_id:
            self.parent_requested.emit(self._details.record.parent_id)

    def _request_episodes(self) -> None:
        if self._details is not None:
            self.episodes_requested.emit(self._details.record.policy_id)

    def _request_evaluations(self) -> None:
        if self._details is not None:
            self.evaluations_requested.emit(self._details.record.policy_id)


def learned_text(details: PolicyDetails) -> str:
    """Return ``14 episodes, 2812 steps, 31 takeovers``, and how many episodes are not in this workspace."""
    learned, total = details.learned_from, len(details.record.episode_ids)
    if not total:
        return "nothing recorded in this workspace"
    text = f"{learned.episodes} episodes, {learned.steps} steps, {learned.takeovers} takeovers"
    missing = total - learned.episodes
    return f"{text}; {missing} more are not in this workspace" if missing else text


def recorded_text(recorded: Mapping[str, int]) -> str:
    """Return ``9 success, 3 partial success, 2 failure``: the outcomes of recorded episodes, takeovers included."""
    outcomes = [each for each in get_args(Outcome) if recorded.get(each)]
    return ", ".join(f"{recorded[each]} {each}" for each in outcomes)


def model_text(model: InterventionModelRecord) -> str:
    """Return ``cost 0.42, σ 0.31, from 31 takeovers``."""
    basis = f"from {model.takeovers} takeovers" if model.takeovers else "as bundled"
    return f"cost {model.cost:.2f}, σ {model.cdf_scale:.2f}, {basis}, {local_time(model.created_at)}"


def _text() -> QLabel:
    label = QLabel()
    label.setTextFormat(Qt.TextFormat.PlainText)  # names and notes are a person's
    label.setWordWrap(True)
    label.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
    return label


def _link() -> QPushButton:
    button = QPushButton()
    button.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
    theme.set_role(button, "inline")
    return button
