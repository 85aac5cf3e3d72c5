"""The settings most people never need, folded away."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QComboBox, QDoubleSpinBox, QFormLayout, QSpinBox, QWidget

from mile_desktop.ui.learn.model import MENTAL_MODELS, SCHEDULES, Settings, unused_settings
from mile_desktop.ui.theme import theme
from mile_desktop.ui.widgets.setting_words import words_of


class AdvancedSettings(QWidget):
    """A form over ``Settings`` without the method."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._mental_model = QComboBox()
        for name, title in MENTAL_MODELS:
            self._mental_model.addItem(title, name)
        self._epochs = _whole(1, 100_000)
        self._batch = _whole(2, 1_000_000)
        self._balance = _real(0.0, 1.0, 0.05, 2)
        self._rate = _real(1e-6, 1.0, 1e-4, 6)
        self._anchors = _real(0.0, 0.95, 0.05, 2)
        self._silence = _real(0.0, 1.0, 0.05, 2)
        self._follow_through = _whole(0, 10_000)
        self._warm_up = _real(0.0, 1.0, 0.05, 2)
        self._schedule = QComboBox()
        for name, title in SCHEDULES:
            self._schedule.addItem(title, name)
        self._gradient = _real(1e-6, 1e9, 1.0, 2)
        self._held_out = _real(0.0, 0.5, 0.05, 2)
        self._tripwire = _real(1.0, 1e6, 0.1, 2)
        self._ensemble = _whole(1, 256)
        self._fit_epochs = _whole(1, 100_000)
        self._seed = _whole(0, 2**31 - 1)
        self._evaluation = _whole(0, 1000)
        self._fields: dict[str, QWidget] = {
            "mental_model": self._mental_model,
            "epochs": self._epochs,
            "batch": self._batch,
            "balance": self._balance,
            "learning_rate": self._rate,
            "anchor_share": self._anchors,
            "silence": self._silence,
            "follow_through": self._follow_through,
            "warm_up": self._warm_up,
            "schedule": self._schedule,
            "gradient_limit": self._gradient,
            "held_out": self._held_out,
            "tripwire": self._tripwire,
            "ensemble": self._ensemble,
            "fit_epochs": self._fit_epochs,
            "seed": self._seed,
            "evaluation_episodes": self._evaluation,
        }
        self._lay_out()
        self.set_settings(Settings())

    def _lay_out(self) -> None:
        form = QFormLayout(self)
        theme.space(form, (0, 0, 0, 0), 6)
        form.setRowWrapPolicy(QFormLayout.RowWrapPolicy.DontWrapRows)
        for box in (self._mental_model, self._schedule):
            box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
            box.setMinimumContentsLength(8)
        for name, widget in self._fields.items():
            words = words_of(name)
            widget.setAccessibleName(words.title)
            widget.setToolTip(words.meaning)
            form.addRow(words.title, widget)

    def show_method(self, method: str) -> None:
        """Let only what ``method`` uses be set."""
        unused = unused_settings(method)
        for name, widget in self._fields.items():
            widget.setEnabled(name not in unused)

    def settings(self, method: str) -> Settings:
        """Return what is set, for ``method``."""
        return Settings(
            method=method,
            mental_model=str(self._mental_model.currentData()),
            epochs=self._epochs.value(),
            batch=self._batch.value(),
            balance=round(self._balance.value(), 6),
            learning_rate=self._rate.value(),
            anchor_share=round(self._anchors.value(), 6),
            silence=round(self._silence.value(), 6),
            follow_through=self._follow_through.value(),
            warm_up=round(self._warm_up.value(), 6),
            schedule=str(self._schedule.currentData()),
            gradient_limit=self._gradient.value(),
            held_out=round(self._held_out.value(), 6),
            tripwire=round(self._tripwire.value(), 6),
            ensemble=self._ensemble.value(),
            fit_epochs=self._fit_epochs.value(),
            seed=self._seed.value(),
            evaluation_episodes=self._evaluation.value(),
        )

    def set_settings(self, settings: Settings) -> None:
        """Show ``settings``."""
        self._mental_model.setCurrentIndex(max(0, self._mental_model.findData(settings.mental_model)))
        self._epochs.setValue(settings.epochs)
        self._batch.setValue(settings.batch)
        self._balance.setValue(settings.balance)
        self._rate.setValue(settings.learning_rate)
        self._anchors.setValue(settings.anchor_share)
        self._silence.setValue(settings.silence)
        self._follow_through.setValue(settings.follow_through)
        self._warm_up.setValue(settings.warm_up)
        self._schedule.setCurrentIndex(max(0, self._schedule.findData(settings.schedule)))
        self._gradient.setValue(settings.gradient_limit)
        self._held_out.setValue(settings.held_out)
        self._tripwire.setValue(settings.tripwire)
        self._ensemble.setValue(settings.ensemble)
        self._fit_epochs.setValue(settings.fit_epochs)
        self._seed.setValue(settings.seed)
        self._evaluation.setValue(settings.evaluation_episodes)


def _whole(low: int, high: int) -> QSpinBox:
    box = QSpinBox()
    box.setRange(low, high)
    box.setAlignment(Qt.AlignmentFlag.AlignRight)
    theme.bound(box, least_width=88)
    return box


def _real(low: float, high: float, step: float, digits: int) -> QDoubleSpinBox:
    box = QDoubleSpinBox()
    box.setDecimals(digits)
    box.setRange(low, high)
    box.setSingleStep(step)
    box.setAlignment(Qt.AlignmentFlag.AlignRight)
    theme.bound(box, least_width=88)
    return box
