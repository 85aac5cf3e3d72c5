"""Whose episodes a training learns from, where several people share a robot."""

from collections.abc import Sequence

from mile_desktop.errors import UserError
from mile_desktop.storage.operator_names import NO_NAME, NO_PERSON
from mile_desktop.storage.records import EpisodeRecord


class UnknownOperatorError(UserError, ValueError):
    """A person who was chosen operated no episode of the scene; the message names those who did."""


def of_operators(records: Sequence[EpisodeRecord], names: Sequence[str]) -> tuple[EpisodeRecord, ...]:
    """Return the episodes of these people, and those without a person; without names, all episodes.

    Whole episodes and not takeovers alone: p learns from the steps in which a person let the robot drive, too, and
    another person's patience would be mixed into it.

    Raises
    ------
    UnknownOperatorError
        A name does not occur.
    """
    if not names:
        return tuple(records)
    found = {_name(each) for each in records if each.start.operator not in NO_PERSON}
    if missing := [each for each in names if each not in found]:
        known = ", ".join(sorted(found - {NO_NAME})) or "no names"
        raise UnknownOperatorError(
            f"{missing[0]} operated no recorded episode of this scene; those with episodes: {known}."
        )
    return tuple(each for each in records if each.start.operator in NO_PERSON or _name(each) in names)


def _name(record: EpisodeRecord) -> str:
    return record.start.operator_name or NO_NAME
