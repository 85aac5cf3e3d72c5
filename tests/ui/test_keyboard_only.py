"""Whatever can be used with the mouse can be reached by Tab, and has a name that can be read out."""

from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractScrollArea,
    QAbstractSlider,
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QLabel,
    QLineEdit,
    QScrollBar,
    QTabBar,
    QWidget,
)
from pytestqt.qtbot import QtBot

from mile_desktop.ui.devices.page import DevicesPage
from mile_desktop.ui.evaluate.page import EvaluatePage
from mile_desktop.ui.inspect.page import InspectPage
from mile_desktop.ui.learn.page import LearnPanel
from mile_desktop.ui.policies.page import PoliciesPage
from mile_desktop.ui.settings.page import SettingsPage
from mile_desktop.ui.shell.preferences import PreferenceStore
from mile_desktop.ui.supervise.page import SupervisePage
from mile_desktop.ui.viewport.frame_canvas import FrameCanvas
from mile_desktop.ui.widgets.splitter import Handle, Splitter
from tests.ui.window_examples import DETAILS

CONTROLS = (
    QAbstractButton, QAbstractSlider, QAbstractSpinBox, QAbstractScrollArea, QComboBox, QLineEdit, QTabBar, FrameCanvas,
)  # fmt: skip
Make = Callable[[PreferenceStore, Path], QWidget]


def policies(_: PreferenceStore, __: Path) -> QWidget:
    page = PoliciesPage()
    page.show_policies(DETAILS, "p3", "p2")
    page.show_selected({})
    return page


PAGES: dict[str, Make] = {
    "supervise": lambda _, __: SupervisePage(),
    "learn": lambda _, __: LearnPanel(),
    "inspect": lambda _, __: InspectPage(lambda _ids: {}),
    "policies": policies,
    "evaluate": lambda _, __: EvaluatePage(),
    "devices": lambda _, folder: DevicesPage(folder),
    "settings": lambda store, _: SettingsPage(store),
}


def name_of(widget: QWidget) -> str:
    text = widget.text() if isinstance(widget, QAbstractButton) else ""
    text += widget.tabText(0) if isinstance(widget, QTabBar) else ""
    labels = [each.text() for each in widget.window().findChildren(QLabel) if each.buddy() is widget]
    return widget.accessibleName() or text or "".join(labels)


def is_part(widget: QWidget) -> bool:
    """Whether it belongs to a control that is reached as a whole, or cannot be used at all."""
    whole = widget.parentWidget()
    inside = isinstance(whole, QAbstractSpinBox | QComboBox | QLineEdit | QAbstractScrollArea | QTabBar)
    passed_by = widget.testAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
    return isinstance(widget, QScrollBar) or inside or passed_by or widget.focusProxy() is not None


def is_reached(widget: QWidget) -> bool:
    one_of_a_row = isinstance(widget, QAbstractButton) and widget.group() is not None  # arrows go along the row
    return bool(widget.focusPolicy() & Qt.FocusPolicy.TabFocus) or one_of_a_row


@pytest.mark.parametrize("name", PAGES)
def test_everything_is_reached_by_tab_and_has_a_name(
    name: str, store: PreferenceStore, qtbot: QtBot, tmp_path: Path
) -> None:
    page = PAGES[name](store, tmp_path)
    qtbot.addWidget(page)
    page.resize(1400, 900)
    page.show()
    usable = [each for each in page.findChildren(QWidget) if each.isVisible() and each.isEnabled()]
    controls = [each for each in usable if isinstance(each, CONTROLS) and not is_part(each)]
    assert controls or name == "devices"  # there is no gamepad
    assert [name_of(each) for each in controls if not is_reached(each)] == []
    assert [each for each in controls if not name_of(each)] == []


def test_a_divider_is_moved_by_arrow_keys(themed: QApplication, qtbot: QtBot) -> None:
    splitter = Splitter(Qt.Orientation.Horizontal)
    qtbot.addWidget(splitter)
    for _ in range(2):
        splitter.addWidget(QWidget())
    splitter.resize(400, 100)
    splitter.show()
    before = splitter.sizes()[0]
    handle = splitter.handle(1)
    assert isinstance(handle, Handle)
    qtbot.keyClick(handle, Qt.Key.Key_Right)
    assert splitter.sizes()[0] > before
    qtbot.keyClick(handle, Qt.Key.Key_Left)
    assert splitter.sizes()[0] == before
