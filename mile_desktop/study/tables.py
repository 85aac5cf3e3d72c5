"""A study as tidy tables: one row for each participant, block, episode, answer; for analysis and export."""

import hashlib
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from mile_desktop.storage.catalogue import Catalogue
from mile_desktop.storage.records import SCENE_VERSION, EpisodeRecord
from mile_desktop.storage.workspace import Workspace
from mile_desktop.study.folder import StudyFolder
from mile_desktop.study.participants import Participant
from mile_desktop.study.protocol import LAST_ROUND
from mile_desktop.study.questionnaires import TLX, raw_tlx
from mile_desktop.study.session import ParticipantSession, labels_of

Value = str | int | float | bool | None
Row = dict[str, Value]

_NAME_BYTES = 4


@dataclass(frozen=True, slots=True)
class StudyEpisodeRow:
    """One recorded episode of a participant."""

    who: str
    """Name in the tables."""
    key: str
    counts: bool
    record: EpisodeRecord
    labels: dict[str, str]


class StudyTables:
    """Reads a study once; the workspace stays open while it is used."""

    def __init__(self, study: StudyFolder, workspace: Workspace) -> None:
        self.study = study
        self._workspace = workspace
        file = study.participants()
        self.withdrawn = file.withdrawn
        self.people: tuple[Participant, ...] = tuple(
            sorted(
                (each for each in file.participants if each.consented_at and each.stage != "withdrawing"),
                # By the name in the tables: the order of the rows must not tell the order of the sessions.
                key=lambda each: self.name_of(each.code),
            )
        )

    def name_of(self, code: str) -> str:
        """Return a participant's name in tables: from the code and the study's salt, so that no list leads back."""
        digest = hashlib.blake2b(f"{self.study.identity.salt}:{code}".encode(), digest_size=_NAME_BYTES)
        return f"s{digest.hexdigest()}"

    @cached_property
    def recorded(self) -> tuple[StudyEpisodeRow, ...]:
        """Every episode of the study, by participant, oldest first."""
        catalogue = Catalogue(self._workspace)
        by_code: dict[str, list[EpisodeRecord]] = {}
        for record in catalogue.episodes():
            code = labels_of(record).get("participant")
            if code:
                by_code.setdefault(code, []).append(record)
        found = []
        for person in self.people:
            counted = {each.episode_id: each.step for each in person.episodes}
            practised = 0
            for record in by_code.get(person.code, []):
                labels = labels_of(record)
                key = labels["step"]
                if key == "practice":
                    practised += 1
                    key = f"practice-{practised}"
                elif record.episode_id not in counted:
                    key = f"{key}-cut"
                found.append(
                    StudyEpisodeRow(self.name_of(person.code), key, record.episode_id in counted, record, labels)
                )
        return tuple(found)

    @property
    def counted(self) -> tuple[StudyEpisodeRow, ...]:
        """The episodes that are analysed."""
        return tuple(each for each in self.recorded if each.counts)

    # ── tables ───────────────────────────────────────────────────────────────────────────────────────────────────

    def participants(self) -> Iterator[Row]:
        """Yield the rows of ``participants``."""
        for person in self.people:
            passed = any(each.kind == "practice passed" for each in person.remarks)
            yield {
                "participant": self.name_of(person.code),
                "square_row": person.row + 1,
                "stage": person.stage,
                "simulated": person.simulated,
                "practice_episodes": len(person.practised),
                "practice_met": "practice" in person.done and not passed,
                "consented_at": person.consented_at,
            }

    def blocks(self) -> Iterator[Row]:
        """Yield the rows of ``blocks``: one for each block with an episode that counts."""
        protocol = self.study.protocol
        for person in self.people:
            order = protocol.order(person.row)
            for number, block in enumerate(protocol.blocks):
                mine = [
                    each.record
                    for each in self.counted
                    if each.who == self.name_of(person.code) and each.labels["block"] == str(number + 1)
                ]
                if not mine:
                    continue
                last = [each for each in mine if labels_of(each)["round"] == str(block.rounds)]
                condition = order[number]
                yield {
                    "participant": self.name_of(person.code),
                    "block": number + 1,
                    "condition": condition.name,
                    "scene": block.scene,
                    "show_p": condition.show_p,
                    "calls": condition.calls,
                    "device": condition.device,
                    "method": condition.method,
                    **_measures(mine),
                    **_measures_of_last_round(last),
                    "tlx": _tlx_of(person, number),
                }

    def episodes(self) -> Iterator[Row]:
        """Yield the rows of ``episodes``."""
        people = {self.name_of(each.code): each for each in self.people}
        for each in self.recorded:
            record, labels = each.record, each.labels
            yield {
                "participant": each.who,
                "episode": each.key,
                "block": int(labels["block"]),
                "condition": labels["condition"],
                "round": int(labels["round"]),
                "counts": each.counts,
                "scene": record.start.scene,
                "start": record.start.seed,
                "policy": self._policy_name(people[each.who], each),
                "outcome": record.outcome,
                "steps": record.steps,
                "human_steps": record.human_steps,
                "takeovers": record.takeovers,
                "rate": record.start.rate_hz,
                "drivers": " ".join(record.drivers),
                "mean_p": record.mean_intervention_prob,
                "began_at": record.start.started_at,
            }

    def _policy_name(self, person: Participant, each: StudyEpisodeRow) -> str:
        """Return what drove without an id: ids of policies tell when they were made."""
        for trained in person.policies:
            if trained.policy_id == each.record.start.policy_id:
                return f"retrained at {trained.step}"
        protocol = self.study.protocol
        if not each.labels["condition"]:
            return protocol.practice.policy if protocol.practice is not None else ""
        return protocol.condition(each.labels["condition"]).policy

    def questionnaires(self) -> Iterator[Row]:
        """Yield the rows of ``questionnaires``: one for each answer, and the raw TLX."""
        for person in self.people:
            order = self.study.protocol.order(person.row)
            for given in person.answers:
                shared: Row = {
                    "participant": self.name_of(person.code),
                    "block": given.block + 1,
                    "condition": order[given.block].name if given.block >= 0 else "",
                    "questionnaire": given.questionnaire,
                }
                for item, value in given.values.items():
                    text = value if isinstance(value, str) else None
                    yield {**shared, "item": item, "value": None if text else value, "text": text}
                tlx = raw_tlx(given.values)
                if tlx is not None:
                    yield {**shared, "item": TLX, "value": tlx, "text": None}

    def remarks(self) -> Iterator[Row]:
        """Yield the rows of ``remarks``."""
        for person in self.people:
            for each in person.remarks:
                yield {
                    "participant": self.name_of(person.code),
                    "at_step": each.step,
                    "kind": each.kind,
                    "text": each.text,
                    "at": each.at,
                }

    def versions(self) -> Iterator[Row]:
        """Yield the rows of ``versions``."""
        identity = self.study.identity
        yield {"what": "protocol", "name": self.study.protocol.name, "version": identity.protocol_digest}
        yield {"what": "withdrawn", "name": "participants", "version": str(self.withdrawn)}
        programs: dict[str, int] = {}
        scenes: dict[tuple[str, str], int] = {}
        for each in self.recorded:
            start = each.record.start
            programs[start.software_version] = programs.get(start.software_version, 0) + 1
            key = start.scene, str(start.extra.get(SCENE_VERSION, ""))
            scenes[key] = scenes.get(key, 0) + 1
        for version, count in programs.items():
            yield {"what": "program", "name": "mile-desktop", "version": version, "episodes": count}
        for (scene, version), count in scenes.items():
            yield {"what": "scene", "name": scene, "version": version, "episodes": count}

    def session(self, person: Participant) -> ParticipantSession:
        """Return a participant's session, to look at its plan."""
        return ParticipantSession(self.study, person.code)


def _measures(records: Sequence[EpisodeRecord]) -> Row:
    """Return what is counted over the episodes of a block."""
    successes = sum(each.outcome == "success" for each in records)
    human_steps = sum(each.human_steps for each in records)
    minutes = sum(each.steps / each.start.rate_hz for each in records) / 60.0
    return {
        "episodes": len(records),
        "success": successes / len(records),
        "steps": sum(each.steps for each in records),
        "human_steps": human_steps,
        "takeovers": sum(each.takeovers for each in records),
        "minutes": minutes,
        # For 100 steps: a person drives some hundred steps in a block, and one step for itself is a small number.
        "success_per_human_step": 100.0 * successes / human_steps if human_steps else None,
        "success_per_minute": successes / minutes if minutes > 0 else math.nan,
    }


def _measures_of_last_round(records: Sequence[EpisodeRecord]) -> Row:
    """Return the measures that are also asked of the last round; empty where the block was cut before it."""
    names = ("success_per_minute", "success", "human_steps")
    found = _measures(records) if records else dict.fromkeys(names)
    return {f"{name}{LAST_ROUND}": found[name] for name in names}


def _tlx_of(person: Participant, block: int) -> float | None:
    found = [raw_tlx(each.values) for each in person.answers if each.block == block]
    return next((value for value in found if value is not None), None)
