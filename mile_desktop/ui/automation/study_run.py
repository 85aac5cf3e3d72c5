"""A whole study in the real window, with simulated persons in place of people: through the buttons a person presses."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from mile_desktop.study.participants import Participant
from mile_desktop.study.plan import PlannedStep
from mile_desktop.study.population import POPULATION, Person, draw_person, read_population
from mile_desktop.study.session import ParticipantSession
from mile_desktop.study.simulated_person import AnsweringPerson
from mile_desktop.ui.automation.scripted_run import Condition, ScriptedRun
from mile_desktop.ui.composition import Composition
from mile_desktop.ui.study.episode_runner import EpisodeState

LIMIT_S = 6 * 3600.0
"""No study of a simulation takes longer; a run that hangs ends by it."""
SPEED = 15.0
"""Nobody watches, so the robot's time passes as fast as the processor allows."""
_OPEN = frozenset({EpisodeState.READY, EpisodeState.AGAIN})


@dataclass(frozen=True, slots=True)
class StudyRunPlan:
    """What is simulated."""

    persons: int
    population: Path | None
    """File of the persons; None: the one that ships."""
    pictures: Path | None = None
    """Where pictures of the first session are saved; None: none are."""


class StudyRun(ScriptedRun):
    """Runs every participant of the study that is open in the window; a session that was interrupted goes on.

    Writes one JSON object a line to standard output: a participant after each session, at the end the problems.

    Parameters
    ----------
    parts
        The whole window.
    plan
        Who takes part.
    finish
        Called with the exit status: 0 where every session is finished.
    """

    def __init__(self, parts: Composition, plan: StudyRunPlan, finish: Callable[[int], None]) -> None:
        super().__init__(parts.application, plan.pictures or Path(), limit_s=LIMIT_S)
        self._parts = parts
        self._plan = plan
        self._population = read_population(plan.population or POPULATION)
        self._finish = finish
        self._photographed: set[str] = set()
        # A person could try again; a simulation ends with the reason, and the same command goes on from there.
        parts.study.results.not_trained.connect(self.problem)
        self.resume_holds()

    def _script(self) -> Iterator[Condition]:
        study = self._parts.study.study
        if study is None:
            self.problem("The folder that was opened is no study.")
            return
        self._application.window.show_page("study")
        while len(study.participants().participants) + study.participants().withdrawn < self._plan.persons:
            study.add_participant(simulated=True)
        # An earlier call may have asked for more: those sessions are not this call's.
        people = study.participants().first(self._plan.persons)
        for number, participant in enumerate(people):
            if participant.stage in {"new", "running"}:
                yield from self._session(participant, draw_person(self._population, participant.number - 1))
            self._tell(study.participant(participant.code), number + 1, len(people))
        yield self._after(0.2)
        self._shoot_once("overview")

    def _session(self, participant: Participant, person: Person) -> Iterator[Condition]:
        controller = self._parts.study
        controller.runner.person, controller.runner.speed = person, SPEED
        controller.run(participant.code)
        session = controller.session
        workspace = self._application.workspace
        if session is None or workspace is None:
            self.problem(f"The session of {participant.code} did not begin.")
            return
        answering = AnsweringPerson(session, person, workspace.catalogue)
        while (step := session.step) is not None and controller.session is session:
            if self._plan.pictures and not self._photographed >= {step.kind}:
                yield self._after(0.4)
                self._shoot_once(step.kind)
            yield from self._take(step, session, answering)

    def _take(self, step: PlannedStep, session: ParticipantSession, answering: AnsweringPerson) -> Iterator[Condition]:
        """Do what a person does at this step, with the widgets."""
        controller, view = self._parts.study, self._parts.study.page.session
        if step.kind in {"episode", "practice"}:
            yield lambda: controller.runner.state in _OPEN
            before = len(session.participant.practised)

            def over() -> bool:
                return session.step != step or len(session.participant.practised) > before

            controller.bar.begin.click()
            # A short episode may be over before this is asked for the first time.
            yield lambda: over() or controller.runner.state not in _OPEN
            if self._plan.pictures and f"{step.condition}-running" not in self._photographed and not over():
                yield self._after(0.6)
                self._shoot_once(f"{step.condition}-running")
            yield lambda: over() or controller.runner.state in _OPEN
            return
        if step.kind == "training":
            yield lambda: session.step != step
            return
        if step.kind == "consent":
            view.agree.setChecked(True)
        elif step.kind == "questionnaire" and view.form is not None:
            view.form.fill(answering.answers(step))
            if self._plan.pictures:
                yield self._after(0.2)
                self._shoot_once(f"{step.kind}-{step.number}")
        view.go_on.click()
        yield lambda: session.step != step

    def _shoot_once(self, name: str) -> None:
        if self._plan.pictures and name not in self._photographed:
            self._photographed.add(name)
            self._shoot(f"study-{name}")

    def _tell(self, each: Participant, done: int, of: int) -> None:
        fields = {"participant": each.code, "stage": each.stage, "episodes": len(each.episodes), "done": done, "of": of}
        self._say(json.dumps(fields))

    def _ended(self) -> None:
        # Whatever happened, nobody is there to answer a question.
        self._application.window.ask_before_closing(lambda: True)
        self._say(json.dumps({"problems": self.problems}))
        self._finish(1 if self.problems else 0)
