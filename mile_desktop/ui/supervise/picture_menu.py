"""The menu that arranges scene and cameras in the view and chooses the large picture."""

from functools import partial

from PySide6.QtCore import Signal
from PySide6.QtGui import QAction, QActionGroup
from PySide6.QtWidgets import QMenu, QToolButton, QWidget

from mile_desktop.ui.shell import shortcuts
from mile_desktop.ui.supervise.scene_view import SceneView
from mile_desktop.ui.supervise.viewpoint_menu import ViewpointMenu
from mile_desktop.ui.theme import theme
from mile_desktop.ui.viewport.tile_layout import GRIDS, Layout
from mile_desktop.ui.viewport.tiles import SCENE, TITLES
from mile_desktop.ui.widgets.menu_title import add_heading

_ICONS = {
    Layout.ONE: "mdi6.square-outline",
    Layout.INSET: "mdi6.picture-in-picture-bottom-right",
    Layout.GRID: "mdi6.view-module-outline",
    Layout.QUARTERS: "mdi6.view-grid-outline",
}


class PictureMenu(QToolButton):
    """Lists layouts and pictures. The menu is filled each time it opens, because cameras come and go."""

    full_view_asked = Signal()
    """Toggle the view alone on the full screen."""
    save_asked = Signal()
    """Save a picture of the view."""
    clip_asked = Signal()
    """Record a video of the view, or end it."""
    small_views_toggled = Signal(bool)
    """Whether to show the scene's other cameras beside the large picture."""
    cameras_asked = Signal()
    """Open the Cameras dialog."""

    def __init__(self, view: SceneView, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._view = view
        self._small_views = True
        self._records = False
        self.viewpoints = ViewpointMenu(self)
        """Its owner fills it when this menu opens."""
        self.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.setToolTip(shortcuts.tooltip("Arrange scene and cameras", "layout"))
        self.setAccessibleName("Arrange pictures")
        theme.set_icon(self, _ICONS[Layout.INSET], "secondary")
        menu = QMenu(self)
        menu.aboutToShow.connect(self._fill)
        menu.triggered.connect(self._triggered)
        self.setMenu(menu)
        view.arranged.connect(self._show_layout)

    def set_small_views(self, shown: bool) -> None:
        """Set whether the scene's other cameras are shown."""
        self._small_views = shown

    def set_recording(self, records: bool) -> None:
        """Set whether a video of the view is recorded now."""
        self._records = records

    def _fill(self) -> None:
        menu, tiles = self.menu(), self._view.tiles
        menu.clear()
        layouts = QActionGroup(menu)
        for layout in Layout:
            # Without an icon: a menu draws it in the place of the tick, and nothing would say which layout is chosen.
            self._add_option(TITLES[layout], layout, layouts, chosen=layout is tiles.layout)
        menu.addSeparator()
        pictures = QActionGroup(menu)
        scene = [(SCENE, "Scene")] if tiles.has_scene else []
        for name, title in (*scene, *((name, name) for name in tiles.choices)):
            self._add_option(title, name, pictures, chosen=name == tiles.main and tiles.layout not in GRIDS)
        self._add_small(menu)
        menu.addSeparator()
        small = menu.addAction(_with_key("The scene's other cameras", "small_views"))
        small.setCheckable(True)
        small.setChecked(self._small_views)
        small.toggled.connect(self.small_views_toggled)
        menu.addMenu(self.viewpoints)
        menu.addSeparator()
        menu.addAction(_with_key("Fill the screen with the view", "full_view"), self.full_view_asked.emit)
        menu.addAction(_with_key("Save a picture of the view", "save_picture"), self.save_asked.emit)
        clip = "End the video of the view" if self._records else "Record a video of the view"
        menu.addAction(_with_key(clip, "clip"), self.clip_asked.emit)
        menu.addAction(_with_key("Cameras …", "cameras"), self.cameras_asked.emit)

    def _add_small(self, menu: QMenu) -> None:
        """List the small pictures: the ticked ones are shown, the others were put away."""
        tiles = self._view.tiles
        if tiles.layout is Layout.ONE or not tiles.small:
            return
        add_heading(menu, "Small pictures")
        for name, title in tiles.small.items():
            action = menu.addAction(title)
            action.setCheckable(True)
            action.setChecked(not tiles.is_away(name))
            action.toggled.connect(partial(self._show_small, name))
        back = menu.addAction("All to their first places", self._view.forget_places)
        back.setEnabled(tiles.has_places)

    def _show_small(self, name: str, shown: bool) -> None:
        self._view.put_away(name, away=not shown)

    def _add_option(self, text: str, data: object, group: QActionGroup, *, chosen: bool) -> None:
        action = self.menu().addAction(text)
        action.setData(data)
        action.setCheckable(True)
        action.setChecked(chosen)
        group.addAction(action)

    def _triggered(self, action: QAction) -> None:
        data = action.data()
        if isinstance(data, Layout):
            self._view.choose_layout(data)
        elif isinstance(data, str):
            self._view.choose_main(data)

    def _show_layout(self) -> None:
        theme.set_icon(self, _ICONS[self._view.tiles.layout], "secondary")


def _with_key(text: str, action: str) -> str:
    return f"{text}\t{shortcuts.binding(action).keys_text}"
