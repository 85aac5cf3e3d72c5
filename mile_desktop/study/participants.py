"""The participants of a study: codes, how far each has come, answers and notes. Never a name."""

from typing import Literal

import msgspec

from mile_desktop.errors import UserError


class ParticipantError(UserError):
    """There is no such participant, or what is asked is not possible with this one."""


class StudyEpisode(msgspec.Struct, frozen=True, kw_only=True):
    """An episode that counts as one step of the plan."""

    step: str
    """Key of the step."""
    episode_id: str
    outcome: str
    attempt: int = 1
    """Which attempt at this step it was: above 1 after a crash or a discarded episode."""


class Answers(msgspec.Struct, frozen=True, kw_only=True):
    """The answers to one questionnaire."""

    step: str
    questionnaire: str
    block: int
    """Number of the block that was asked about; −1 at the end of the session."""
    values: dict[str, int | str]


RemarkKind = Literal["note", "pause", "practice again", "practice passed", "block cut", "not retrained", "abort"]


class Remark(msgspec.Struct, frozen=True, kw_only=True):
    """What the experimenter noted or did."""

    step: str
    kind: RemarkKind
    text: str
    at: str
    """UTC, ISO 8601."""


class TrainedPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """A policy that was retrained from this participant's episodes of one block."""

    step: str
    policy_id: str


Stage = Literal["new", "running", "finished", "aborted", "withdrawing"]


class Participant(msgspec.Struct, frozen=True, kw_only=True):
    """One participant; every change is a new value that is written to the disk at once."""

    code: str
    """``P01`` …; who that is, only the researcher's own list says."""
    row: int
    """Row of the Latin square."""
    stage: Stage = "new"
    consented_at: str = ""
    """UTC, ISO 8601; nothing is recorded before."""
    done: tuple[str, ...] = ()
    """Keys of the finished steps, in order."""
    practised: tuple[StudyEpisode, ...] = ()
    episodes: tuple[StudyEpisode, ...] = ()
    answers: tuple[Answers, ...] = ()
    policies: tuple[TrainedPolicy, ...] = ()
    remarks: tuple[Remark, ...] = ()
    simulated: bool = False
    """A simulated supervisor, not a person."""

    @property
    def number(self) -> int:
        """Place in the order in which participants were added, from 1; withdrawals change no number."""
        return int(self.code[1:])


class ParticipantFile(msgspec.Struct, frozen=True, kw_only=True):
    """``participants.json``: everybody who takes part, and how many withdrew."""

    format: int = 1
    next_number: int = 1
    """A code is never given twice, also not after a withdrawal."""
    withdrawn: int = 0
    participants: tuple[Participant, ...] = ()

    def find(self, code: str) -> Participant:
        """Return the participant of that code; raises ``ParticipantError``."""
        for each in self.participants:
            if each.code == code:
                return each
        known = ", ".join(each.code for each in self.participants) or "none yet"
        raise ParticipantError(f"The study has no participant {code!r}; it has {known}.")

    def first(self, count: int) -> tuple[Participant, ...]:
        """Return those of the first ``count`` participants who have not withdrawn."""
        # By the code and not by the place: after a withdrawal everybody stays who they are.
        return tuple(each for each in self.participants if each.number <= count)

    def replaced(self, participant: Participant) -> "ParticipantFile":
        """Return the file with this participant's new value."""
        self.find(participant.code)
        changed = tuple(participant if each.code == participant.code else each for each in self.participants)
        return msgspec.structs.replace(self, participants=changed)

    def added(self, rows: int, *, simulated: bool = False) -> tuple["ParticipantFile", Participant]:
        """Return the file with a new participant, and that participant.

        The row is the one that the fewest have, so that the order stays balanced when someone withdraws or is aborted.
        """
        counted = [each.row for each in self.participants if each.stage not in {"aborted", "withdrawing"}]
        row = min(range(rows), key=lambda each: (counted.count(each), each))
        new = Participant(code=f"P{self.next_number:02d}", row=row, simulated=simulated)
        file = msgspec.structs.replace(self, next_number=self.next_number + 1, participants=(*self.participants, new))
        return file, new

    def without(self, code: str) -> "ParticipantFile":
        """Return the file without a participant who withdrew; only their number is kept."""
        self.find(code)
        left = tuple(each for each in self.participants if each.code != code)
        return msgspec.structs.replace(self, participants=left, withdrawn=self.withdrawn + 1)


def participants_text(count: int) -> str:
    """Return ``1 participant`` or ``3 participants``."""
    return "1 participant" if count == 1 else f"{count} participants"
