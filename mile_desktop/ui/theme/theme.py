"""The theme of the window: every colour, size, font and icon of a widget comes from here.

``apply`` is called at the start and whenever a person changes theme or scale; it restyles all existing widgets.
Widgets that paint themselves (plots, gauges) read ``token``, ``pen`` and ``px`` when they paint, and connect to
``signals().changed`` to paint again. Everything runs on the window's thread.
"""

from functools import cache
from typing import Literal

import pyqtgraph as pg
import qtawesome
from PySide6.QtCore import QObject, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QBrush, QColor, QFont, QFontDatabase, QGuiApplication, QIcon, QPainter, QPalette, QPen
from PySide6.QtWidgets import QAbstractButton, QAbstractSpinBox, QApplication, QLabel, QLayout, QWidget

from mile_desktop.ui.theme.tokens import FOLDER, Tokens, Tone, load_tokens, scaled, stylesheet

Mode = Literal["dark", "light", "system"]
FontRole = Literal["body", "secondary", "figure"]

# What a widget asked for is kept at the widget, as properties of these names: the next ``apply`` sets it again at the
# new scale, and what was deleted needs no list that forgets it.
_ICON = "themeIcon"
_GRID = "themeGrid"
_INDENT = "themeIndent"
_BOUNDS = "themeBounds"
_OWN_SHEET = "themeOwnSheet"
_ROLES: tuple[tuple[QPalette.ColorRole, str], ...] = (
    (QPalette.ColorRole.Window, "ground"),
    (QPalette.ColorRole.WindowText, "text"),
    (QPalette.ColorRole.Base, "panel"),
    (QPalette.ColorRole.AlternateBase, "raised"),
    (QPalette.ColorRole.Text, "text"),
    (QPalette.ColorRole.Button, "raised"),
    (QPalette.ColorRole.ButtonText, "text"),
    (QPalette.ColorRole.BrightText, "stopped"),
    (QPalette.ColorRole.Highlight, "selection"),
    (QPalette.ColorRole.HighlightedText, "text"),
    (QPalette.ColorRole.Accent, "policy"),
    (QPalette.ColorRole.Link, "policy"),
    (QPalette.ColorRole.LinkVisited, "policy"),
    (QPalette.ColorRole.ToolTipBase, "raised"),
    (QPalette.ColorRole.ToolTipText, "text"),
    (QPalette.ColorRole.PlaceholderText, "secondary"),
    (QPalette.ColorRole.Light, "hover"),
    (QPalette.ColorRole.Midlight, "raised"),
    (QPalette.ColorRole.Mid, "line"),
    (QPalette.ColorRole.Dark, "ground"),
    (QPalette.ColorRole.Shadow, "shade"),
)


class ThemeSignals(QObject):
    """``changed``: colours or sizes are different now."""

    changed = Signal()


class _State:
    """The present theme."""

    def __init__(self) -> None:
        self.signals = ThemeSignals()
        self.mode: Mode = "dark"
        self.tokens: Tokens = load_tokens("dark")
        self.scale = 1.0
        self.fonts_loaded = False
        self.styled = False
        self.sheet = ""
        self.application_sheet = ""
        """The application's sheet: that of the last change without a window that has its own."""


# One for the process, as the application's palette and stylesheet are. Only the window's thread touches it.
_state = _State()


def signals() -> ThemeSignals:
    """Return the object whose ``changed`` fires after every ``apply``."""
    return _state.signals


def prepare(app: QApplication, mode: Mode, scale: float = 1.0) -> None:
    """Set palette, font and tokens, for a window that takes its stylesheet with ``give_own_sheet`` once it is built.

    With a stylesheet from the beginning Qt styles every part of a page again whenever it is put into a larger part:
    building the window and showing it then takes half as long again.
    """
    _state.mode = mode
    _state.tokens = load_tokens(_tone_of(mode))
    _state.scale = scale
    if not _state.styled:  # setting it again restyles every widget once more: 40 % of the time of a change
        app.setStyle("Fusion")
        _state.styled = True
    app.setPalette(_palette(_state.tokens))
    _load_fonts()
    app.setFont(font("body"))
    _state.sheet = stylesheet(_state.tokens, scale)
    # For plots that are made later; the others restyle themselves after the signal.
    pg.setConfigOptions(antialias=True, background=token("panel"), foreground=token("secondary"))


def apply(app: QApplication, mode: Mode, scale: float = 1.0) -> None:
    """Apply the theme ``mode`` at ``scale`` (1.0–2.0) to the whole application, existing widgets included."""
    resized = scale != _state.scale
    prepare(app, mode, scale)
    _set_sheet(app)
    for widget in QApplication.allWidgets():
        if isinstance(widget, QAbstractButton) and widget.property(_ICON):
            _refresh_icon(widget)
        if resized:  # other colours change no size, and most widgets have no icon
            _refresh_sizes(widget)
    _state.signals.changed.emit()


def give_own_sheet(window: QWidget) -> None:
    """Let ``window``, with all that it contains, have the stylesheet of its own when the theme changes.

    For each change of the application's stylesheet, Qt styles every widget once for each of its ancestors (16,740 times
    for 2,245 widgets). A window's own stylesheet takes precedence over it, and styles each widget once.
    """
    window.setProperty(_OWN_SHEET, True)
    if _state.sheet != _state.application_sheet:
        window.setStyleSheet(_state.sheet)


def _set_sheet(app: QApplication) -> None:
    windows = [each for each in QApplication.topLevelWidgets() if each.property(_OWN_SHEET)]
    for window in windows:
        window.setStyleSheet(_state.sheet)
    if not windows and _state.sheet != _state.application_sheet:
        app.setStyleSheet(_state.sheet)
        _state.application_sheet = _state.sheet


def follow_system(app: QApplication) -> None:
    """Follow the desktop's light or dark setting while the mode is ``system``; call once."""
    # The application owns it, so it lives as long as its signals.
    _Follower(app)


class _Follower(QObject):
    """Applies the theme again when the desktop changes its colour scheme."""

    def __init__(self, app: QApplication) -> None:
        super().__init__(app)
        self._app = app
        app.styleHints().colorSchemeChanged.connect(self._scheme_changed)

    def _scheme_changed(self) -> None:
        if _state.mode == "system":
            apply(self._app, "system", _state.scale)


def tone() -> Tone:
    """Return ``dark`` or ``light``, whichever is shown."""
    return _state.tokens.tone


def token(name: str, alpha: float = 1.0) -> QColor:
    """Return the colour called ``name`` (see ``tokens.json``), with opacity ``alpha`` in [0, 1]."""
    colour = QColor(_state.tokens.colour(name))
    colour.setAlphaF(alpha)
    return colour


def px(pixels: int) -> int:
    """Return a length at 100 % in pixels of the present scale."""
    return scaled(pixels, _state.scale)


def size(name: str) -> int:
    """Return the size called ``name`` (``grid``, ``icon``, ``control`` …) in pixels of the present scale."""
    return px(_state.tokens.size(name))


def font(role: FontRole = "body", *, bold: bool = False) -> QFont:
    """Return the interface's font in one of its three sizes, with digits of equal width."""
    # A copy, because a caller may change it.
    return QFont(_made_font(tuple(_state.tokens.families), size(role), bold))


@cache
def _made_font(families: tuple[str, ...], pixels: int, bold: bool) -> QFont:
    # Kept: to make one took a fifteenth of the window's processor time while it supervised.
    result = QFont()
    result.setFamilies(list(families))
    result.setPixelSize(pixels)
    # Numbers that change many times a second must not move sideways.
    result.setFeature(QFont.Tag("tnum"), 1)
    result.setWeight(QFont.Weight.DemiBold if bold else QFont.Weight.Normal)
    return result


def pen(name: str, width: float = 1.5, *, dashed: bool = False, alpha: float = 1.0) -> QPen:
    """Return a pen for plots and painted widgets; its width does not change with the plot's zoom."""
    style = Qt.PenStyle.DashLine if dashed else Qt.PenStyle.SolidLine
    result = QPen(token(name, alpha), width * _state.scale, style)
    result.setCosmetic(True)
    return result


def brush(name: str, alpha: float = 1.0, style: Qt.BrushStyle = Qt.BrushStyle.SolidPattern) -> QBrush:
    """Return a brush; ``Qt.BrushStyle.BDiagPattern`` is the hatching of steps that a person has driven."""
    return QBrush(token(name, alpha), style)


def icon(name: str, colour: str = "text", icon_size: int = 16) -> QIcon:
    """Return a Material icon (``mdi6.play``) in a token's colour; prefer ``set_icon``, which follows the theme.

    It is drawn here and once. A letter of an icon font would be drawn by Python code whenever a button is painted, and
    Qt would print warnings where a layout has no room for the button: a painter cannot paint a picture without size.
    """
    options = {"color": token(colour), "color_disabled": token("disabled")}
    letter: QIcon = qtawesome.icon(name, **options)
    size, app = QSize(px(icon_size), px(icon_size)), QGuiApplication.instance()
    ratio = app.devicePixelRatio() if isinstance(app, QGuiApplication) else 1.0
    drawn = QIcon()
    for mode in (QIcon.Mode.Normal, QIcon.Mode.Disabled):
        drawn.addPixmap(letter.pixmap(size, ratio, mode), mode)
    return drawn


def set_icon(button: QAbstractButton, name: str, colour: str = "text", icon_size: int = 18) -> None:
    """Give ``button`` a Material icon that follows theme and scale."""
    wanted = [name, colour, icon_size]
    # Some callers set the same icon with each status, 20 times a second, and a new one is painted again.
    if button.property(_ICON) != wanted:
        button.setProperty(_ICON, wanted)
        _refresh_icon(button)


def set_role(widget: QWidget, role: str) -> None:
    """Set the role by which the stylesheet selects a widget's style (``panel``, ``secondary``, ``primary`` …)."""
    # Many callers set the same role at each status, and to polish a widget again is slow.
    if widget.property("role") == role:
        return
    widget.setProperty("role", role)
    # No text of this program is HTML. A policy called "v1 <b>" must be shown as it is called.
    if isinstance(widget, QLabel):
        widget.setTextFormat(Qt.TextFormat.PlainText)
    style = widget.style()
    style.unpolish(widget)
    style.polish(widget)


def space(layout: QLayout, margins: tuple[int, int, int, int] = (0, 0, 0, 0), spacing: int = 8) -> None:
    """Set margins (left, top, right, bottom) and spacing for 100 %; they follow the scale."""
    layout.setProperty(_GRID, [*margins, spacing])
    _refresh_layout(layout)


def bound(
    widget: QWidget,
    *,
    width: int = 0,
    height: int = 0,
    least_width: int = 0,
    least_height: int = 0,
    most_width: int = 0,
) -> None:
    """Limit a widget's size, in pixels at 100 %, at every scale; 0: no limit."""
    widget.setProperty(_BOUNDS, [width or least_width, height or least_height, width or most_width, height])
    _refresh_bounds(widget)


def indent(field: QAbstractSpinBox, pixels: int = 8) -> None:
    """Indent a spin box's number: Qt's stylesheets ignore the left padding of spin boxes."""
    field.setProperty(_INDENT, pixels)
    _refresh_indent(field)


def paint_focus(painter: QPainter, place: QRectF) -> None:
    """Paint the focus ring of a widget that paints itself, just inside ``place``."""
    painter.setPen(pen("focus", 2.0))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawRect(place.adjusted(1, 1, -1, -1))


def style_plot(plot: pg.PlotItem) -> None:
    """Style a plot: no border, faint grid, secondary colour on the axes; call again on ``signals().changed``."""
    plot.getViewBox().setBackgroundColor(None)
    plot.showGrid(x=True, y=True, alpha=0.12)
    for name in ("left", "bottom"):
        axis = plot.getAxis(name)
        axis.setPen(pen("line", 1.0))
        axis.setTextPen(token("secondary"))
        axis.setTickFont(font("secondary"))
        axis.label.setFont(font("secondary"))


def _tone_of(mode: Mode) -> Tone:
    if mode != "system":
        return mode
    scheme = QGuiApplication.styleHints().colorScheme()
    return "light" if scheme is Qt.ColorScheme.Light else "dark"


def _palette(tokens: Tokens) -> QPalette:
    palette = QPalette()
    for role, name in _ROLES:
        palette.setColor(role, QColor(tokens.colour(name)))
    for role in (QPalette.ColorRole.Text, QPalette.ColorRole.WindowText, QPalette.ColorRole.ButtonText):
        palette.setColor(QPalette.ColorGroup.Disabled, role, QColor(tokens.colour("disabled")))
    return palette


def _load_fonts() -> None:
    """Register the fonts that ship with the program, once; without them the system's fonts are used."""
    if _state.fonts_loaded:
        return
    # Needs an application, so it cannot happen at import.
    for file in sorted((FOLDER / "fonts").glob("*.ttf")):
        QFontDatabase.addApplicationFont(str(file))
    _state.fonts_loaded = True


def _refresh_sizes(widget: QWidget) -> None:
    if isinstance(widget, QAbstractSpinBox) and widget.property(_INDENT):
        _refresh_indent(widget)
    if widget.property(_BOUNDS):
        _refresh_bounds(widget)
    # Only the widget's own layout: ``apply`` comes to every other widget by itself.
    for layout in widget.findChildren(QLayout, options=Qt.FindChildOption.FindDirectChildrenOnly):
        _refresh_layouts(layout)


def _refresh_indent(field: QAbstractSpinBox) -> None:
    field.lineEdit().setTextMargins(px(field.property(_INDENT)), 0, 0, 0)


def _refresh_bounds(widget: QWidget) -> None:
    setters = (widget.setMinimumWidth, widget.setMinimumHeight, widget.setMaximumWidth, widget.setMaximumHeight)
    for set_bound, pixels in zip(setters, widget.property(_BOUNDS), strict=True):
        if pixels:
            set_bound(px(pixels))


def _refresh_layouts(layout: QLayout) -> None:
    _refresh_layout(layout)
    for child in layout.findChildren(QLayout):
        _refresh_layout(child)


def _refresh_icon(button: QAbstractButton) -> None:
    name, colour, icon_size = button.property(_ICON)
    button.setIcon(icon(name, colour, icon_size))
    button.setIconSize(QSize(px(icon_size), px(icon_size)))


def _refresh_layout(layout: QLayout) -> None:
    grid = layout.property(_GRID)
    if grid:
        left, top, right, bottom, spacing = grid
        layout.setContentsMargins(px(left), px(top), px(right), px(bottom))
        layout.setSpacing(px(spacing))
