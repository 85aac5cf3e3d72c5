from PySide6.QtWidgets import QAbstractButton, QApplication, QLineEdit
from pytestqt.qtbot import QtBot

from mile_desktop.ui.inspect.editing.bar import EditBar


def test_without_an_episode_nothing_looks_as_if_it_could_be_edited(themed: QApplication, qtbot: QtBot) -> None:
    bar = EditBar()
    qtbot.addWidget(bar)
    ready = [each.text() for each in bar.findChildren(QAbstractButton) if each.isEnabled()]
    assert ready == ["Cancel"], "hidden while no batch runs"
    assert not any(each.isEnabled() for each in bar.findChildren(QLineEdit))
    bar.show_selection(1, has_shown=True, deleted=False)
    assert any(each.isEnabled() for each in bar.findChildren(QAbstractButton) if each.accessibleName() == "Delete")
