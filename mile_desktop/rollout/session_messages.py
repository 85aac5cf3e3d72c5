"""The messages that open a session and start its episodes."""

import msgspec

from mile_desktop.channels.messages import Message
from mile_desktop.operators.no_operator import NO_SUPERVISOR


class LoadSession(Message, frozen=True, kw_only=True):
    """Load scene, policy, model and operators; ``SessionLoaded``, ``LoadRefused`` or ``Fault`` is the answer."""

    number: int = 0
    """The answer carries it, so that the answer to an earlier load is not taken for the one to a later load."""
    workspace: str
    """Folder of the workspace."""
    scene: str
    """Name of the scene; where ``robot`` is given, its task counts instead."""
    robot: str = ""
    """Address of a network robot to drive in place of a scene, ``tcp://host:port``."""
    robot_key: str = ""
    """Its public key; empty only on this machine."""
    robot_client: str = ""
    """Sixteen bytes in hexadecimal by which the robot recognises this window after its worker was restarted."""
    self_resetting: bool = False
    """Unattended run: a robot that resets itself goes to its start without a person's confirmation."""
    policy: str
    """A policy id of the workspace, a folder, ``initial`` or ``expert``."""
    intervention_model: str = ""
    """A model id of the workspace, a folder, or empty for the one in use for scene and policy."""
    generation: int = 0
    """Number of this load of a scene; every state that is shown carries it, see ``viewer.messages.LoadScene``."""
    live_source: str = "ensemble"
    """What computes p: ``ensemble``, ``published`` (one member) or ``temporal``."""
    simulated_operator: str = NO_SUPERVISOR
    """``none``, ``probit`` or ``segment``: a simulated supervisor listens besides the person."""
    gamepad: bool = True
    rate_hz: float = 0.0
    """Control steps a second; 0: as the scene's description says. A robot has its own."""
    speed: float = 1.0
    """Simulated seconds per wall-clock second; 1 is real time."""
    rewind_steps: int = 0
    """How many steps the scene can be run backwards; 0 keeps none."""
    seed: int | None = None
    """Seed of the first episode; None goes on after the episodes that are recorded already."""
    shift: str = ""
    """A shift of the scene: a file, or the name of one that ships (``scenes.shift``); empty for none."""
    supervisor_settings: dict[str, float] = msgspec.field(default_factory=dict)
    """Settings of the simulated supervisor, by name; those that are left out are its own defaults."""
    operator_name: str = ""
    """Name or code of the person at the device, recorded with each episode; ``NameOperator`` changes it."""
    device: str = ""
    """The only device that may take over: ``gamepad``, ``keyboard``, ``screen`` or ``words``; empty: any."""
    guided: bool = False
    """Only a ``StartEpisodes`` with notes starts an episode, no button of a device, and only the scene says how it
    ended: in a study nothing is recorded that the page Study has not asked for."""


class SetTimeLimit(Message, frozen=True):
    """How long the session's episodes may take, from the next one on; a study keeps the scene's own limit."""

    seconds: float = 0.0
    """Of the robot's own time; 0: as the scene says."""
    stops_while_driving: bool = False
    """Time stands still while a person drives."""


class StartEpisodes(Message, frozen=True):
    """Begin a run of ``episodes`` episodes."""

    episodes: int = 1
    seed: int | None = None
    """Start of the first of them; None goes on after the last episode."""
    notes: dict[str, dict[str, str]] = msgspec.field(default_factory=dict)
    """Recorded with each of them, in ``EpisodeStart.extra``."""
    operator_name: str = ""
    """Of a participant of a study: the code; empty: the name of the session."""


class NameOperator(Message, frozen=True):
    """Another person is at the device from the next episode on; empty: no name. A study keeps its codes."""

    name: str


class LabelStates(Message, frozen=True):
    """The viewer has loaded the session's scene again: states that are shown carry this number from now on."""

    generation: int


class ActionChoice(msgspec.Struct, frozen=True):
    """One discrete action and what selects it, or one entry of a continuous action and what drives it."""

    title: str
    """For people, e.g. ``main engine``."""
    push: str
    """As in the scene's description: ``rest``, ``left``, ``right``, ``up``, ``down`` … or ``none``."""


class SessionLoaded(Message, frozen=True, kw_only=True):
    """The worker is ready to start."""

    number: int = 0
    """Of the ``LoadSession`` that this answers."""
    scene: str
    policy_id: str
    policy_name: str
    basis: str
    """A sentence on the data that the probability is based on."""
    action_labels: tuple[str, ...]
    max_steps: int
    rate_hz: float
    robot: str = ""
    """Address of the robot that is driven; empty for a scene."""
    robot_scene: str = ""
    """The scene as which it can be drawn; empty for none."""
    choices: tuple[ActionChoice, ...] = ()
    """The discrete actions of the scene, in the order of ``action_labels``; none where actions are continuous."""
    entries: tuple[ActionChoice, ...] = ()
    """What drives each entry of a continuous action, where the scene says it; none: x, y, z, gripper."""
    problems: tuple[str, ...] = ()
    """What the scene cannot do, and what speaks against its policy, as sentences."""
    robot_cameras: tuple[str, ...] = ()
    """Its cameras, as live cameras are addressed."""
    may_rewind: bool = False
    """The scene can run backwards while a button is held."""
    observation_labels: tuple[str, ...] = ()
    """Of the observation, where commands in words can drive; the window finds there where things are."""


class LoadRefused(Message, frozen=True):
    """Nothing is loaded, because an episode is open; ``SessionLoaded`` follows, with what is loaded still."""

    text: str
    """Why, and what to do."""
    number: int = 0
    """Of the ``LoadSession`` that this answers."""
