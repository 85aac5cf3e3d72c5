"""From a line of words to segments: a grammar over tokens, what was said before, and limits."""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from lark import Lark, Token, Transformer, UnexpectedInput
from lark.exceptions import VisitError
from lark.lexer import Lexer

from mile_desktop.operators.words import segment as limits
from mile_desktop.operators.words.segment import Segment, Understanding
from mile_desktop.operators.words.vocabulary import FOLDER, Reading, Vocabulary
from mile_desktop.operators.words.vocabulary import Token as Read

BIT_M = 0.02
"""“A bit”, and a direction without an amount: small beside the bodies of every scene."""
LOT_M = 0.10
_TOWARDS_M = 0.05
_UNTIL_TOUCH_M = 0.20
_METRES = {"mm": 0.001, "cm": 0.01, "m": 1.0}
_SMALLEST_M = 0.0005
"""Below this the robot would not move visibly; a typing error such as 0 cm is more likely."""
_MOST_CHOICES = 3
"""One for each of the keys 1 to 3."""
_STOP = Understanding((Segment("stop", 1.0, "times"),))
_BEFORE_SEPARATOR = re.compile(r" ([,;.!?])")


# Exceptions, because a method of lark's transformer can end the parse in no other way. lark wraps them in VisitError,
# and ``_meaning`` makes them answers again.
class _Refusal(Exception):  # noqa: N818 - not an error: an answer
    """The line is refused with this reason."""


class _Question(Exception):  # noqa: N818 - not an error: an answer
    """The line has several meanings; the arguments are complete lines."""


class Interpreter:
    """Understands the lines of one person in one scene, in their order.

    It remembers the last line's segments for *again*, *more* and *undo*, and the frame that left and right count in
    once the person has chosen it.

    Parameters
    ----------
    vocabulary
        Words of the language and of the scene.
    frame
        ``camera`` or ``robot``; empty: ask when it is needed for the first time.
    """

    def __init__(self, vocabulary: Vocabulary, *, frame: str = "") -> None:
        self.frame = frame
        self._vocabulary = vocabulary
        self._last: tuple[Segment, ...] = ()

    def interpret(self, line: str) -> Understanding:
        """Return the meaning of ``line`` without remembering it: for a preview while it is typed."""
        if self._vocabulary.stops(line):
            # before everything else: a stop is never refused for what stands around it
            return _STOP
        if problem := _unreadable(line):
            return Understanding(refused=problem)
        understood = self._understood(line)
        # A typing error can be a known word, too: “let” for “left”. That is seen only when the line makes no sense.
        return self._with_one_slip(line) or understood if understood.unfit else understood

    def _with_one_slip(self, line: str) -> Understanding | None:
        """Ask for the lines that make sense when one known word of ``line`` was a slip of the fingers."""
        likely = [each for each in self._vocabulary.with_one_slip(line) if self._understood(each).makes_sense]
        return Understanding(ask=tuple(likely[:_MOST_CHOICES])) if likely else None

    def _understood(self, line: str) -> Understanding:
        if self._vocabulary.stops(line):
            return _STOP
        reading = self._vocabulary.read(line)
        if reading.problem:
            return Understanding(refused=reading.problem, corrected=reading.corrected, unfit=True)
        if reading.readings:
            return self._chosen(reading)
        if any(self._vocabulary.stops(known) for _, known in reading.corrected):
            return Understanding(ask=(_line_of(each.typed for each in reading.tokens),), corrected=reading.corrected)
        if not reading.tokens:
            return Understanding()
        return self._meaning(reading)

    def _chosen(self, reading: Reading) -> Understanding:
        """Ask which word was meant; one that makes no sense in the line was not."""
        sensible = [
            (known, line, understood)
            for known, line in reading.readings
            if (understood := self._understood(line)).makes_sense
        ]
        if not sensible:
            return Understanding(refused=self._vocabulary.unfit(reading.unclear, reading.readings[0][0]), unfit=True)
        known, line, understood = sensible[0]
        # A word that is only like a stop is asked about: the line is read at every key, and nothing must end the
        # episode of a person who is still typing another word.
        if len(sensible) > 1 or reading.must_ask or self._vocabulary.stops(line):
            return Understanding(ask=tuple(line for _, line, _ in sensible[:_MOST_CHOICES]))
        return replace(understood, corrected=((reading.unclear, known), *understood.corrected))

    def accept(self, understood: Understanding) -> None:
        """Remember what the robot now does."""
        # Stop and changes of speed are not remembered: "again" repeats a movement.
        moves = tuple(each for each in understood.segments if each.direction not in {"stop", *limits.SPEEDS})
        if moves:
            self._last = moves
        for each in moves:
            # shown with every horizontal move, so a person sees which frame counts
            self.frame = each.frame or self.frame

    def _meaning(self, reading: Reading) -> Understanding:
        try:
            tree = _grammar().parse(reading.tokens)
            segments: tuple[Segment, ...] = _Builder(self._vocabulary, self.frame, self._last, reading).transform(tree)
        except UnexpectedInput as error:
            refused = f"{_unexpected(error, reading)}. Type for example: {self._vocabulary.examples}."
            return Understanding(refused=refused, corrected=reading.corrected, unfit=True)
        except VisitError as error:
            match error.orig_exc:
                case _Refusal() as refusal:
                    return Understanding(refused=str(refusal), corrected=reading.corrected)
                case _Question() as question:
                    return self._asked(question.args[:_MOST_CHOICES], reading)
                case _:
                    raise
        # Counted here and not in the text, because "again" stands for several movements.
        return _limited(Understanding(segments, corrected=reading.corrected))

    def _asked(self, choices: tuple[str, ...], reading: Reading) -> Understanding:
        """Ask which of these lines was meant, of those that can be answered with: 40 up is no 40 cm up."""
        refusals = [self.interpret(line).refused for line in choices]
        possible = tuple(line for line, refused in zip(choices, refusals, strict=True) if not refused)
        if not possible:
            return Understanding(refused=refusals[0], corrected=reading.corrected)
        return Understanding(ask=possible, corrected=reading.corrected)

    @property
    def last(self) -> tuple[Segment, ...]:
        """The movements of the last accepted line."""
        return self._last


def _unreadable(line: str) -> str:
    if len(line) > limits.MAX_CHARACTERS:
        return f"The line has {len(line)} characters; at most {limits.MAX_CHARACTERS} are read. Type fewer commands."
    bad = next((each for each in line if unicodedata.category(each) in {"Cc", "Cf", "Cs", "Co", "Cn"}), "")
    if bad:
        return f"The line has the invisible character U+{ord(bad):04X}; type the command again."
    # The plain form of “1²” is 12, and that of “½” has a sign that no number has.
    small = next((each for each in line if unicodedata.category(each) == "No"), "")
    if small:
        return f"“{small}” is no digit that is read; type the number as 12 or as 0.5."
    return ""


def _limited(understood: Understanding) -> Understanding:
    if len(understood.segments) > limits.MAX_SEGMENTS:
        found = len(understood.segments)
        return replace(
            understood,
            segments=(),
            refused=f"These are {found} movements; at most {limits.MAX_SEGMENTS} are taken at a time.",
        )
    return understood


def _unexpected(error: UnexpectedInput, reading: Reading) -> str:
    found = getattr(error, "token", None)
    typed = found.value.typed if isinstance(found, Token) and isinstance(found.value, Read) else ""
    line = _line_of([each.typed for each in reading.tokens])
    wrong = next((wrong for wrong, known in reading.corrected if known == typed), "")
    if wrong:
        return f"“{wrong}” was read as “{typed}”, which does not fit in “{line}”"
    return f"“{typed}” does not fit in “{line}”" if typed else f"“{line}” is not complete"


def _line_of(words: Iterable[str]) -> str:
    """Return a line that a person could have typed."""
    return _BEFORE_SEPARATOR.sub(r"\1", " ".join(word for word in words if word))


class _TokenLexer(Lexer):
    """Hands the vocabulary's tokens to the grammar."""

    def __init__(self, _: object) -> None:
        """Take nothing from the grammar: the vocabulary has found the tokens."""

    def lex(self, data: Iterable[Read]) -> Iterator[Token]:  # type: ignore[override]  # lark's older, simpler form
        """Yield the tokens as lark has them, with ours as their values and their place in the line."""
        for place, each in enumerate(data):
            yield Token(each.kind, each, start_pos=place)


@lru_cache(maxsize=1)
def _grammar() -> Lark:
    text = (FOLDER / "grammar.lark").read_text(encoding="utf-8")
    return Lark(text, start="line", parser="lalr", lexer=_TokenLexer, maybe_placeholders=True)


@dataclass(frozen=True, slots=True)
class _Amount:
    value: float
    unit: str
    """``m``, ``s``, or empty where the person gave no unit."""
    typed: str
    places: tuple[int, int]
    """Of the first and of the last token."""


class _Builder(Transformer[Token, tuple[Segment, ...]]):
    """Makes segments of a parsed line. A method gets the parts of the rule of its name, ``None`` for one left out.

    lark calls the methods from left to right, so a clause knows the clauses before it.
    """

    def __init__(self, vocabulary: Vocabulary, frame: str, last: tuple[Segment, ...], reading: Reading) -> None:
        super().__init__()
        self._vocabulary = vocabulary
        self._frame = frame
        self._last = last
        self._typed = [each.typed for each in reading.tokens]

    def line(self, parts: list[Any]) -> tuple[Segment, ...]:
        return tuple(segment for part in parts if isinstance(part, tuple) for segment in part)

    # ── amounts ──────────────────────────────────────────────────────────────────────────────────────────────────

    def measured(self, parts: list[Token]) -> _Amount:
        number, unit = (token.value for token in parts)
        places = _place(parts[0]), _place(parts[1])
        if unit.value == "s":
            return _Amount(float(number.value), "s", f"{number.typed} s", places)
        return _Amount(float(number.value) * _METRES[unit.value], "m", f"{number.typed} {unit.typed}", places)

    def bare(self, parts: list[Token]) -> _Amount:
        place = _place(parts[0])
        return _Amount(float(parts[0].value.value), "", parts[0].value.typed, (place, place))

    def bit(self, parts: list[Token]) -> _Amount:
        return self._fixed(parts[0], BIT_M)

    def lot(self, parts: list[Token]) -> _Amount:
        return self._fixed(parts[0], LOT_M)

    def _fixed(self, token: Token, metres: float) -> _Amount:
        return _Amount(metres, "m", token.value.typed, (_place(token), _place(token)))

    # ── clauses ──────────────────────────────────────────────────────────────────────────────────────────────────

    def move(self, parts: list[Any]) -> tuple[Segment, ...]:
        before, _, _, direction, after, _, until, frame = parts
        name: str = direction.value.value
        amount = self._one_amount(before, after)
        if name == "back" and amount is None and until is None and self._last:
            # with something to undo, the word has two meanings that move in different directions
            place = _place(direction), _place(direction)
            undo = self._vocabulary.first("UNDO")
            raise _Question(self._with(place, f"{direction.value.typed} {BIT_M * 100:g} cm"), self._with(place, undo))
        unit, value = self._checked(amount, _UNTIL_TOUCH_M if until is not None else BIT_M)
        where = self._frame_of(frame, parts) if name in limits.HORIZONTAL else ""
        return self._said(Segment(name, value, unit, where, until_touch=until is not None))

    def approach(self, parts: list[Any]) -> tuple[Segment, ...]:
        before, _, _, target, after, _, until = parts
        unit, value = self._checked(
            self._one_amount(before, after), _UNTIL_TOUCH_M if until is not None else _TOWARDS_M
        )
        label: str = target.value.value
        return self._said(Segment("towards", value, unit, target=label, until_touch=until is not None))

    def grip(self, parts: list[Token]) -> tuple[Segment, ...]:
        return self._said(Segment(parts[0].type.lower(), 1.0, "times"))

    def speed(self, parts: list[Token]) -> tuple[Segment, ...]:
        # Not remembered: "again" repeats a movement.
        return (Segment(parts[0].type.lower(), 1.0, "times"),)

    def repeat(self, _: list[Token]) -> tuple[Segment, ...]:
        return self._said(*self._before("repeat"))

    def more(self, parts: list[Any]) -> tuple[Segment, ...]:
        amount = next((part for part in parts if isinstance(part, _Amount)), None)
        last = self._before("continue")
        if amount is None:
            return self._said(*last)
        unit, value = self._checked(amount, BIT_M)
        # Without an amount there is nothing to change: a gripper closes once.
        changed = (replace(each, amount=value, unit=unit) if each.unit != "times" else each for each in last)
        return self._said(*changed)

    def undo(self, _: list[Token]) -> tuple[Segment, ...]:
        last = self._before("undo")
        # Backwards: the last movement has to be undone first.
        opposites = [each.opposite() for each in reversed(last)]
        found = tuple(each for each in opposites if each is not None)
        if len(found) < len(opposites):
            text = ", then ".join(each.text() for each in last)
            raise _Refusal(
                f"“{text}” cannot be undone in words: how far it goes is not known. Rewind, or drive it by hand."
            )
        return self._said(*found)

    def _said(self, *segments: Segment) -> tuple[Segment, ...]:
        """Remember a clause, to which a later one in the same line may refer."""
        self._last = segments
        return segments

    def _before(self, what: str) -> tuple[Segment, ...]:
        if not self._last:
            raise _Refusal(f"There is no command yet to {what}. Type for example: {self._vocabulary.examples}.")
        return self._last

    # ── what is not clear ────────────────────────────────────────────────────────────────────────────────────────

    def _with(self, places: tuple[int, int], text: str) -> str:
        """Return the line with ``text`` in place of the tokens from the first to the last of ``places``."""
        first, last = places
        return _line_of((*self._typed[:first], text, *self._typed[last + 1 :]))

    def _one_amount(self, before: _Amount | None, after: _Amount | None) -> _Amount | None:
        if before is not None and after is not None:
            raise _Question(*(self._with(each.places, "") for each in (after, before)))
        return before or after

    def _checked(self, amount: _Amount | None, default: float) -> tuple[str, float]:
        """Return unit and value within the limits; ask for the unit, refuse what is too far or nothing."""
        if amount is None:
            return "m", default
        if not amount.unit:
            raise _Question(*(self._with(amount.places, f"{amount.typed} {unit}") for unit in ("mm", "cm", "s")))
        most, smallest = (limits.MAX_MOVE_M, _SMALLEST_M) if amount.unit == "m" else (limits.MAX_MOVE_S, 0.05)
        if not smallest <= amount.value <= most:  # also refuses what is not finite
            shown = f"{limits.MAX_MOVE_M * 100:g} cm" if amount.unit == "m" else f"{limits.MAX_MOVE_S:g} s"
            raise _Refusal(f"{amount.typed} is not possible; one movement is above 0 and at most {shown}.")
        return amount.unit, amount.value

    def _frame_of(self, token: Token | None, parts: list[Any]) -> str:
        if token is not None:
            # Later movements of the line count as this one does.
            self._frame = str(token.value.value)
        if not self._frame:
            places = [part.places[1] if isinstance(part, _Amount) else _place(part) for part in parts if part]
            end = max(places)
            frames = (self._vocabulary.first("FRAME", each) for each in ("camera", "robot"))
            raise _Question(*(self._with((end, end), f"{self._typed[end]} {each}") for each in frames))
        return self._frame


def _place(token: Token) -> int:
    place = token.start_pos
    assert place is not None, "our lexer gives every token its place"
    return place
