"""Adds gymnasium environments as scenes, by the command of the command line, and takes them back."""

import shutil
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject

from mile_desktop.scenes.description import FILE_NAME
from mile_desktop.ui.application import Application
from mile_desktop.ui.clients.command_client import CommandClient
from mile_desktop.ui.scenes.dialog import EnvironmentDialog
from mile_desktop.ui.shell.message_line import MessageAction


class ScenesController(QObject):
    """Owns the dialog; everything runs on the window's thread.

    The environment is looked at in a process of its own: its package may be slow, may print, or may end the process.
    """

    def __init__(self, application: Application) -> None:
        super().__init__(application)
        self._application = application
        self._dialog: EnvironmentDialog | None = None
        self._job = CommandClient(self)
        self._added: dict[str, Any] = {}
        self._notes: list[str] = []
        self._job.said.connect(self._said)
        self._job.finished.connect(self._finished)
        self._job.failed.connect(self._failed)
        self._job.cancelled.connect(self._cancelled)
        application.window.header.scene_add_asked.connect(self.open_dialog)
        application.window.closing.connect(self._job.close)

    def open_dialog(self) -> EnvironmentDialog:
        """Show the dialog, which keeps what was entered, and return it."""
        if self._dialog is None:
            self._dialog = EnvironmentDialog(self._application.window)
            self._dialog.add_requested.connect(self._add)
            self._dialog.cancel_requested.connect(self._job.cancel)
        self._dialog.show()
        self._dialog.raise_()
        self._dialog.env_id.setFocus()
        return self._dialog

    def _add(self, env_id: str, name: str, arguments: str) -> None:
        # One word with "=" for each option: a text that begins with a dash would otherwise be read as the next option.
        options = [f"--gymnasium={env_id}"]
        options += [f"--name={name}"] if name else []
        options += [f"--kwargs={arguments}"] if arguments else []
        # Emptied before the start, because the command that ran before may have left its lines here.
        self._added, self._notes = {}, []
        if self._job.start("scenes", *options) and self._dialog is not None:
            self._dialog.begin()

    def _said(self, fields: dict[str, Any]) -> None:
        # The command writes one object for the scene and one for each note; the scene is used only when the command has
        # succeeded.
        if "folder" in fields:
            self._added = fields
        elif "note" in fields:
            self._notes.append(str(fields["note"]))

    def _finished(self) -> None:
        if self._dialog is not None:
            self._dialog.finish()
        name, folder = str(self._added["scene"]), Path(str(self._added["folder"]))
        # Read before the new scene is loaded: Undo goes back to this one.
        before = self._application.scene
        self._application.load_scene(name)
        text = " ".join([f"{name} is a scene now; its description is {folder / FILE_NAME}.", *self._notes])
        undo = MessageAction("Undo", lambda: self._take_back(name, folder, before), f"scene {name}")
        self._application.window.say("info", text, undo)

    def _take_back(self, name: str, folder: Path, before: str) -> None:
        """Remove the scene that was added, unless a person has put something into its folder since."""
        window = self._application.window
        # Python writes __pycache__ when it imports a module of the folder; it is nothing that a person has put there.
        others = sorted(path.name for path in folder.glob("*") if path.name not in {FILE_NAME, "__pycache__"})
        if others:
            window.say("warning", f"{name} was kept: {folder} has other files now ({', '.join(others)}).")
            return
        # The scene is left before its folder goes: worker and viewer read files of it while it is loaded.
        if self._application.scene == name:
            self._application.load_scene(before)
            if self._application.scene == name:
                return  # an episode runs; the message line says so
        try:
            shutil.rmtree(folder)
        except OSError as error:
            window.say("warning", f"{folder} could not be removed ({error.strerror}); remove it yourself.")
            return
        window.say("info", f"{name} was removed from your scenes. Its recorded episodes stay.")

    def _failed(self, reason: str) -> None:
        if self._dialog is not None:
            self._dialog.fail(reason)

    def _cancelled(self) -> None:
        if self._dialog is not None:
            self._dialog.fail("Cancelled. Nothing was added.")
