"""What the rollout worker is told for a step of a session: the session to load, the alarm, the episode to start."""

from dataclasses import asdict, dataclass
from pathlib import Path

from mile_desktop.operators.no_operator import NO_SUPERVISOR
from mile_desktop.rollout.messages import LoadSession, SetAlert, StartEpisodes
from mile_desktop.study.folder import LABELS
from mile_desktop.study.plan import PlannedStep
from mile_desktop.study.population import Person
from mile_desktop.study.protocol import Condition
from mile_desktop.study.session import ParticipantSession

RATE_HZ = 20.0
"""Control rate of every study, whatever the window's preference says: people are compared with each other."""
_NEVER_STEPS = 1_000_000
"""An alarm that had to wait so long never comes on."""


@dataclass(frozen=True, slots=True)
class ParticipantView:
    """What a participant may see and use in an episode."""

    show_p: bool = False
    device: str = "any"


def view_of(condition: Condition | None) -> ParticipantView:
    """Return what a condition shows; None: the practice, without p."""
    return ParticipantView() if condition is None else ParticipantView(condition.show_p, condition.device)


def condition_of(session: ParticipantSession, step: PlannedStep) -> Condition | None:
    """Return the condition of a step; None for the practice, which shows neither strip nor calls."""
    return session.condition_of(step) if step.kind == "episode" else None


def session_of(
    session: ParticipantSession, step: PlannedStep, folder: Path, *, person: Person | None = None, speed: float = 1.0
) -> LoadSession:
    """Return the session in which the episodes of ``step`` run; ``person``: a simulated one supervises."""
    condition = condition_of(session, step)
    supervisor = NO_SUPERVISOR if person is None else "segment"
    settings = {} if person is None else asdict(person.settings(condition, RATE_HZ))
    return LoadSession(
        workspace=str(folder),
        scene=step.scene,
        policy=session.policy_of(step),
        simulated_operator=supervisor,
        supervisor_settings=settings,
        gamepad=person is None,
        device="" if condition is None or condition.device == "any" else condition.device,
        guided=True,
        rate_hz=RATE_HZ,
        speed=speed,
        seed=session.start_of(step),
    )


def alert_of(condition: Condition | None) -> SetAlert:
    """Return the alarm of a condition; None: no calls."""
    if condition is None or not condition.calls:
        return SetAlert(threshold=1.0, debounce_steps=_NEVER_STEPS, ask_me=False, sound=False, rumble=False)
    return SetAlert(threshold=condition.threshold, debounce_steps=3, ask_me=False)


def start_of(session: ParticipantSession, step: PlannedStep) -> StartEpisodes:
    """Return the command that starts the next episode of ``step``; raises ``ParticipantError`` before the consent."""
    labels = session.labels(step)
    # The code and never a name, so that episodes of a study can be told apart by person like all others.
    return StartEpisodes(episodes=1, seed=session.start_of(step), notes={LABELS: labels}, operator_name=session.code)
