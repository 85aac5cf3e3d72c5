"""The panel on the left: scene, policies, episodes, and the progress of an evaluation."""

from collections.abc import Sequence

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
from mile_desktop.ui.evaluate.model import EvaluationOrder, PolicyOption
from mile_desktop.ui.theme import theme
from mile_desktop.ui.widgets.page_frame import Panel

_EPISODES, _MOST_EPISODES = 50, 5000
_ID_ROLE = Qt.ItemDataRole.UserRole


class SetupPanel(Panel):
    """Collects an ``EvaluationOrder``, and requests it by a signal; window's thread only."""

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
        self._episodes = _spin(_EPISODES, 1, _MOST_EPISODES, 10)
        # The seed of the last episode, too, must fit into 31 bits.
        self._seed = _spin(FIRST_EVALUATION_SEED, 0, 2**31 - _MOST_EPISODES - 1, _EPISODES)
        self._workers = _spin(min(default_workers(), processors()), 1, max(1, processors()), 1)
        self._reuse = QCheckBox("Reuse earlier results")
        self._run = QPushButton("Evaluate")
        self._cancel = QPushButton("Cancel")
        self._bar = QProgressBar()
        self._progress = QLabel()
        self._running = False
        self._blocked = ""
        self._set_up()
        self._lay_out()
        self._connect()
        self._refresh()

    # ── content ──────────────────────────────────────────────────────────────────────────────────────────────────

    def show_scenes(self, infos: Sequence[SceneInfo], current: str) -> None:
        """Fill the list of scenes and choose ``current``, without a signal."""
        self._scene.blockSignals(True)
        self._scene.clear()
        for info in infos:
            self._scene.addItem(info.title, info.name)
        self._scene.setCurrentIndex(max(0, self._scene.findData(current)))
        self._scene.blockSignals(False)

    def show_policies(self, options: Sequence[PolicyOption], suggested: Sequence[str]) -> None:
        """Fill the list of policies; ticked ones stay ticked, and if none is left, ``suggested`` are ticked."""
        # A policy that was just trained comes into the list while others are ticked.
        ticked = set(self.ticked) & {option.policy_id for option in options} or set(suggested)
        # Each added entry emits itemChanged, so signals are blocked until the list is complete.
        self._policies.blockSignals(True)
        self._policies.clear()
        for option in options:
            item = QListWidgetItem(option.label, self._policies)
            item.setData(_ID_ROLE, option.policy_id)
            item.setFlags(item.flags() | Qt.ItemFlag.ItemIsUserCheckable)
            item.setCheckState(Qt.CheckState.Checked if option.policy_id in ticked else Qt.CheckState.Unchecked)
            item.setToolTip(option.policy_id)
        self._policies.blockSignals(False)
        self._refresh()

    def block(self, reason: str) -> None:
        """Show why nothing can be evaluated; empty: it can."""
        self._blocked = reason
        self._refresh()

    def show_running(self, *, running: bool) -> None:
        """Show whether an evaluation runs."""
        self._running = running
        self._refresh()

    def show_progress(self, done: int, planned: int, text: str) -> None:
        """Show the progress of the evaluation."""
        self._bar.setMaximum(max(1, planned))
        self._bar.setValue(done)
        self._bar.setAccessibleDescription(text)
        self._progress.setText(text)

    @property
    def is_running(self) -> bool:
        """Whether the panel shows a running evaluation."""
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
        """The order as the panel shows it now."""
        return EvaluationOrder(
            scene=self.scene,
            policies=self.ticked,
            episodes=self._episodes.value(),
            first_seed=self._seed.value(),
            workers=self._workers.value(),
            reuse_results=self._reuse.isChecked(),
        )

    def tick(self, policies: Sequence[str], episodes: int = 0) -> None:
        """Tick exactly these policies, and set the number of episodes unless it is 0."""
        for item in self._items():
            wanted = item.data(_ID_ROLE) in policies
            item.setCheckState(Qt.CheckState.Checked if wanted else Qt.CheckState.Unchecked)
        if episodes:
            self._episodes.setValue(episodes)

    def tick_all(self, episodes: int) -> None:
        """Tick every policy, and set the number of episodes."""
        self.tick([item.data(_ID_ROLE) for item in self._items()], episodes)

    def run_or_cancel(self) -> None:
        """Press the button that is enabled: Evaluate or Cancel."""
        if self._running:
            self.cancel_requested.emit()
        elif self._run.isEnabled():
            self.run_requested.emit(self.order)

    def _items(self) -> list[QListWidgetItem]:
        return [self._policies.item(row) for row in range(self._policies.count())]

    # ── inside ───────────────────────────────────────────────────────────────────────────────────────────────────

    def _set_up(self) -> None:
        self._reuse.setChecked(True)
        self._reuse.setToolTip(
            "A policy acts the same from the same seed, so earlier results are still valid. Untick this after a change "
            "of the scene itself."
        )
        self._seed.setToolTip(
            "Seed of the first episode. Seeds from 1 000 000 on are reserved for evaluation and never used in training."
        )
        self._workers.setToolTip(
            "Processes that run episodes in parallel at low priority. Leave one processor for supervision and training."
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
        form.addRow("Episodes", self._episodes)
        form.addRow("First seed", self._seed)
        form.addRow("Workers", self._workers)
        buttons = QHBoxLayout()
        theme.space(buttons, spacing=8)
        buttons.addWidget(self._run, 1)
        buttons.addWidget(self._cancel)
        self.body.addWidget(self._scene)
        self.body.addWidget(self._policies, 1)
        self.body.addLayout(form)
        self.body.addWidget(self._reuse)
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
        can_run = bool(self.ticked) and not self._running and not self._blocked
        self._run.setEnabled(can_run)
        self._cancel.setEnabled(self._running)
        for widget in (self._scene, self._policies, self._episodes, self._seed, self._workers, self._reuse):
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
