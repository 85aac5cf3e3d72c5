"""Saves, restores, renames and removes viewpoints of the scene that is shown."""

from functools import partial

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QInputDialog

from mile_desktop.ui.application import Application
from mile_desktop.ui.shell.message_line import MessageAction
from mile_desktop.ui.supervise.page import SupervisePage
from mile_desktop.ui.supervise.viewpoint_menu import KEYS
from mile_desktop.ui.viewport.tiles import SCENE
from mile_desktop.ui.viewport.viewpoints import (
    MOST,
    Viewpoint,
    Viewpoints,
    removed,
    renamed,
    restored,
    saved_as,
    viewpoint_at,
)


class ViewpointController(QObject):
    """Keeps viewpoints in the preferences, by scene; window's thread only."""

    def __init__(self, application: Application, page: SupervisePage) -> None:
        super().__init__(application)
        self._application = application
        self._view = page.view
        self._menu = menu = page.pictures.viewpoints
        self._question: QInputDialog | None = None
        page.pictures.menu().aboutToShow.connect(self._fill)
        page.keyboard.viewpoint.connect(self.use)
        menu.chosen.connect(self.use)
        menu.save_asked.connect(self.save)
        menu.rename_asked.connect(self.ask_for_name)
        menu.remove_asked.connect(self.remove)

    @property
    def _scene(self) -> str:
        """Name of the scene that is drawn: a robot may be drawn as a scene of another name."""
        robot = self._application.robot
        return robot.scene if robot else self._application.scene

    @property
    def known(self) -> Viewpoints:
        """What is saved for the scene that is shown."""
        return self._application.preferences.value.viewpoints.get(self._scene, ())

    @property
    def _can_save(self) -> bool:
        # An environment that draws itself, and a live camera, look from where they are.
        return bool(self._view.presets) and self._view.tiles.main == SCENE

    def save(self) -> None:
        """Save where the camera is now, under a name that can be changed afterwards.

        It does not ask for the name first: a question would take the keyboard from a person who drives.
        """
        window = self._application.window
        if not self._can_save:
            window.say(
                "info", "This picture has no viewpoint that could be saved. Make the scene's picture large first."
            )
            return
        known = self.known
        if name := saved_as(self._view.orbit, known):
            window.say("info", f"This viewpoint is saved already, as {name}.")
            return
        if len(known) >= MOST:
            window.say("warning", f"{MOST} viewpoints are saved for this scene, which is the most. Remove one first.")
            return
        new = viewpoint_at(self._view.orbit, known)
        self._keep(self._scene, (*known, new))
        rename = MessageAction("Rename …", partial(self.ask_for_name, new.name), "viewpoint name")
        window.say("success", f"The viewpoint is saved as {new.name}{_key_text(len(known))}.", rename)

    def use(self, index: int) -> None:
        """Look from viewpoint number ``index``, from 0."""
        known = self.known
        if index < len(known):
            self._view.look_from(known[index].orbit)
        elif self._view.presets:
            self._view.advise(f"No viewpoint is saved for this key{_SAVE_HINT}")

    def ask_for_name(self, name: str) -> None:
        """Ask for another name; the window goes on meanwhile."""
        dialog = QInputDialog(self._application.window)
        dialog.setWindowTitle("Rename viewpoint")
        dialog.setLabelText("Name of the viewpoint")
        dialog.setTextValue(name)
        dialog.textValueSelected.connect(partial(self._rename, self._scene, name))
        dialog.finished.connect(dialog.deleteLater)
        self._question = dialog
        # Not ``exec``: the status of a robot that moves must still arrive.
        dialog.open()

    def remove(self, name: str) -> None:
        """Remove a viewpoint; the message brings it back."""
        scene, known = self._scene, self.known
        index = next((number for number, each in enumerate(known) if each.name == name), None)
        if index is None:
            return
        self._keep(scene, removed(known, name))
        undo = MessageAction("Undo", partial(self._restore, scene, known[index], index))
        self._application.window.say("info", f"The viewpoint {name} is removed.", undo)

    def _rename(self, scene: str, name: str, wanted: str) -> None:
        if wanted.strip():
            known = self._application.preferences.value.viewpoints.get(scene, ())
            self._keep(scene, renamed(known, name, wanted))

    def _restore(self, scene: str, viewpoint: Viewpoint, index: int) -> None:
        known = self._application.preferences.value.viewpoints.get(scene, ())
        self._keep(scene, restored(known, viewpoint, index))

    def _keep(self, scene: str, viewpoints: Viewpoints) -> None:
        every = {**self._application.preferences.value.viewpoints, scene: viewpoints}
        self._application.preferences.change(viewpoints={name: each for name, each in every.items() if each})

    def _fill(self) -> None:
        self._menu.fill([each.name for each in self.known], can_save=self._can_save)


_SAVE_HINT = ". Ctrl+B saves the present one."


def _key_text(index: int) -> str:
    return f", on key {index + 5}" if index < KEYS else ""
