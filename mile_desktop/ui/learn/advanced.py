"""The settings most people never need, folded away; built from ``learning.settings``, so a new setting appears here."""

from dataclasses import replace
from typing import TypeVar

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QCheckBox, QComboBox, QDoubleSpinBox, QFormLayout, QSpinBox, QWidget

from mile_desktop.learning.method_info import MethodInfo
from mile_desktop.learning.setting_info import SettingInfo
from mile_desktop.learning.settings import EVALUATION_SETTING, SETTINGS
from mile_desktop.ui.learn.model import RetrainRequest
from mile_desktop.ui.theme import theme

Box = TypeVar("Box", QSpinBox, QDoubleSpinBox)
Field = QCheckBox | QComboBox | QSpinBox | QDoubleSpinBox
_FINE_STEP = 0.01  # steps below it need more than two decimals
_MOST_DIGITS = 6


class AdvancedSettings(QWidget):
    """A form over the settings of a training that the window offers, and the number of evaluation episodes."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._request = RetrainRequest()
        defaults = self._request.settings
        self._fields: dict[str, Field] = {
            name: _field(info, getattr(defaults, name)) for name, info in SETTINGS.items() if info.in_window
        }
        # Apart from the others, because it is no setting of the training: it says how the result is compared.
        self._evaluation = _whole(EVALUATION_SETTING)
        form = QFormLayout(self)
        theme.space(form, (0, 0, 0, 0), 6)
        form.setRowWrapPolicy(QFormLayout.RowWrapPolicy.DontWrapRows)
        for name, widget in self._fields.items():
            _add_row(form, SETTINGS[name], widget)
        _add_row(form, EVALUATION_SETTING, self._evaluation)
        self._method: MethodInfo | None = None
        for widget in self._fields.values():
            if isinstance(widget, QComboBox):
                widget.currentIndexChanged.connect(self._enable)
        self.show_request(self._request)

    def show_method(self, method: MethodInfo) -> None:
        """Enable only the settings that ``method`` uses."""
        self._method = method
        self._enable()

    def _enable(self) -> None:
        """Enable what has an effect with the chosen method and the other settings; the tooltip says why not."""
        for name, widget in self._fields.items():
            used, replaced = self._method is None or self._method.uses(name), self._replaced_by(name)
            # Not hidden: the rows would jump when another method is chosen, and a value that was entered would seem
            # lost.
            widget.setEnabled(used and not replaced)
            without = f"\nNo effect while {replaced}" if used and replaced else ""
            widget.setToolTip(SETTINGS[name].tooltip + without)

    def _replaced_by(self, name: str) -> str:
        """Return which choice takes away the effect of setting ``name``; empty: it has one."""
        other, value = SETTINGS[name].unless or ("", "")
        box = self._fields.get(other)
        if not isinstance(box, QComboBox) or box.currentData() != value:
            return ""
        return f"{SETTINGS[other].title} is “{box.currentText()}”"

    def request(self, method: str) -> RetrainRequest:
        """Return what the form asks for, with ``method``; whatever has no field stays as it was given."""
        values = {name: _value(widget) for name, widget in self._fields.items()}
        # From the request that was shown, since a setting without a field must not fall back to its default.
        settings = replace(self._request.settings, method=method, **values)  # type: ignore[arg-type]
        return replace(self._request, settings=settings, evaluation_episodes=self._evaluation.value())

    def show_request(self, request: RetrainRequest) -> None:
        """Show ``request`` in the form."""
        self._request = request
        for name, widget in self._fields.items():
            _show(widget, getattr(request.settings, name))
        self._evaluation.setValue(request.evaluation_episodes)


def _add_row(form: QFormLayout, info: SettingInfo, widget: Field) -> None:
    widget.setAccessibleName(info.title)
    widget.setToolTip(info.tooltip)
    form.addRow(info.title, widget)


def _field(info: SettingInfo, default: object) -> Field:
    """Return the field for a setting: a tick box, a menu for words, else a number field of the type of ``default``."""
    if isinstance(default, bool):
        return QCheckBox()
    if info.choices:
        return _menu(info)
    return _whole(info) if isinstance(default, int) else _real(info)


def _menu(info: SettingInfo) -> QComboBox:
    box = QComboBox()
    for value, text in info.choices:
        box.addItem(text, value)
    # Otherwise its longest choice would set the width of the whole panel.
    box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
    box.setMinimumContentsLength(8)
    return box


def _whole(info: SettingInfo) -> QSpinBox:
    box = QSpinBox()
    box.setRange(int(info.low or 0), int(info.high or 0))
    box.setSpecialValueText(info.zero_text)
    return _styled(box)


def _real(info: SettingInfo) -> QDoubleSpinBox:
    low, high = info.low or 0.0, info.high or 0.0
    box = QDoubleSpinBox()
    digits = 2 if info.step >= _FINE_STEP else _MOST_DIGITS
    box.setDecimals(digits)
    # A range that begins just above zero must not be rounded to zero, which the setting would refuse.
    box.setRange(max(low, 10.0**-digits) if low > 0 else low, high)
    box.setSingleStep(info.step)
    return _styled(box)


def _styled(box: Box) -> Box:
    box.setAlignment(Qt.AlignmentFlag.AlignRight)
    theme.bound(box, least_width=88)
    return box


def _value(widget: Field) -> str | int | float:
    if isinstance(widget, QCheckBox):
        return widget.isChecked()
    if isinstance(widget, QComboBox):
        return str(widget.currentData())
    if isinstance(widget, QSpinBox):
        return widget.value()
    # The field computes with binary fractions; without rounding 0.3 would be sent as 0.30000000000000004.
    return round(widget.value(), _MOST_DIGITS)


def _show(widget: Field, value: str | float) -> None:
    if isinstance(widget, QCheckBox):
        widget.setChecked(bool(value))
    elif isinstance(widget, QComboBox):
        # A value that is not offered shows the first choice instead of an empty field.
        widget.setCurrentIndex(max(0, widget.findData(value)))
    elif isinstance(widget, QSpinBox):
        widget.setValue(int(value))
    else:
        widget.setValue(float(value))
