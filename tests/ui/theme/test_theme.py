import itertools
import re
import xml.etree.ElementTree as ET
from pathlib import Path

import pyqtgraph as pg
import pytest
from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QColor, QFontInfo
from PySide6.QtWidgets import QApplication, QComboBox, QDoubleSpinBox, QLabel, QPushButton, QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

import mile_desktop.ui
from mile_desktop.ui.theme import theme
from mile_desktop.ui.theme.tokens import FOLDER, Tone, UnknownTokenError, load_tokens, stylesheet

TONES = ("dark", "light")
TEXTS = ("text", "secondary", "policy", "takeover", "asking", "hold", "stopped", "success")
GROUNDS = ("ground", "panel", "raised")


def luminance(name: str) -> float:
    colour = QColor(name)
    parts = [colour.redF(), colour.greenF(), colour.blueF()]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("tone", TONES)
def test_text_is_readable_on_every_ground(tone: Tone) -> None:
    tokens = load_tokens(tone)
    for text, ground in itertools.product(TEXTS, GROUNDS):
        assert contrast(tokens.colour(text), tokens.colour(ground)) >= 4.5, (text, ground)
    assert contrast(tokens.colour("text"), tokens.colour("selection")) >= 4.5
    assert contrast(tokens.colour("on_accent"), tokens.colour("policy")) >= 4.5


def test_both_tones_have_the_same_tokens() -> None:
    assert load_tokens("dark").colours.keys() == load_tokens("light").colours.keys()


@pytest.mark.parametrize("tone", TONES)
def test_the_stylesheet_has_no_placeholder_and_no_colour_of_its_own(tone: Tone) -> None:
    tokens = load_tokens(tone)
    filled = stylesheet(tokens, 1.0)
    assert not re.search(r"\{(px|size|icon)?:?[a-z_0-9]+\}", filled)
    assert set(re.findall(r"#[0-9a-fA-F]{6}", filled)) <= set(tokens.colours.values())


@pytest.mark.parametrize("tone", TONES)
def test_drawings_of_the_stylesheet_exist_and_use_the_tokens(tone: Tone) -> None:
    tokens = load_tokens(tone)
    for path in re.findall(r'url\("([^"]+)"\)', stylesheet(tokens, 1.0)):
        strokes = {element.get("stroke") for element in ET.parse(path).iter() if element.get("stroke")}
        assert strokes <= set(tokens.colours.values()), path


def test_lengths_follow_the_scale() -> None:
    assert "min-height: 48px" in stylesheet(load_tokens("dark"), 1.0)
    assert "min-height: 96px" in stylesheet(load_tokens("dark"), 2.0)


def test_unknown_tokens_are_named() -> None:
    with pytest.raises(UnknownTokenError, match="no colour 'purple'"):
        load_tokens("dark").colour("purple")
    with pytest.raises(UnknownTokenError, match="no size 'huge'"):
        load_tokens("dark").size("huge")


def test_apply_changes_what_is_shown(themed: QApplication, qtbot: QtBot) -> None:
    widget, button, spin = QWidget(), QPushButton("Start"), QDoubleSpinBox()
    layout = QVBoxLayout(widget)
    theme.space(layout, (8, 8, 8, 8), 16)
    theme.set_icon(button, "mdi6.play", "policy")
    theme.indent(spin)
    layout.addWidget(button)
    layout.addWidget(spin)
    qtbot.addWidget(widget)
    icon = button.icon().cacheKey()
    with qtbot.waitSignal(theme.signals().changed):
        theme.apply(themed, "light", 2.0)
    assert theme.tone() == "light"
    assert theme.token("ground") == QColor("#f5f7f9")
    assert layout.spacing() == 32
    assert layout.contentsMargins().left() == 16
    assert button.iconSize().width() == 36
    assert button.icon().cacheKey() != icon
    assert spin.lineEdit().textMargins().left() == 16
    assert themed.palette().window().color() == theme.token("ground")


class Restyled(QObject):
    """Counts how often widgets are styled again."""

    def __init__(self) -> None:
        super().__init__()
        self.count = 0

    def eventFilter(self, _: QObject, event: QEvent) -> bool:
        self.count += event.type() is QEvent.Type.StyleChange
        return False


def test_a_window_with_its_own_sheet_is_restyled_once_for_each_widget(themed: QApplication, qtbot: QtBot) -> None:
    window = QWidget()
    qtbot.addWidget(window)
    theme.give_own_sheet(window)
    inner = window
    for _ in range(6):
        QVBoxLayout(inner).addWidget(child := QWidget())
        inner = child
    label = QLabel("62 %")
    QVBoxLayout(inner).addWidget(label)
    theme.set_role(label, "secondary")
    window.show()
    restyled = Restyled()
    themed.installEventFilter(restyled)
    theme.apply(themed, "light", 1.5)
    themed.removeEventFilter(restyled)
    assert 0 < restyled.count <= 2 * (len(window.findChildren(QWidget)) + 1)
    assert label.palette().windowText().color() == theme.token("secondary")
    late = QWidget()
    qtbot.addWidget(late)
    theme.give_own_sheet(late)
    assert late.styleSheet() == stylesheet(load_tokens("light"), 1.5), "also one that is made after the change"


def test_bounds_follow_the_scale(themed: QApplication, qtbot: QtBot) -> None:
    label = QLabel("62 %")
    qtbot.addWidget(label)
    theme.bound(label, width=80, least_height=20)
    assert (label.minimumWidth(), label.maximumWidth(), label.minimumHeight()) == (80, 80, 20)
    theme.apply(themed, "dark", 2.0)
    assert (label.minimumWidth(), label.maximumWidth(), label.minimumHeight()) == (160, 160, 40)


def test_system_mode_follows_the_desktop(themed: QApplication) -> None:
    theme.apply(themed, "system")
    is_light = themed.styleHints().colorScheme() is Qt.ColorScheme.Light
    assert theme.tone() == ("light" if is_light else "dark")


def test_digits_are_equally_wide_in_every_size(themed: QApplication, qtbot: QtBot) -> None:
    for role in ("figure", "secondary", "heading", ""):
        label = QLabel("1")
        qtbot.addWidget(label)
        theme.set_role(label, role)
        label.ensurePolished()
        assert QFontInfo(label.font()).family() == "Inter"
        widths = {label.fontMetrics().horizontalAdvance(digit * 8) for digit in "0123456789"}
        assert len(widths) == 1, role


def test_roles_decide_the_size_of_text(themed: QApplication, qtbot: QtBot) -> None:
    label = QLabel("4 of 5")
    qtbot.addWidget(label)
    label.ensurePolished()
    assert label.font().pixelSize() == 13
    theme.set_role(label, "figure")
    assert label.font().pixelSize() == 18


def test_pens_and_brushes_take_tokens(themed: QApplication) -> None:
    pen = theme.pen("asking", dashed=True, alpha=0.5)
    assert pen.color().name() == "#ffd166"
    assert pen.color().alphaF() == pytest.approx(0.5, abs=0.01)
    assert pen.style() is Qt.PenStyle.DashLine
    assert theme.brush("takeover", style=Qt.BrushStyle.BDiagPattern).style() is Qt.BrushStyle.BDiagPattern


def test_plots_get_quiet_axes(themed: QApplication, qtbot: QtBot) -> None:
    plot = pg.PlotWidget()
    qtbot.addWidget(plot)
    theme.style_plot(plot.getPlotItem())
    assert plot.getAxis("left").textPen().color() == theme.token("secondary")


def test_fonts_come_with_their_licence() -> None:
    assert "SIL Open Font License" in (FOLDER / "fonts" / "LICENSE-Inter.txt").read_text()


def test_every_icon_that_is_asked_for_exists(themed: QApplication) -> None:
    sources = "".join(path.read_text(encoding="utf-8") for path in Path(mile_desktop.ui.__file__).parent.rglob("*.py"))
    names = set(re.findall(r'"(mdi6\.[a-z0-9-]+)"', sources))
    assert len(names) > 10
    for name in names:
        assert not theme.icon(name).isNull(), name


def test_labels_show_names_as_they_are_and_never_as_html(themed: QApplication) -> None:
    label = QLabel("v1 <b>best</b>")
    theme.set_role(label, "secondary")
    assert label.textFormat() is Qt.TextFormat.PlainText
    label.deleteLater()


def test_a_drop_down_list_shows_its_last_entry_whole(themed: QApplication, qtbot: QtBot) -> None:
    box = QComboBox()
    qtbot.addWidget(box)
    box.addItems(["Dark", "Light", "As the system"])
    box.show()
    box.showPopup()
    themed.processEvents()
    shown = box.view()
    assert shown.visualRect(shown.model().index(2, 0)).bottom() <= shown.viewport().height()
    box.hidePopup()
