"""What to evaluate: scene, policies, starts; and how far it is."""

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QProgressBar,
    QPushButton,
    QSpinBox,
    QWidget,
)

from mile_desktop.evaluation.evaluate import FIRST_EVALUATION_SEED
from mile_desktop.evaluation.pool import default_workers, processors
from mile_desktop.scenes.catalogue import SceneInfo
from mile_desktop.ui.theme import theme
from mile_desktop.ui.widgets.page_frame import Panel

_STARTS, _MOST_STARTS = 50, 5000
_ID_ROLE = Qt.ItemDataRole.UserRole


@dataclass(frozen=True, slots=True)
class Choice:
    """A policy that can be evaluated."""

    policy_id: str
    label: str
    """``v3 · MILE · 78 % [64–88]``."""


@dataclass(frozen=True, slots=True)
class EvaluationOrder:
    """What the person asks for."""

    scene: str
    policies: tuple[str, ...]
    """Ids, in the order in which they are shown."""
    starts: int
    first_seed: int
    workers: int
    use_known: bool
    """Whether results that are known already are taken instead of made again."""

    @property
    def seeds(self) -> tuple[int, ...]:
        """The starts."""
        return tuple(range(self.first_seed, self.first_seed + self.starts))


class SetupPanel(Panel):
    """Choices on the left of the page; asks by signals, starts nothing itself."""

    scene_chosen = Signal(str)
    run_requested = Signal(object)
    """An ``EvaluationOrder``."""
    cancel_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("What to evaluate", parent)
        self._scene = QComboBox()
        self._scene.setAccessibleName("Scene")
        self._policies = QListWidget()
        self._policies.setAccessibleName("Policies to evaluate")
        self._starts = _spin(_STARTS, 1, _MOST_STARTS, 10)
        self._seed = _spin(FIRST_EVALUATION_SEED, 0, 2**31 - _MOST_STARTS - 1, _STARTS)
        self._workers = _spin(min(default_workers(), processors()), 1, max(1, processors()), 1)
        self._known = QCheckBox("Use what is known already")
        self._run = QPushButton("Evaluate")
        self._cancel = QPushButton("Cancel")
        self._bar = QProgressBar()
        self._progress = QLabel()
        self._running = False
        self._blocked = ""
        self._dress()
        self._lay_out()
        self._connect()
        self._refresh()

    # ── what it shows ────────────────────────────────────────────────────────────────────────────────────────────

    def show_scenes(self, infos: Sequence[SceneInfo], current: str) -> None:
        """Offer scenes; ``current`` is chosen, nothing is emitted."""
        self._scene.blockSignals(True)
        self._scene.clear()
        for info in infos:
            self._scene.addItem(info.title, info.name)
        self._scene.setCurrentIndex(max(0, self._scene.findData(current)))
        self._scene.blockSignals(False)

    def show_policies(self, choices: Sequence[Choice], suggested: Sequence[str]) -> None:
        """Offer policies; what was ticked stays ticked, else ``suggested`` is."""
        ticked = set(self.ticked) & {choice.policy_id for choice in choices} or set(suggested)
        self._policies.blockSignals(True)
        self._policies.clear()
        for choice in choices:
            item = QListWidgetItem(choice.label, self._policies)
            item.setData(_ID_ROLE, choice.policy_id)
            item.setFlags(item.flags() | Qt.ItemFlag.ItemIsUserCheckable)
            item.setCheckState(Qt.CheckState.Checked if choice.policy_id in ticked else Qt.CheckState.Unchecked)
            item.setToolTip(choice.policy_id)
        self._policies.blockSignals(False)
        self._refresh()

    def block(self, reason: str) -> None:
        """Say why nothing can be evaluated here; empty: it can."""
        self._blocked = reason
        self._refresh()

    def show_running(self, *, running: bool) -> None:
        """Show whether an evaluation is at work."""
        self._running = running
        self._refresh()

    def show_progress(self, done: int, planned: int, text: str) -> None:
        """Show how far it is."""
        self._bar.setMaximum(max(1, planned))
        self._bar.setValue(done)
        self._bar.setAccessibleDescription(text)
        self._progress.setText(text)

    @property
    def is_running(self) -> bool:
        """Whether an evaluation is shown to be at work."""
        return self._running

    @property
    def scene(self) -> str:
        """Name of the chosen scene."""
        return str(self._scene.currentData() or "")

    @property
    def ticked(self) -> tuple[str, ...]:
        """Ids of the ticked policies, from the top."""
        return tuple(item.data(_ID_ROLE) for item in self._items() if item.checkState() is Qt.CheckState.Checked)

    @property
    def order(self) -> EvaluationOrder:
        """What is asked for as it stands."""
        return EvaluationOrder(
            scene=self.scene,
            policies=self.ticked,
            starts=self._starts.value(),
            first_seed=self._seed.value(),
            workers=self._workers.value(),
            use_known=self._known.isChecked(),
        )

    def tick(self, policies: Sequence[str], starts: int = 0) -> None:
        """Tick exactly these policies (and set the number of starts, unless it is 0)."""
        for item in self._items():
            wanted = item.data(_ID_ROLE) in policies
            item.setCheckState(Qt.CheckState.Checked if wanted else Qt.CheckState.Unchecked)
        if starts:
            self._starts.setValue(starts)

    def tick_all(self, starts: int) -> None:
        """Tick every policy, and set the number of starts."""
        self.tick([item.data(_ID_ROLE) for item in self._items()], starts)

    def run_or_cancel(self) -> None:
        """Do what the button does that can be pressed now."""
        if self._running:
            self.cancel_requested.emit()
        elif self._run.isEnabled():
            self.run_requested.emit(self.order)

    def _items(self) -> list[QListWidgetItem]:
        return [self._policies.item(row) for row in range(self._policies.count())]

    # ── inside ───────────────────────────────────────────────────────────────────────────────────────────────────

    def _dress(self) -> None:
        self._known.setChecked(True)
        self._known.setToolTip(
            "The same policy does the same from the same start, so earlier results count. Untick it when the scene "
            "itself was changed."
        )
        self._seed.setToolTip(
            "The first start; those from 1 000 000 on are kept for evaluation and never learned from."
        )
        self._workers.setToolTip(
            "Processes that roll out side by side. They step back for supervision and training; leave one processor."
        )
        self._bar.setTextVisible(False)
        theme.set_role(self._progress, "secondary")
        self._progress.setWordWrap(True)
        theme.set_role(self._run, "primary")
        theme.set_icon(self._run, "mdi6.play", "on_accent")
        theme.set_icon(self._cancel, "mdi6.close", "text")

    def _lay_out(self) -> None:
        form = QFormLayout()
        theme.space(form, spacing=8)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        form.addRow("Starts", self._starts)
        form.addRow("From seed", self._seed)
        form.addRow("Workers", self._workers)
        buttons = QHBoxLayout()
        theme.space(buttons, spacing=8)
        buttons.addWidget(self._run, 1)
        buttons.addWidget(self._cancel)
        self.body.addWidget(self._scene)
        self.body.addWidget(self._policies, 1)
        self.body.addLayout(form)
        self.body.addWidget(self._known)
        self.body.addWidget(self._bar)
        self.body.addWidget(self._progress)
        self.body.addLayout(buttons)

    def _connect(self) -> None:
        self._scene.currentIndexChanged.connect(self._scene_changed)
        self._policies.itemChanged.connect(self._refresh)
        self._policies.itemActivated.connect(_toggle)
        self._run.clicked.connect(self.run_or_cancel)
        self._cancel.clicked.connect(self.cancel_requested)

    def _scene_changed(self) -> None:
        self.scene_chosen.emit(self.scene)

    def _refresh(self) -> None:
        may = bool(self.ticked) and not self._running and not self._blocked
        self._run.setEnabled(may)
        self._cancel.setEnabled(self._running)
        for widget in (self._scene, self._policies, self._starts, self._seed, self._workers, self._known):
            widget.setEnabled(not self._running)
        self._bar.setVisible(self._running)
        if self._blocked:
            self._progress.setText(self._blocked)
        elif not self._running:
            self._progress.setText("" if self.ticked else "Tick the policies to evaluate.")


def _spin(value: int, low: int, high: int, step: int) -> QSpinBox:
    spin = QSpinBox()
    spin.setRange(low, high)
    spin.setSingleStep(step)
    spin.setValue(value)
    spin.setGroupSeparatorShown(False)
    theme.indent(spin)
    return spin


def _toggle(item: QListWidgetItem) -> None:
    ticked = item.checkState() is Qt.CheckState.Checked
    item.setCheckState(Qt.CheckState.Unchecked if ticked else Qt.CheckState.Checked)
