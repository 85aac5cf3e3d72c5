"""Takeover from the window: keyboard and on-screen pad."""

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from mile_desktop.operators.hand_response import WHOLE, Hand, HandResponse
from mile_desktop.operators.operator import OperatorContext, OperatorReading
from mile_desktop.operators.stick_response import fit_action

SILENCE_S = 0.5
"""A takeover without a message for longer than this is lost: the window hangs or is gone."""


_SILENT_WINDOW = f"The window was busy and passed on no keys for {SILENCE_S:g} s, so the robot holds."
_MOVED = 3
"""The first entries of an action move the end effector; the gripper's is a command and is not scaled."""
_STILL = (0.0, 0.0, 0.0)


@dataclass(frozen=True, slots=True)
class WindowSource:
    """One way of driving from the window."""

    device: str
    instruction: str


SOURCES = {
    "keyboard": WindowSource("Keyboard", "hold Space"),
    "screen": WindowSource("On-screen pad", "hold “Take over”"),
}


@dataclass(slots=True)
class _WindowMessage:
    """The last message of the window."""

    takeover: bool = False
    action: tuple[float, ...] = ()
    rewind: bool = False
    # Long ago: before the first message the window is silent.
    hand: Hand = WHOLE
    at: float = -math.inf
    must_release: bool = False
    """The takeover was lost; it counts again only after it was released once."""


class WindowOperator:
    """One of the window's inputs, fed by messages of the window and polled in the control tick.

    ``feed`` and ``poll`` are called by the same thread, the rollout loop's. The window sends a message on every change
    and every 100 ms while anything is pressed. During a takeover, silence longer than ``SILENCE_S`` counts as a lost
    device.

    The keyboard's pushes grow while a key is held (``HandResponse``); the on-screen pad's are as long as they are. Both
    are multiplied by the speed that the person has chosen. Where actions are discrete, pushes stay whole: they choose,
    they do not drive.

    Raises ``ValueError`` when ``source`` is none of ``SOURCES``.
    """

    def __init__(self, source: str = "keyboard", *, clock: Callable[[], float] = time.monotonic) -> None:
        if source not in SOURCES:
            raise ValueError(f"The window has no input {source!r}; expected one of {', '.join(SOURCES)}.")
        self._source = source
        self._clock = clock
        self._last = _WindowMessage()
        self._response = HandResponse()
        self._problem = ""

    @property
    def kind(self) -> str:
        """Recorded with the episode: ``keyboard`` or ``screen``."""
        return self._source

    @property
    def device(self) -> str:
        """Name of the input."""
        return SOURCES[self._source].device

    @property
    def problem(self) -> str:
        """What was wrong with the last message's action, as a sentence; empty if nothing."""
        return self._problem

    @property
    def instruction(self) -> str:
        """How to take over."""
        return SOURCES[self._source].instruction

    def reset(self, seed: int) -> None:  # noqa: ARG002 - the operator's protocol
        """Begin a new episode: what was sent before it does not count.

        A key that is still held counts again with its next message, a tenth of a second later. A window that hangs or
        is gone sends none: its last takeover must neither drive a new episode nor hold it.
        """
        self._last = _WindowMessage(must_release=self._last.must_release)

    def feed(
        self,
        source: str,
        *,
        takeover: bool,
        action: Sequence[float],
        rewind: bool = False,
        hand: Hand | None = None,
        now: float | None = None,
    ) -> None:
        """Take one message of the window, received at ``now`` (s; default: now); those of other inputs are ignored.

        An entry that is not a finite number counts as 0 and the others stay. The takeover counts in any case: the
        person pressed because the policy must not go on.
        """
        # Each input is an operator of its own, and all of them get every message of the window.
        if source != self._source:
            return
        bad = [value for value in action if not math.isfinite(value)]
        text = f"The {source} sent the action {tuple(action)}; entries that are not finite count as 0."
        self._problem = text if bad else ""
        heard_at = self._clock() if now is None else now
        # Before the new message replaces the old one: a silence that has just ended must still be seen.
        self._notice_silence(heard_at)
        self._last.takeover = takeover
        self._last.action = tuple(value if math.isfinite(value) else 0.0 for value in action)
        self._last.rewind = rewind
        self._last.hand = hand or WHOLE
        self._last.at = heard_at
        # Cleared only by a message without takeover.
        self._last.must_release = self._last.must_release and takeover

    def _notice_silence(self, now: float) -> bool:
        """Say whether the window is silent at ``now``; a takeover that is lost by silence must be released first."""
        silent = now - self._last.at > SILENCE_S
        self._last.must_release = self._last.must_release or (self._last.takeover and silent)
        return silent

    def poll(self, context: OperatorContext) -> OperatorReading:
        """Return the last message while it is fresh."""
        now = self._clock()
        silent = self._notice_silence(now)
        message = self._last
        return OperatorReading(
            takeover=message.takeover and not message.must_release,
            action=fit_action(self._command(message, now, discrete=context.discrete), len(context.proposal)),
            rewind=message.rewind and not silent,
            # Silence without a takeover is the normal case: the window sends only while something is pressed.
            connected=not (message.takeover and silent),
            loss=_SILENT_WINDOW if message.takeover and silent else "",
        )

    def _command(self, message: _WindowMessage, now: float, *, discrete: bool) -> tuple[float, ...]:
        """Return the action of a takeover, shaped as the hand drives; nothing outside one."""
        action = message.action if message.takeover else ()
        if discrete or len(action) < _MOVED:
            # Told although nothing is driven: the next push must begin slowly again.
            self._response.shape(_STILL, message.hand, now)
            return action
        push = action[0], action[1], action[2]
        if self._source == "keyboard":
            push = self._response.shape(push, message.hand, now)
        else:
            push = push[0] * message.hand.speed, push[1] * message.hand.speed, push[2] * message.hand.speed
        return (*push, *action[_MOVED:])

    def close(self) -> None:
        """Release nothing: the window owns its devices."""
