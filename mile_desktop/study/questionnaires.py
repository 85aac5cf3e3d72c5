"""Questionnaires: the raw NASA-TLX, and a researcher's own rating scales and free text."""

from collections.abc import Mapping
from typing import Annotated, Literal

import msgspec

from mile_desktop.errors import UserError
from mile_desktop.study.names import Name

TLX_STEPS = 5
"""The scales of the NASA-TLX have 21 marks: 0 to 100 in steps of five."""
TLX = "tlx"
"""Name of the mean of the six scales: the raw TLX."""


class AnswerError(UserError, ValueError):
    """An answer is missing, or is not one that the question allows."""


class Item(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One question."""

    name: Name
    """For the tables."""
    kind: Literal["likert", "text", "scale"] = "likert"
    """``likert``: one of ``points`` numbers from 1; ``text``: free text; ``scale``: 0 to 100 as in the NASA-TLX."""
    text: Annotated[str, msgspec.Meta(min_length=1)]
    low: str = ""
    """What the lowest answer means."""
    high: str = ""
    points: Annotated[int, msgspec.Meta(ge=2, le=11)] = 7
    required: bool = True

    def problem(self, value: int | str | None) -> str:
        """Return why ``value`` is no answer, as a sentence; empty where it is one."""
        if value is None or value == "":
            return f"“{self.text}” has no answer yet." if self.required else ""
        if self.kind == "text":
            return "" if isinstance(value, str) else f"“{self.text}”: found {value!r}, expected text."
        first, last = (0, 100) if self.kind == "scale" else (1, self.points)
        if isinstance(value, bool) or not isinstance(value, int) or not first <= value <= last:
            return f"“{self.text}”: found {value!r}, expected a whole number from {first} to {last}."
        return ""


TLX_ITEMS: tuple[Item, ...] = tuple(
    Item(name=name, kind="scale", text=text, low=low, high=high)
    for name, text, low, high in (
        ("mental", "How much thinking, deciding and watching did the task need?", "Very little", "Very much"),
        ("physical", "How much physical effort did the task need?", "Very little", "Very much"),
        ("temporal", "How hurried was the pace of the task?", "Not at all", "Very hurried"),
        ("performance", "How well did you do what you were asked to do?", "Perfectly", "I failed"),
        ("effort", "How hard did you have to work to do as well as you did?", "Very little", "Very hard"),
        ("frustration", "How annoyed, stressed or discouraged were you?", "Not at all", "Very much"),
    )
)
"""The six scales of the NASA-TLX (Hart and Staveland 1988), worded by us; raw: without the weighting of pairs."""


class Questionnaire(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Questions that are asked together."""

    name: Name
    title: str
    when: Literal["block", "end"] = "block"
    """After every block, or once at the end."""
    tlx: bool = False
    """Whether it begins with the six scales of the raw NASA-TLX."""
    items: tuple[Item, ...] = ()

    @property
    def asked(self) -> tuple[Item, ...]:
        """Every question, in order."""
        return (*TLX_ITEMS, *self.items) if self.tlx else self.items

    def checked(self, answers: Mapping[str, int | str | None]) -> dict[str, int | str]:
        """Return the answers that were given, in the order of the questions; raises ``AnswerError``."""
        unknown = set(answers) - {item.name for item in self.asked}
        if unknown:
            raise AnswerError(f"{self.title}: there is no question {', '.join(sorted(unknown))}.")
        for item in self.asked:
            if problem := item.problem(answers.get(item.name)):
                raise AnswerError(problem)
        given: dict[str, int | str] = {}
        for item in self.asked:
            value = answers.get(item.name)
            if value is not None and value != "":
                given[item.name] = value
        return given


def raw_tlx(answers: Mapping[str, int | str]) -> float | None:
    """Return the mean of the six scales, 0 to 100; None where one is missing."""
    values = [answers.get(item.name) for item in TLX_ITEMS]
    numbers = [value for value in values if isinstance(value, int)]
    return sum(numbers) / len(numbers) if len(numbers) == len(values) else None
