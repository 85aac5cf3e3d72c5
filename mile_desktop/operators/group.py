"""Several operators at once, for example gamepad, keyboard, on-screen pad and a simulated supervisor."""

from collections.abc import Sequence
from dataclasses import replace

from mile_desktop.operators.converted_device import ConvertedDevice
from mile_desktop.operators.operator import Operator, OperatorContext, OperatorReading, OperatorRequest
from mile_desktop.operators.stick_response import fit_action
from mile_desktop.operators.words.segment import WORDS


class OperatorGroup:
    """Reads all ``members``. The first one that takes over drives until it hands back; every member may send requests.

    If several members begin in the same tick, the first in the list drives. While no member drives, the group shows
    the first connected one. Raises ``ValueError`` if there are no members.
    """

    def __init__(self, members: Sequence[Operator]) -> None:
        if not members:
            raise ValueError("An operator group needs at least one member; use NoOperator for an unattended run.")
        self._members = tuple(members)
        self._driver: Operator | None = None
        self._drove_last: Operator | None = None
        self._shown = self._members[0]

    @property
    def active_kind(self) -> str | None:
        """Kind of the member that drives now; None if none does."""
        return self._driver.kind if self._driver else None

    @property
    def kind(self) -> str:
        """Kind of the member that drove last in this episode, else of the one that is shown."""
        return (self._driver or self._drove_last or self._shown).kind

    @property
    def device(self) -> str:
        """Device of the member that drives, or of the one that would."""
        return self._shown.device

    @property
    def instruction(self) -> str:
        """How to take over, or how to hand back."""
        return self._shown.instruction

    def reset(self, seed: int) -> None:
        """Begin a new episode for every member."""
        self._drove_last = None
        for member in self._members:
            member.reset(seed)

    def poll(self, context: OperatorContext) -> OperatorReading:
        """Read every member; none blocks. Each learns whether it drove the last step *itself*."""
        # All of them, also while one drives: every pad may stop the robot.
        readings = [
            (member, member.poll(replace(context, intervening=context.intervening and member is self._driver)))
            for member in self._members
        ]
        lost = any(member is self._driver and not reading.connected for member, reading in readings)
        # A lost driver: the loop must hold, and no other operator may take its place in the same tick.
        # Noted before ``_show``, which forgets a driver that was lost.
        driver = self._driver
        driving = None if lost else self._drives_now(readings)
        self._show(readings, lost=lost)
        return OperatorReading(
            takeover=driving is not None,
            action=driving.action if driving else fit_action((), len(context.proposal)),
            # Each request once, in the order of the members: the same key and button in one tick must not toggle twice.
            requests=tuple(dict.fromkeys(request for _, reading in readings for request in reading.requests)),
            rewind=any(reading.rewind for _, reading in readings),
            connected=not lost and any(reading.connected for _, reading in readings),
            loss=next((reading.loss for member, reading in readings if lost and member is driver), ""),
            discard_armed=any(reading.discard_armed for _, reading in readings),
            words=driving.words if driving else "",
        )

    def _drives_now(self, readings: Sequence[tuple[Operator, OperatorReading]]) -> OperatorReading | None:
        """Find the driving member and return its reading; the member that drives already is asked first."""
        # ``sorted`` is stable, so the order of the members decides among those that do not drive yet.
        # Hands come before words, also when words drive already: a person grips the stick because the words are wrong.
        by_claim = sorted(readings, key=lambda each: (each[0].kind == WORDS, each[0] is not self._driver))
        for member, reading in by_claim:
            if reading.takeover and reading.connected:
                self._driver = self._drove_last = member
                return reading
        self._driver = None
        return None

    def _show(self, readings: Sequence[tuple[Operator, OperatorReading]], *, lost: bool) -> None:
        """Choose the member whose device and instruction are shown.

        A driver that was lost stays for the tick that reports the loss, so that the message names the right device.
        """
        if lost and self._driver is not None:
            self._shown, self._driver = self._driver, None
        else:
            connected = (member for member, reading in readings if reading.connected)
            self._shown = self._driver or next(connected, self._members[0])

    def close(self) -> None:
        """Release every member's device."""
        for member in self._members:
            member.close()


class StopOnly(ConvertedDevice):
    """A device that may stop the robot and do nothing else: the condition of a study drives with another one.

    It says that it is not connected, so that it is neither shown nor waited for.
    """

    @property
    def instruction(self) -> str:
        """Nothing: no one drives with it."""
        return ""

    def poll(self, context: OperatorContext) -> OperatorReading:
        """Read the device, so that old presses do not wait in its queue, and pass on a stop."""
        pressed = self._device.poll(context).requests
        stops = tuple(each for each in pressed if each is OperatorRequest.STOP)
        return OperatorReading(
            takeover=False, action=fit_action((), len(context.proposal)), requests=stops, connected=False
        )
