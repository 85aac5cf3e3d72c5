"""Keeps the help texts about driving in step with the scene: directions for a robot arm, one push an action else."""

from collections.abc import Sequence

from PySide6.QtCore import QObject, Signal

from mile_desktop.rollout.messages import SessionLoaded
from mile_desktop.ui.clients.rollout_client import RolloutClient
from mile_desktop.ui.shell.shortcuts import Binding, Shortcuts
from mile_desktop.ui.widgets.discrete_actions import DiscreteAction, driving_text, entries_text

_KEYS = {"left": ("A", "Left"), "right": ("D", "Right"), "up": ("W", "Up"), "down": ("S", "Down")}
_PAD = {
    "left": "left stick ←",
    "right": "left stick →",
    "up": "left stick ↑, RT",
    "down": "left stick ↓, LT",
}


class DrivingHelpController(QObject):
    """Shows in the shortcut table and on the Devices page how the loaded scene is driven.

    Everything runs on the window's thread.
    """

    explained = Signal(str)
    """How the actions of the scene are chosen or driven; empty for a robot arm."""

    def __init__(self, worker: RolloutClient, shortcuts: Shortcuts, parent: QObject) -> None:
        super().__init__(parent)
        self._shortcuts = shortcuts
        worker.session_loaded.connect(self._loaded)

    def _loaded(self, session: SessionLoaded) -> None:
        self._shortcuts.set_driving(driving_bindings(session.choices))
        pad, keys = driving_text(session.choices, "gamepad"), driving_text(session.choices)
        if session.choices:
            self.explained.emit(f"In this scene a push chooses an action: {pad}. Keys: {keys}.")
            return
        pad, keys = entries_text(session.entries, "gamepad"), entries_text(session.entries)
        self.explained.emit(f"In this scene a push drives an entry of the action: {pad}. Keys: {keys}." if pad else "")


def driving_bindings(choices: Sequence[DiscreteAction]) -> tuple[Binding, ...]:
    """Return the driving rows of the shortcut table for discrete actions; none for a robot arm."""
    return tuple(
        Binding(
            f"choose_{choice.push}",
            choice.title[:1].upper() + choice.title[1:],
            "Drive",
            _KEYS[choice.push],
            _PAD[choice.push],
            held=True,
        )
        for choice in choices
        if choice.push in _KEYS
    )
