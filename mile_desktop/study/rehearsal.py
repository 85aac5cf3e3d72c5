"""A session of a simulated person without the window: for the power of a study, and for tests.

The same state machine, the same messages and the same rollout session as in the window; only the window is missing.
"""

from collections.abc import Callable
from contextlib import closing

from mile_desktop.operators.no_operator import NoOperator
from mile_desktop.rollout.clock import SimulatedClock
from mile_desktop.rollout.headless import run_to_the_end
from mile_desktop.rollout.input_devices import simulated_supervisor
from mile_desktop.rollout.messages import EpisodeClosed, Event
from mile_desktop.rollout.session import Session
from mile_desktop.storage.catalogue import Catalogue
from mile_desktop.storage.workspace import Workspace
from mile_desktop.study.block import session_of, start_of
from mile_desktop.study.folder import StudyFolder
from mile_desktop.study.plan import PlannedStep
from mile_desktop.study.population import Person
from mile_desktop.study.session import ParticipantSession
from mile_desktop.study.simulated_person import AnsweringPerson

_GATHER_S = 0.05
"""As in a rollout without a window: steps of simulated time are committed in batches."""


class RehearsalError(RuntimeError):
    """A rehearsal of a protocol that retrains policies is not possible without the window."""


def rehearse(
    study: StudyFolder, code: str, person: Person, *, on_step: Callable[[PlannedStep], None] = lambda _: None
) -> ParticipantSession:
    """Run the whole session of a participant as a simulated person, from where it stands."""
    session = ParticipantSession(study, code)
    with Workspace.open(study.folder, create=False) as workspace:
        answering = AnsweringPerson(session, person, Catalogue(workspace))
        while (step := session.step) is not None:
            if step.kind in {"episode", "practice"}:
                _run_episodes(study, session, step, person)
            elif step.kind == "training":
                raise RehearsalError(f"{step.key}: a rehearsal retrains no policy; use a protocol without a method.")
            else:
                answering.take(step)
            on_step(step)
    return session


def _run_episodes(study: StudyFolder, session: ParticipantSession, step: PlannedStep, person: Person) -> None:
    """Run every episode of the practice, or the rest of a block, in one rollout session."""
    plan = session_of(session, step, study.folder, person=person)
    supervisor = simulated_supervisor(plan.simulated_operator, plan.scene, plan.supervisor_settings) or NoOperator()
    closed: list[EpisodeClosed] = []

    def keep(event: Event) -> None:
        if isinstance(event, EpisodeClosed):
            closed.append(event)

    rollout = Session(plan, supervisor, publish=keep, show=None, clock=SimulatedClock(), gather_s=_GATHER_S)
    with closing(rollout):
        block, kind = step.block, step.kind
        now: PlannedStep | None = step
        while now is not None and (now.block, now.kind) == (block, kind):
            rollout.handle(start_of(session, now))
            run_to_the_end(rollout)
            # The episode is counted only when it is on the disk.
            rollout.recorder.flush()
            episode = closed.pop()
            session.episode_closed(episode.episode_id, episode.outcome)
            now = session.step
