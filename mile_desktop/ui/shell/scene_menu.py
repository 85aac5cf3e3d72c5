"""The scenes that the window offers: read again whenever the menu opens, broken ones with their error."""

from PySide6.QtCore import QObject

from mile_desktop.scenes.catalogue import BrokenSceneError, SceneInfo, UnknownSceneError, broken_scenes, scene_info
from mile_desktop.scenes.catalogue import scenes as all_scenes
from mile_desktop.ui.shell.main_window import MainWindow


class SceneMenu(QObject):
    """Fills the menu of scenes; everything runs on the window's thread."""

    def __init__(self, window: MainWindow, parent: QObject) -> None:
        super().__init__(parent)
        self._window = window
        self._shown = ""
        # By text and not by name: a scene with a new error is reported again.
        self._warned: set[str] = set()
        window.header.scenes_opening.connect(self._fill)

    def offer(self, shown: str) -> None:
        """Offer the scenes; ``shown`` is loaded. The error of a broken scene is shown once."""
        self._shown = shown
        self._fill()

    def find(self, scene: str) -> SceneInfo | None:
        """Return the scene called ``scene``; if it cannot be used, show a warning.

        Returns
        -------
        In place of a scene that cannot be used: at the start the first scene, later None (the present one stays).
        """
        try:
            return scene_info(scene)
        except BrokenSceneError as error:
            text = f"{scene} cannot be used. {error}"
        except UnknownSceneError as error:
            text = str(error)
        self._warned.add(text)
        self._window.say("warning", text if self._shown else f"{text} The first scene is loaded.")
        return None if self._shown else all_scenes()[0]

    def _fill(self) -> None:
        # Read each time: a person may be writing a scene while the window is open.
        broken = broken_scenes()
        self._window.header.set_scenes(all_scenes(), self._shown, broken)
        for scene in broken:
            text = f"{scene.name} cannot be used. {scene.error}"
            if text not in self._warned:
                self._warned.add(text)
                self._window.say("warning", text)
