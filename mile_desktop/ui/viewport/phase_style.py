"""Title, shape and colour of each phase in one table, and the texts that explain a phase; no Qt."""

from collections.abc import Sequence
from dataclasses import dataclass

from mile_desktop.operators.takeover import LET_GO
from mile_desktop.operators.words.segment import WORDS
from mile_desktop.rollout.messages import EpisodeClosed, Status
from mile_desktop.rollout.phases import IN_EPISODE, Phase
from mile_desktop.storage.reasons import decode_reasons, reasons_text
from mile_desktop.storage.records import PARTIAL
from mile_desktop.ui.widgets.discrete_actions import DiscreteAction, driving_text, entries_text


@dataclass(frozen=True, slots=True)
class PhaseStyle:
    """How a phase is shown. Colour never stands alone: title and shape say the same to people who do not see it."""

    title: str
    symbol: str
    """Name of a painted shape: ``play``, ``hand``, ``exclamation``, ``pause``, ``square``, ``circle`` or ``cycle``."""
    token: str
    """Name of a theme colour."""


PHASE_STYLES: dict[Phase, PhaseStyle] = {
    Phase.IDLE: PhaseStyle("Ready", "circle", "hold"),
    Phase.AUTONOMOUS: PhaseStyle("Autonomous", "play", "autonomous"),
    Phase.TAKEOVER: PhaseStyle("Takeover", "hand", "takeover"),
    Phase.HOLD: PhaseStyle("Hold", "pause", "hold"),
    Phase.STOPPED: PhaseStyle("Stopped", "square", "stopped"),
    Phase.RESETTING: PhaseStyle("Resetting", "cycle", "hold"),
}
DEVICES = frozenset({"gamepad", "keyboard", "screen", WORDS})
"""What a person drives with. Every other operator is simulated: it takes over by itself and needs no instruction."""

ASKING = PhaseStyle("Asks for help", "exclamation", "asking")
ALERT = PhaseStyle("Autonomous", "exclamation", "asking")
"""The policy drives, but p has been above the threshold for the alarm's duration."""


_DRIVING_KEYS = "W A S D move · E Q up, down · F gripper · Shift slow"
_DRIVING = {
    "gamepad": "Left stick moves · right stick up, down · LT RT gripper · LB slow",
    "screen": "Drag the sticks of the screen pad to move",
}
"""Kind of device → how it drives an arm."""
REWOUND = PhaseStyle("Rewound", "pause", "hold")
"""The robot holds at an earlier step."""
LINK_LOST = PhaseStyle("Link lost", "square", "stopped")
"""The robot rests or holds, and nothing is heard of it: it cannot be started, and its picture may be old."""
_REWOUND_REASON = "Rewound"
_SAYS_WHAT_TO_DO = "resume"
"""A reason with this word names the way on already; a second one behind it would only make the line longer."""


def style_of(status: Status) -> PhaseStyle:
    """Return the style of ``status``; a request for help and an alarm take precedence over the phase."""
    # The worker holds the robot while it asks, so the phase alone would show "Hold".
    if status.asking:
        return ASKING
    if status.alert and status.phase is Phase.AUTONOMOUS:
        return ALERT
    if status.phase is Phase.HOLD and status.reason.startswith(_REWOUND_REASON):
        return REWOUND
    return PHASE_STYLES[status.phase]


def progress_text(status: Status, max_steps: int, rate_hz: float = 0.0) -> str:
    """Return ``ep 15 · step 84/200 · 5.8 s left``, or nothing while no episode is open.

    ``rate_hz``: control steps a second of the session; 0 leaves the time out.
    """
    # The numbers of an episode that has ended would look like those of a running one.
    if status.phase not in IN_EPISODE:
        return ""
    left = f" · {status.episodes_left} to go" if status.episodes_left else ""
    # The worker's limit first: a person may have chosen another one than the scene's.
    limit = status.limit_steps or max_steps
    if not limit:
        return f"ep {status.episode}"
    # Where not every step counts, "step 84/200" would contradict the time that is left.
    of = "" if status.time_stops else f"/{limit}"
    return f"ep {status.episode} · step {status.step}{of}{_time_left(status, limit, rate_hz)}{left}"


def _time_left(status: Status, limit: int, rate_hz: float) -> str:
    if status.phase is Phase.TAKEOVER and not status.time_stops:
        return " · no limit while you drive"
    if not rate_hz:
        return ""
    steps = max(0, limit - status.step) if status.steps_left is None else status.steps_left
    stops = ", stands still" if status.phase is Phase.TAKEOVER else ""
    return f" · {steps / rate_hz:.1f} s left{stops}"


def reason_text(status: Status, rate_hz: float) -> str:
    """Return the line under the badge: why the robot holds, stopped or asks for help, and what to do.

    ``rate_hz``: control steps a second, which turns the steps of a reason into seconds.
    """
    because = status.reason.rstrip(".")  # a full stop before the dot that follows would be read as two signs
    if status.asking:
        action = f"{status.instruction} to help, or resume" if status.instruction else "take over or resume"
        why = reasons_text(decode_reasons(status.call_reasons), rate_hz)
        return " · ".join(filter(None, (why or because or "p stayed above the threshold", action)))
    if status.phase is Phase.STOPPED:
        return f"{because or 'Stopped by you'} · Reset to continue"
    if style_of(status) is REWOUND:
        return f"{because} · Resume or take over from here"
    if status.phase is Phase.HOLD:
        action = "Resume to continue" if status.must_resume else "Resume or take over to continue"
        return because if _SAYS_WHAT_TO_DO in because.lower() else f"{because or 'Held by you'} · {action}"
    if status.alert and status.phase is Phase.AUTONOMOUS:
        why = reasons_text(decode_reasons(status.call_reasons), rate_hz)
        return why or status.reason or "p is above the threshold: a takeover looks likely"
    return status.reason


def outcome_text(closed: EpisodeClosed) -> str:
    """Return ``✓ Success after 99 steps · 1 takeover``."""
    if closed.discarded:
        return f"Discarded after {closed.steps} steps"
    mark = {"success": "✓ ", PARTIAL: "◐ ", "failure": "✕ "}.get(closed.outcome, "")
    takeovers = f" · {closed.takeovers} takeover{'' if closed.takeovers == 1 else 's'}" if closed.takeovers else ""
    name = closed.outcome.replace("_", " ").capitalize()
    return f"{mark}{name} after {closed.steps} steps{takeovers}"


def driving_hint(status: Status, choices: Sequence[DiscreteAction], entries: Sequence[DiscreteAction] = ()) -> str:
    """Return how the device in use drives: which key chooses a discrete action, drives an entry, or moves the arm."""
    if choices:
        return driving_text(choices, status.operator)
    if entries:
        return entries_text(entries, status.operator)
    return _DRIVING.get(status.operator, _DRIVING_KEYS)


def _hand_back_hint(status: Status) -> str:
    if status.may_let_go:
        return "You can let go: another takeover is unlikely now"
    if status.operator == WORDS:
        return "Your words drive · they hand back at the end · Esc ends them"
    if status.operator == "screen":
        return "You drive with the screen pad · let go, or click Keep driving again, to hand back"
    return f"You drive with {status.device or status.operator} · let go to hand back"


_REWIND_KEYS = {"gamepad": "hold LB to rewind", "screen": "hold its rewind button to go back"}
"""Kind of device → how it rewinds; every other device leaves the keyboard to the person."""
_BEFORE_REWIND = frozenset({Phase.AUTONOMOUS, Phase.HOLD})


def takeover_hint(status: Status, *, may_rewind: bool = False) -> str:
    """Return how to take over, hand back and rewind with the device in use."""
    hint = _takeover_hint(status)
    if not may_rewind or status.phase not in _BEFORE_REWIND:
        return hint
    return f"{hint} · {_REWIND_KEYS.get(status.operator, 'hold R to rewind')}"


_NOT_FOLLOWED = {
    Phase.IDLE: "The robot rests. Press Start first",
    Phase.RESETTING: "The next episode has not begun yet",
    Phase.HOLD: "Let go, then take over again",
}
"""Phase → why a device that asks for a takeover is not followed; the window says the same for keys (``key_advice``)."""


def _takeover_hint(status: Status) -> str:
    if not status.instruction:
        return "Hold Space to take over"
    if status.phase is Phase.TAKEOVER:
        return _hand_back_hint(status)
    if status.instruction.endswith(LET_GO):
        return _NOT_FOLLOWED.get(status.phase, "")
    instruction = status.instruction[0].upper() + status.instruction[1:]
    if status.operator not in DEVICES:
        return f"Simulated supervisor ({status.operator}) · hold Space to drive"
    return f"{instruction} to take over · let go to hand back"
