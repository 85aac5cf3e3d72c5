"""One participant's session: which step comes next, and what each step leaves on the disk.

A state machine over the plan. Each result is written durably before the next step is shown, so that after a crash the
session goes on at the episode, and no question is asked twice. Window and simulation use it alike.
"""

from collections.abc import Mapping
from typing import Literal

import msgspec

from mile_desktop.storage.catalogue import Catalogue
from mile_desktop.storage.ids import now
from mile_desktop.storage.records import EpisodeRecord
from mile_desktop.study.folder import LABELS, StudyFolder
from mile_desktop.study.participants import (
    Answers,
    Participant,
    ParticipantError,
    Remark,
    RemarkKind,
    StudyEpisode,
    TrainedPolicy,
)
from mile_desktop.study.plan import PlannedStep, questionnaire_of, session_plan
from mile_desktop.study.protocol import Condition

COUNTED = frozenset({"success", "failure", "time limit"})
"""Outcomes of an episode that was run to its end; any other one is run again at the same start."""


class ParticipantSession:
    """The session of one participant; one thread of one process.

    Raises ``ParticipantError`` where the participant is unknown, has withdrawn or was aborted.
    """

    def __init__(self, study: StudyFolder, code: str) -> None:
        self.study = study
        self.protocol = study.protocol
        self.participant: Participant = study.participant(code)
        if self.participant.stage in {"aborted", "withdrawing"}:
            how = "was ended early" if self.participant.stage == "aborted" else "is being withdrawn"
            raise ParticipantError(f"The session of {code} {how} and cannot go on; add another participant.")
        self.plan = session_plan(study.protocol, self.participant.row)

    @property
    def code(self) -> str:
        """The participant's code."""
        return self.participant.code

    @property
    def step(self) -> PlannedStep | None:
        """The step that comes next; None where the session is finished."""
        done = set(self.participant.done)
        return next((each for each in self.plan if each.key not in done), None)

    def condition_of(self, step: PlannedStep) -> Condition:
        """Return the condition of a step of a block."""
        return self.protocol.condition(step.condition)

    # ── steps that are read or answered ──────────────────────────────────────────────────────────────────────────

    def consent(self) -> None:
        """Note that the participant has agreed; only then anything may be recorded."""
        self._expect("consent")
        self._change(consented_at=now(), stage="running", done=(*self.participant.done, "consent"))

    def decline(self) -> None:
        """End the session of a person who does not agree; nothing was recorded of them."""
        self._expect("consent")
        self._change(stage="aborted")

    def go_on(self) -> None:
        """Finish a step that is only read: instructions, a break, the debriefing."""
        step = self._expect("instructions", "break", "debriefing")
        done = (*self.participant.done, step.key)
        self._change(done=done, stage="finished" if step.kind == "debriefing" else self.participant.stage)

    def answer(self, values: Mapping[str, int | str | None]) -> None:
        """Keep the answers to the present questionnaire; raises ``AnswerError``, and then nothing is kept."""
        step = self._expect("questionnaire")
        asked = questionnaire_of(self.protocol, step)
        given = Answers(step=step.key, questionnaire=asked.name, block=step.block, values=asked.checked(values))
        self._change(answers=(*self.participant.answers, given), done=(*self.participant.done, step.key))

    # ── episodes ─────────────────────────────────────────────────────────────────────────────────────────────────

    def start_of(self, step: PlannedStep) -> int:
        """Return the seed of the start of the next episode of this step."""
        practice = self.protocol.practice
        if step.kind == "practice" and practice is not None:
            return practice.starts[len(self.participant.practised) % len(practice.starts)]
        return step.start

    def policy_of(self, step: PlannedStep) -> str:
        """Return the policy that drives the episodes of this step: the condition's, or the newest retrained one."""
        if step.kind == "practice":
            return self.protocol.practice.policy if self.protocol.practice is not None else "initial"
        trained = [each for each in self.participant.policies if each.step.startswith(f"b{step.block + 1}-t")]
        return trained[-1].policy_id if trained else self.condition_of(step).policy

    def labels(self, step: PlannedStep) -> dict[str, str]:
        """Return what is recorded with an episode of this step; nothing may be recorded before the consent."""
        if not self.participant.consented_at:
            raise ParticipantError(f"{self.code} has not consented, so nothing is recorded.")
        return {
            "participant": self.code,
            "step": step.key,
            "block": str(step.block + 1),
            "condition": step.condition,
            "round": str(step.round + 1),
        }

    def episode_closed(self, episode_id: str, outcome: str) -> bool:
        """Count an episode of the present step; return False where it has to be run again at the same start."""
        step = self._expect("episode", "practice")
        if outcome not in COUNTED:
            return False
        attempt = sum(each.step == step.key for each in self.participant.practised) if step.kind == "practice" else 0
        found = StudyEpisode(step=step.key, episode_id=episode_id, outcome=outcome, attempt=attempt + 1)
        if step.kind == "episode":
            episodes = (*self.participant.episodes, found)
            self._change(episodes=episodes, done=(*self.participant.done, step.key))
            return True
        self._change(practised=(*self.participant.practised, found))
        if self.practice_met or self.practice_used_up:
            self._finish_practice("" if self.practice_met else "The criterion was not met.")
        return True

    @property
    def practice_met(self) -> bool:
        """Whether the criterion of the practice is met."""
        practice = self.protocol.practice
        if practice is None:
            return True
        last = self._practised_now()[-practice.within :]
        return sum(each.outcome == "success" for each in last) >= practice.successes

    @property
    def practice_used_up(self) -> bool:
        """Whether no further practice episode is allowed."""
        practice = self.protocol.practice
        return practice is None or len(self._practised_now()) >= practice.at_most

    def _practised_now(self) -> tuple[StudyEpisode, ...]:
        """Return the practice episodes since the practice was begun again."""
        agains = [each for each in self.participant.remarks if each.kind == "practice again"]
        first = int(agains[-1].text.rpartition(" ")[2]) if agains else 0
        return self.participant.practised[first:]

    def pass_practice(self, reason: str) -> None:
        """Go on without the criterion, because the experimenter says so."""
        self._expect("practice")
        self._finish_practice(reason or "The experimenter went on.")

    def practise_again(self) -> None:
        """Begin the practice again: the criterion counts from here. Only before the first episode of a block."""
        if self.participant.episodes:
            raise ParticipantError("The blocks have begun; the practice cannot be repeated any more.")
        if "practice" not in {each.key for each in self.plan}:
            raise ParticipantError("The protocol has no practice.")
        done = tuple(each for each in self.participant.done if each != "practice")
        text = f"From episode {len(self.participant.practised)}"
        self._change(done=done, remarks=(*self.participant.remarks, self._remark("practice again", text)))

    def _finish_practice(self, reason: str) -> None:
        remarks = self.participant.remarks
        if reason:
            remarks = (*remarks, self._remark("practice passed", reason))
        self._change(done=(*self.participant.done, "practice"), remarks=remarks)

    def cut_block(self, reason: str) -> None:
        """Leave out the episodes of the block that are not run yet: its time is over."""
        step = self._expect("episode", "training")
        left = [
            each.key
            for each in self.plan
            if each.block == step.block and each.kind in {"episode", "training"}
            and each.key not in self.participant.done
        ]  # fmt: skip
        remarks = (*self.participant.remarks, self._remark("block cut", f"{len(left)} steps left out. {reason}"))
        self._change(done=(*self.participant.done, *left), remarks=remarks)

    def trained(self, policy_id: str) -> None:
        """Keep the policy that was retrained for the rest of the block."""
        step = self._expect("training")
        new = TrainedPolicy(step=step.key, policy_id=policy_id)
        self._change(policies=(*self.participant.policies, new), done=(*self.participant.done, step.key))

    def skip_training(self, reason: str) -> None:
        """Go on with the policy as it was, because it cannot be retrained; the record says so."""
        step = self._expect("training")
        remarks = (*self.participant.remarks, self._remark("not retrained", reason))
        self._change(done=(*self.participant.done, step.key), remarks=remarks)

    # ── the experimenter ─────────────────────────────────────────────────────────────────────────────────────────

    def note(self, text: str, kind: Literal["note", "pause"] = "note") -> None:
        """Keep a note of the experimenter."""
        self._change(remarks=(*self.participant.remarks, self._remark(kind, text)))

    def abort(self, reason: str) -> None:
        """End the session early; what was recorded is kept. Raises ``ParticipantError`` without a reason."""
        if not reason.strip():
            raise ParticipantError("A session is ended early with a reason; write one.")
        self._change(stage="aborted", remarks=(*self.participant.remarks, self._remark("abort", reason.strip())))

    # ── after a crash ────────────────────────────────────────────────────────────────────────────────────────────

    def settle(self, catalogue: Catalogue) -> None:
        """Count an episode that reached the disk, but not this participant's file, before the program ended."""
        known = {each.episode_id for each in (*self.participant.episodes, *self.participant.practised)}
        for record in catalogue.episodes():
            step = self.step
            if step is None or step.kind not in {"episode", "practice"}:
                return
            labels = labels_of(record)
            mine = labels.get("participant") == self.code and labels.get("step") == step.key
            if mine and record.episode_id not in known and not record.recovered:
                self.episode_closed(record.episode_id, record.outcome)

    # ── inside ───────────────────────────────────────────────────────────────────────────────────────────────────

    def _expect(self, *kinds: str) -> PlannedStep:
        step = self.step
        if step is None or step.kind not in kinds:
            now_at = step.kind if step else "finished"
            raise ParticipantError(f"The session of {self.code} is at “{now_at}”, not at {' or '.join(kinds)}.")
        return step

    def _remark(self, kind: RemarkKind, text: str) -> Remark:
        step = self.step
        return Remark(step=step.key if step else "", kind=kind, text=text, at=now())

    def _change(self, **fields: object) -> None:
        # The disk first: what is in memory is never ahead of what a power cut would leave.
        self.participant = self.study.change(self.code, lambda found: msgspec.structs.replace(found, **fields))


def labels_of(record: EpisodeRecord) -> dict[str, str]:
    """Return what ``ParticipantSession.labels`` recorded with an episode; empty for one outside of a study."""
    found = record.start.extra.get(LABELS)
    return found if isinstance(found, dict) else {}
