"""The devices a person takes over with, and the simulated supervisors.

Devices live as long as the worker process, supervisors as long as a session.
"""

from collections.abc import Mapping

import numpy as np

from mile_desktop.operators.discrete_controls import DiscreteControls
from mile_desktop.operators.driven_entries import DrivenEntries, EntryDrive
from mile_desktop.operators.gamepad import Gamepad
from mile_desktop.operators.group import OperatorGroup, StopOnly
from mile_desktop.operators.no_operator import NO_SUPERVISOR
from mile_desktop.operators.operator import Operator, OperatorContext
from mile_desktop.operators.supervisors import make_supervisor, settings_of
from mile_desktop.operators.window_input import WindowOperator
from mile_desktop.operators.words.operator import WordsOperator
from mile_desktop.operators.words.segment import WORDS
from mile_desktop.paths import pad_profiles
from mile_desktop.rollout.messages import IgnoredPad, PadState
from mile_desktop.scenes.catalogue import SceneInfo
from mile_desktop.scenes.experts import load_expert
from mile_desktop.scenes.gymnasium.description import ActionEntry

_NOTHING = np.zeros(4, np.float32)
_NO_ROBOT = OperatorContext(0, _NOTHING, _NOTHING, _NOTHING, _NOTHING, intervening=False)


class InputDevices:
    """Gamepad, keyboard, on-screen pad and words; owned by the loop's thread."""

    def __init__(self) -> None:
        self.gamepad = Gamepad(pad_profiles())
        self.window = {source: WindowOperator(source) for source in ("keyboard", "screen")}
        self.words = WordsOperator()

    def group(
        self, supervisor: Operator | None, info: SceneInfo | None, *, gamepad: bool, rate_hz: float, only: str = ""
    ) -> OperatorGroup:
        """Return all operators that may take over; people come before a simulated supervisor.

        ``info``: the scene, which says what drives its actions; None for a robot, which is driven like an arm.
        ``only``: the one device that a study allows; a pad can still stop the robot, and nothing else is read.
        """
        # In the order of precedence: if two begin in the same tick, the first one drives.
        people: list[Operator] = [self.gamepad] if gamepad and only in {"", "gamepad"} else []
        people.extend(device for source, device in self.window.items() if only in {"", source})
        if info is not None and info.choices:
            pushes = [choice.push for choice in info.choices]
            # Wrapped here and not in the devices, so that a device needs to know nothing about scenes.
            people = [DiscreteControls(device, pushes, gripper=device is self.gamepad) for device in people]
        elif info is not None and info.entries:
            drives = [_drive(entry, rate_hz) for entry in info.entries]
            people = [DrivenEntries(device, drives) for device in people]
        if only in {"", WORDS}:
            people.append(self.words)
        if gamepad and only not in {"", "gamepad"}:
            # Last, so that it is never the one that is shown. Whoever grips a pad must be able to stop the robot.
            people.append(StopOnly(self.gamepad))
        return OperatorGroup([*people, supervisor] if supervisor is not None else people)

    def poll(self) -> None:
        """Poll the pads while no session is loaded, so that connecting one is noticed; presses have no effect."""
        self.gamepad.poll(_NO_ROBOT)

    def pad_state(self) -> PadState:
        """Return the pad as it is now, for the Devices page."""
        raw = self.gamepad.raw_state()
        return PadState(
            name=raw.name,
            guid=raw.guid,
            axes=raw.axes,
            buttons=raw.buttons,
            connected=raw.connected,
            active_controls=raw.active_controls,
            axis_names=raw.axis_names,
            button_names=raw.button_names,
            ignored=tuple(IgnoredPad(each.name, each.guid) for each in self.gamepad.ignored),
        )

    def close(self) -> None:
        """Release the devices."""
        self.gamepad.close()


def _drive(entry: ActionEntry, rate_hz: float) -> EntryDrive:
    step = 1.0 / (entry.seconds * rate_hz) if entry.mode == "rate" else 0.0
    return EntryDrive(entry.drive, entry.rest, step)


def simulated_supervisor(name: str, scene: str, settings: Mapping[str, float] | None = None) -> Operator | None:
    """Return the supervisor called ``name`` over the expert of ``scene``, or None for ``none``, which needs no expert.

    Raises
    ------
    UnknownSupervisorError, UnknownExpertError, UnknownSceneError, SceneModuleError
        There is no such supervisor, expert or scene, the scene's module is broken, or a setting is not one of this
        supervisor's.
    """
    if name == NO_SUPERVISOR:
        return None
    return make_supervisor(name, load_expert(scene), settings_of(name, settings) if settings else None)
