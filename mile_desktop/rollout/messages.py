"""Messages between window and rollout worker: msgspec structs, encoded as msgpack, never pickled.

Commands go from the window to the worker, events come back. Both unions are closed: a byte string that is none
of them is refused by the decoder.
"""

import math

from mile_desktop.channels.messages import Message, Shutdown
from mile_desktop.rollout.device_messages import (
    CameraRequest as CameraRequest,
)
from mile_desktop.rollout.device_messages import (
    CancelWords as CancelWords,
)
from mile_desktop.rollout.device_messages import (
    DriveWords as DriveWords,
)
from mile_desktop.rollout.device_messages import (
    IgnoredPad as IgnoredPad,
)
from mile_desktop.rollout.device_messages import (
    PadState as PadState,
)
from mile_desktop.rollout.device_messages import (
    SetPad as SetPad,
)
from mile_desktop.rollout.device_messages import (
    SetViewYaw as SetViewYaw,
)
from mile_desktop.rollout.device_messages import (
    TestRumble as TestRumble,
)
from mile_desktop.rollout.device_messages import (
    WatchCameras as WatchCameras,
)
from mile_desktop.rollout.device_messages import (
    WatchedCamera as WatchedCamera,
)
from mile_desktop.rollout.device_messages import (
    WatchPad as WatchPad,
)
from mile_desktop.rollout.device_messages import (
    WindowInput as WindowInput,
)
from mile_desktop.rollout.phases import Phase
from mile_desktop.rollout.session_messages import (
    ActionChoice as ActionChoice,
)
from mile_desktop.rollout.session_messages import (
    LabelStates as LabelStates,
)
from mile_desktop.rollout.session_messages import (
    LoadRefused as LoadRefused,
)
from mile_desktop.rollout.session_messages import (
    LoadSession as LoadSession,
)
from mile_desktop.rollout.session_messages import (
    NameOperator as NameOperator,
)
from mile_desktop.rollout.session_messages import (
    SessionLoaded as SessionLoaded,
)
from mile_desktop.rollout.session_messages import (
    SetTimeLimit as SetTimeLimit,
)
from mile_desktop.rollout.session_messages import (
    StartEpisodes as StartEpisodes,
)

# ── commands: window → worker ────────────────────────────────────────────────────────────────────────────────────


class ArmRobot(Message, frozen=True):
    """A person permits the robot to move; it still holds until an episode begins or is resumed."""


class DisarmRobot(Message, frozen=True):
    """Forbid the robot to move until it is armed again; a running episode holds."""


class AskToDrive(Message, frozen=True):
    """Ask to drive a robot that another window drove until now."""


class ConfirmReset(Message, frozen=True):
    """Begin the next episode, which the worker refuses while a point is not ticked; or, not ``ready``, end the run."""

    ready: bool = True


class TickChecklist(Message, frozen=True):
    """The points of the robot's checklist that a person has ticked; sent on every change of a box."""

    number: int
    """``RobotStatus.checklist_number``: ticks for an earlier question do not count."""
    points: tuple[str, ...]
    """All that are ticked now, word for word."""


class PauseRobot(Message, frozen=True):
    """Hold, and let no episode begin, while the window asks the person something; not ``paused``: the answer is there.

    Nothing moves by its end either: a held episode waits for ``ToggleHold``.
    """

    paused: bool


class RequestStop(Message, frozen=True):
    """Latched stop: only ``RequestReset`` leaves it."""

    number: int = 0
    """Chosen by the window, growing; ``Status.stop_number`` acknowledges it."""


class RequestReset(Message, frozen=True):
    """Leave the stop; the scene is reset."""


class ToggleHold(Message, frozen=True):
    """Hold the pose, or resume."""


class EndEpisode(Message, frozen=True):
    """The person says how the running episode ended: ``success``, ``partial success``, ``failure`` or ``discard``."""

    outcome: str


class MarkCall(Message, frozen=True):
    """The person judges the last call: unnecessary if no takeover followed, else late; a ``Note`` says which."""


class UndoDiscard(Message, frozen=True):
    """Bring the last discarded episode back (as ``aborted``)."""


class PromotePolicy(Message, frozen=True):
    """Run another policy from the next episode on."""

    policy: str
    intervention_model: str = ""


class ReloadInterventionModel(Message, frozen=True):
    """Watch the policy that drives with the newest intervention model and forecast, from the next episode on."""


class SetAlert(Message, frozen=True):
    """When the alert comes on, and how."""

    threshold: float
    debounce_steps: int
    ask_me: bool
    """Hold and ask instead of only alerting."""
    sound: bool = True
    rumble: bool = True
    let_go: float = 0.25
    """The lower line: an alert stays on above it, and below it a person who drives may let go."""
    most_calls: int = 0
    """Calls allowed in ten minutes of autonomy; 0: any number."""


# ── events: worker → window ──────────────────────────────────────────────────────────────────────────────────────


class Status(Message, frozen=True):
    """One consistent snapshot; newest wins."""

    phase: Phase
    reason: str
    """Why the phase is what it is; may be empty."""
    episode: int
    """Number of the running episode within the workspace, from 1."""
    episodes_left: int
    step: int
    policy_id: str
    policy_name: str
    operator: str
    device: str
    instruction: str
    """E.g. ``hold RB``."""
    device_connected: bool
    rate_hz: float
    """Achieved over the last two seconds; 0 while idle."""
    lateness_p99_ms: float
    lateness_max_ms: float
    overruns: int
    """Ticks that began later than half a period, since the session was loaded."""
    alert: bool
    """p stayed above the threshold for the debounce time."""
    asking: bool
    """The robot holds and asks for help by itself."""
    basis: str
    discard_armed: bool = False
    """The pad's discard button was pressed once; a second press discards."""
    must_resume: bool = False
    """The robot held by itself: a takeover does not move it, only an explicit resume does."""
    holds_after_takeover: bool = False
    """The running takeover began in a hold: letting go holds again."""
    steps_left: int | None = None
    """Steps until the time limit ends the episode; 0 while a person drives beyond it, None between episodes."""
    limit_steps: int = 0
    """The time limit of the running or the next episode in steps; 0 where it is not known."""
    time_stops: bool = False
    """Steps that a person drives do not count towards that limit."""
    stop_number: int = 0
    """Largest ``RequestStop.number`` that was carried out; a window that waits longer says that Stop was not heard."""
    call_reasons: str = ""
    """Why the alert came on; see ``storage.reasons``. Empty while it is off."""
    call_places: tuple[tuple[float, float, float], ...] = ()
    """Where, near the end effector, people took over in states like the one of the call; m, in the world."""
    line: float = 0.5
    """The alert's threshold in force; it moves while a budget of calls is kept."""
    may_let_go: bool = False
    """A person drives, and another takeover is unlikely if they hand back now."""
    budget_used: bool = False
    """No further call comes on: there were as many in ten minutes as allowed."""
    calls_by: str = ""
    """The number that calls: ``p``, ``forecast``, or empty for none."""
    wants_band: bool = False
    """The policy is new and nothing calls for it; a band from its own successes would."""


class StepTaken(Message, frozen=True):
    """One recorded step, for the plots; the sender drops the oldest when the window does not read."""

    episode_id: str
    step: int
    timestamp: float
    intervention: bool
    probability: float
    """NaN where none is shown."""
    low: float
    high: float
    forecast: float
    proposed: tuple[float, ...]
    executed: tuple[float, ...]
    std: tuple[float, ...]
    phase: Phase
    reasons: str = ""
    """Why the forecast is higher than usual; see ``storage.reasons``."""
    usual: float = math.nan
    """The line of this step, where a band from the new policy's successes takes the place of the set one; else NaN."""
    words: str = ""
    """What was typed, where it drove this step."""
    observation: tuple[float, ...] = ()
    """Of this step, as ``SessionLoaded.observation_labels`` name it; empty where there are no such labels."""


class RobotStatus(Message, frozen=True):
    """State of a network robot and of its link; newest wins, sent in every tick of a session with a robot."""

    name: str
    address: str
    up: bool
    problem: str
    """Why the link is down; empty while it is up."""
    mode: str
    """``disarmed``, ``holding``, ``active`` or ``stopped``, as the robot's own side says; empty until it has."""
    armed: bool
    may_drive: bool
    """Another window drives where this is False."""
    driver: str
    """Who drives."""
    obstacle: str
    """Why it may not move now, as a sentence."""
    round_trip_ms: float
    clock_offset_ms: float
    clock_error_ms: float
    speed: float
    """Share of full speed that the robot allows now; 0 while it does not move."""
    refused: int
    """Messages that either side did not take."""
    lost: int
    """How often the link was lost."""
    checklist: tuple[str, ...] = ()
    """What a person has to check before the next episode; filled only while the loop waits for the person."""
    checklist_number: int = 0
    """Number of this question, for ``TickChecklist``."""
    stop_problem: str = ""
    """Why a stop did not reach the robot, as a sentence; empty while none is missing."""


class EpisodeClosed(Message, frozen=True):
    """An episode is on disk (or, for ``discarded``, in the bin)."""

    episode_id: str
    outcome: str
    steps: int
    takeovers: int
    human_steps: int
    mean_intervention_prob: float | None = None
    discarded: bool = False


class PolicyAccepted(Message, frozen=True):
    """The policy of ``PromotePolicy`` is loaded and drives from the next episode on; a ``Note`` answers otherwise."""

    policy: str
    """As it was asked for."""
    intervention_model: str = ""


class Note(Message, frozen=True):
    """One sentence for the message line."""

    level: str
    """``info``, ``warning`` or ``error``."""
    text: str


class Fault(Message, frozen=True):
    """Something could not be loaded or broke down; the worker stays alive."""

    text: str
    """What was found, what was expected, what to do."""
    policy_at_fault: bool = False
    """Another policy would do."""
    number: int = 0
    """Of the ``LoadSession`` that this answers; 0: the loaded scene broke down later."""


Command = (
    LoadSession
    | LabelStates
    | StartEpisodes
    | NameOperator
    | ArmRobot
    | DisarmRobot
    | AskToDrive
    | ConfirmReset
    | TickChecklist
    | PauseRobot
    | RequestStop
    | RequestReset
    | ToggleHold
    | EndEpisode
    | MarkCall
    | UndoDiscard
    | PromotePolicy
    | ReloadInterventionModel
    | WindowInput
    | DriveWords
    | CancelWords
    | SetAlert
    | SetTimeLimit
    | SetPad
    | SetViewYaw
    | WatchPad
    | TestRumble
    | WatchCameras
    | Shutdown
)
Event = (
    SessionLoaded
    | LoadRefused
    | Status
    | RobotStatus
    | StepTaken
    | EpisodeClosed
    | PolicyAccepted
    | Note
    | Fault
    | CameraRequest
    | PadState
)
