import pytest
from PySide6.QtCore import QSize
from PySide6.QtGui import QIcon
from PySide6.QtWidgets import QApplication, QPushButton, QToolButton, QWidget
from pytestqt.qtbot import QtBot

from mile_desktop.ui.theme import theme


@pytest.mark.parametrize("kind", [QToolButton, QPushButton])
@pytest.mark.parametrize("size", [(0, 0), (0, 20), (20, 0)])
def test_a_button_without_room_draws_no_icon_and_prints_no_warning(
    qtbot: QtBot, themed: QApplication, kind: type[QToolButton | QPushButton], size: tuple[int, int]
) -> None:
    window = QWidget()
    qtbot.addWidget(window)
    button = kind(window)
    theme.set_icon(button, "mdi6.play")
    button.setGeometry(0, 0, *size)
    window.grab()  # a warning that Qt prints here fails every test, see qt_log_level_fail
    assert theme.icon("mdi6.play").pixmap(QSize(*size)).isNull()


def test_an_icon_is_drawn_in_the_colours_of_its_modes(themed: QApplication) -> None:
    icon = theme.icon("mdi6.play", "stopped", 24)
    for mode, colour in ((QIcon.Mode.Normal, "stopped"), (QIcon.Mode.Disabled, "disabled")):
        picture = icon.pixmap(QSize(24, 24), mode).toImage()
        assert picture.size() == QSize(24, 24)
        assert theme.token(colour).rgb() in {picture.pixelColor(x, 12).rgb() for x in range(24)}


def test_the_same_icon_again_changes_nothing_and_a_new_theme_does(qtbot: QtBot, themed: QApplication) -> None:
    button = QToolButton()
    qtbot.addWidget(button)
    theme.set_icon(button, "mdi6.play")
    before = button.icon().cacheKey()
    theme.set_icon(button, "mdi6.play")
    assert button.icon().cacheKey() == before
    theme.apply(themed, "light")
    assert button.icon().cacheKey() != before
