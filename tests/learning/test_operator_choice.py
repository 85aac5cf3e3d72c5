from dataclasses import replace

import pytest

from mile_desktop.learning.operator_choice import UnknownOperatorError, of_operators
from mile_desktop.storage.operator_names import NO_NAME, operator_name_of
from mile_desktop.storage.records import EpisodeRecord
from tests.storage.samples import a_start

_WHO = {"a": ("gamepad", "Anna"), "b": ("keyboard", "Ben"), "c": ("gamepad", ""), "d": ("none", ""),
        "e": ("demonstration", "")}  # fmt: skip
RECORDS = [
    EpisodeRecord(replace(a_start(key), operator=kind, operator_name=name), "success", 1, 0, 0, None, recovered=False)
    for key, (kind, name) in _WHO.items()
]


@pytest.mark.parametrize(
    ("names", "found"),
    [((), "abcde"), (("Anna",), "ade"), (("Anna", "Ben"), "abde"), ((NO_NAME,), "cde")],
)
def test_the_chosen_people_and_what_belongs_to_no_person_are_learned_from(names: tuple[str, ...], found: str) -> None:
    assert "".join(each.episode_id for each in of_operators(RECORDS, names)) == found


def test_a_name_that_does_not_occur_is_refused_with_those_that_do() -> None:
    with pytest.raises(UnknownOperatorError, match=r"Anne operated no recorded episode.*: Anna, Ben\."):
        of_operators(RECORDS, ("Anna", "Anne"))


@pytest.mark.parametrize(
    ("typed", "name"), [("  Anna \n B. ", "Anna B."), ("-", ""), ("P07", "P07"), ("x" * 60, "x" * 40), ("王芳", "王芳")]
)
def test_a_name_is_one_short_line_with_a_letter_or_a_digit(typed: str, name: str) -> None:
    assert operator_name_of(typed) == name
