"""What a simulated person does between the episodes: agrees, reads, rests and answers."""

import numpy as np

from mile_desktop.storage.catalogue import Catalogue
from mile_desktop.study.plan import PlannedStep, questionnaire_of
from mile_desktop.study.population import Person
from mile_desktop.study.session import ParticipantSession


class AnsweringPerson:
    """The answers of one simulated person; the same after an interruption as without one."""

    def __init__(self, session: ParticipantSession, person: Person, catalogue: Catalogue) -> None:
        self._session = session
        self._person = person
        self._catalogue = catalogue

    def take(self, step: PlannedStep) -> None:
        """Finish a step in which no robot moves."""
        if step.kind == "consent":
            self._session.consent()
        elif step.kind == "questionnaire":
            self._session.answer(self.answers(step))
        else:
            self._session.go_on()

    def answers(self, step: PlannedStep) -> dict[str, int | str | None]:
        """Return the answers to the questionnaire of ``step``."""
        condition = self._session.condition_of(step) if step.condition else None
        # A stream for each step, and counts from the disk: an interrupted session answers as an uninterrupted one does.
        place = [each.key for each in self._session.plan].index(step.key)
        rng = np.random.default_rng([self._person.number, place])
        asked = questionnaire_of(self._session.protocol, step)
        return dict(self._person.answers(asked, condition, self._human_share(step.block), rng))

    def _human_share(self, block: int) -> float:
        """Return the share of the block's steps that the person drove."""
        prefix = f"b{block + 1}-e"
        mine = [each.episode_id for each in self._session.participant.episodes if each.step.startswith(prefix)]
        records = [self._catalogue.episode(each) for each in mine]
        return sum(each.human_steps for each in records) / max(1, sum(each.steps for each in records))
