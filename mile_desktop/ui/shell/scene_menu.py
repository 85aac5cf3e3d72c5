"""Which scenes the window offers: looked for anew whenever the menu opens, broken ones named with what is wrong."""

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
        self._said: set[str] = set()
        window.header.scenes_opening.connect(self._look_again)

    def offer(self, shown: str) -> None:
        """Offer what there is; ``shown`` is loaded. Says once of each broken scene what is wrong with it."""
        self._shown = shown
        self._look_again()

    def find(self, scene: str) -> SceneInfo | None:
        """Return the scene called ``scene``; where it cannot be used, say so and return the first one at the start.

        None: what is shown stays.
        """
        try:
            return scene_info(scene)
        except BrokenSceneError as error:
            text = f"{scene} cannot be used. {error}"
        except UnknownSceneError as error:
            text = str(error)
        self._said.add(text)
        self._window.say("warning", text if self._shown else f"{text} The first scene is loaded.")
        return None if self._shown else all_scenes()[0]

    def _look_again(self) -> None:
        broken = broken_scenes()
        self._window.header.set_scenes(all_scenes(), self._shown, broken)
        for scene in broken:
            text = f"{scene.name} cannot be used. {scene.error}"
            if text not in self._said:
                self._said.add(text)
                self._window.say("warning", text)
