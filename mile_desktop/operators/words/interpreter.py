"""From a line of words to segments: a grammar over tokens, what was said before, and limits."""

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
            return Understanding((Segment("stop", 1.0, "times"),))
        if problem := _unreadable(line):
            return Understanding(refused=problem)
        reading = self._vocabulary.read(line)
        if reading.problem or reading.ask:
            return Understanding(ask=reading.ask, refused=reading.problem, corrected=reading.corrected)
        if not reading.tokens:
            return Understanding()
        return self._meaning(line, reading)

    def accept(self, understood: Understanding) -> None:
        """Remember what the robot now does."""
        # Stop and changes of speed are not remembered: "again" repeats a movement.
        moves = tuple(each for each in understood.segments if each.direction not in {"stop", *limits.SPEEDS})
        if moves:
            self._last = moves
        for each in moves:
            # shown with every horizontal move, so a person sees which frame counts
            self.frame = each.frame or self.frame

    def _meaning(self, line: str, reading: Reading) -> Understanding:
        try:
            tree = _grammar().parse(reading.tokens)
            segments: tuple[Segment, ...] = _Builder(self, line).transform(tree)
        except UnexpectedInput as error:
            return Understanding(refused=_unexpected(error, reading.tokens), corrected=reading.corrected)
        except VisitError as error:
            match error.orig_exc:
                case _Refusal() as refusal:
                    return Understanding(refused=str(refusal), corrected=reading.corrected)
                case _Question() as question:
                    return Understanding(ask=question.args[:3], corrected=reading.corrected)
                case _:
                    raise
        # Counted here and not in the text, because "again" stands for several movements.
        return _limited(Understanding(segments, corrected=reading.corrected))

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


def _unexpected(error: UnexpectedInput, tokens: tuple[Read, ...]) -> str:
    found = getattr(error, "token", None)
    typed = found.value.typed if isinstance(found, Token) and isinstance(found.value, Read) else ""
    line = " ".join(each.typed for each in tokens)
    where = f"“{typed}” does not fit in “{line}”" if typed else f"“{line}” is not complete"
    return f"{where}. Type for example: left a bit, 3 cm up, down until it touches, open."


class _TokenLexer(Lexer):
    """Hands the vocabulary's tokens to the grammar."""

    def __init__(self, _: object) -> None:
        """Take nothing from the grammar: the vocabulary has found the tokens."""

    def lex(self, data: Iterable[Read]) -> Iterator[Token]:  # type: ignore[override]  # lark's older, simpler form
        """Yield the tokens as lark has them, with ours as their values."""
        for each in data:
            yield Token(each.kind, each)


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


class _Builder(Transformer[Token, tuple[Segment, ...]]):
    """Makes segments of a parsed line. A method gets the parts of the rule of its name, ``None`` for one left out."""

    def __init__(self, interpreter: Interpreter, line: str) -> None:
        super().__init__()
        self._interpreter = interpreter
        self._line = line

    def line(self, parts: list[Any]) -> tuple[Segment, ...]:
        return tuple(segment for part in parts if isinstance(part, tuple) for segment in part)

    def measured(self, parts: list[Token]) -> _Amount:
        number, unit = (token.value for token in parts)
        if unit.value == "s":
            return _Amount(float(number.value), "s", f"{number.typed} s")
        return _Amount(float(number.value) * _METRES[unit.value], "m", f"{number.typed} {unit.typed}")

    def bare(self, parts: list[Token]) -> _Amount:
        return _Amount(float(parts[0].value.value), "", parts[0].value.typed)

    def bit(self, parts: list[Token]) -> _Amount:
        return _Amount(BIT_M, "m", parts[0].value.typed)

    def lot(self, parts: list[Token]) -> _Amount:
        return _Amount(LOT_M, "m", parts[0].value.typed)

    def move(self, parts: list[Any]) -> tuple[Segment, ...]:
        before, direction, after, until, frame = parts
        name: str = direction.value.value
        amount = self._one_amount(before, after)
        if name == "back" and amount is None and until is None and self._interpreter.last:
            # with something to undo, the word has two meanings that move in different directions
            raise _Question(f"back {BIT_M * 100:g} cm", "undo")
        unit, value = self._checked(amount, _UNTIL_TOUCH_M if until is not None else BIT_M)
        where = self._frame(frame) if name in limits.HORIZONTAL else ""
        return (Segment(name, value, unit, where, until_touch=until is not None),)

    def approach(self, parts: list[Any]) -> tuple[Segment, ...]:
        before, _, target, after, until = parts
        unit, value = self._checked(
            self._one_amount(before, after), _UNTIL_TOUCH_M if until is not None else _TOWARDS_M
        )
        label: str = target.value.value
        return (Segment("towards", value, unit, target=label, until_touch=until is not None),)

    def grip(self, parts: list[Token]) -> tuple[Segment, ...]:
        return (Segment(parts[0].type.lower(), 1.0, "times"),)

    def speed(self, parts: list[Token]) -> tuple[Segment, ...]:
        return (Segment(parts[0].type.lower(), 1.0, "times"),)

    def repeat(self, _: list[Token]) -> tuple[Segment, ...]:
        return self._last("repeat")

    def more(self, parts: list[Any]) -> tuple[Segment, ...]:
        amount = parts[1]
        last = self._last("continue")
        if amount is None:
            return last
        unit, value = self._checked(amount, BIT_M)
        # Without an amount there is nothing to change: a gripper closes once.
        return tuple(replace(each, amount=value, unit=unit) if each.unit != "times" else each for each in last)

    def undo(self, _: list[Token]) -> tuple[Segment, ...]:
        # Backwards: the last movement has to be undone first.
        opposites = [each.opposite() for each in reversed(self._last("undo"))]
        found = tuple(each for each in opposites if each is not None)
        if len(found) < len(opposites):
            last = ", then ".join(each.text() for each in self._interpreter.last)
            raise _Refusal(
                f"“{last}” cannot be undone in words: how far it goes is not known. Rewind, or drive it by hand."
            )
        return found

    def _last(self, what: str) -> tuple[Segment, ...]:
        if not self._interpreter.last:
            raise _Refusal(f"There is no command yet to {what}. Type for example: left a bit.")
        return self._interpreter.last

    def _one_amount(self, before: _Amount | None, after: _Amount | None) -> _Amount | None:
        if before is not None and after is not None:
            raise _Question(*(self._line.replace(each.typed, "", 1).strip() for each in (after, before)))
        return before or after

    def _checked(self, amount: _Amount | None, default: float) -> tuple[str, float]:
        """Return unit and value within the limits; ask for the unit, refuse what is too far or nothing."""
        if amount is None:
            return "m", default
        if not amount.unit:
            raise _Question(
                *(self._line.replace(amount.typed, f"{amount.typed} {unit}", 1) for unit in ("mm", "cm", "s"))
            )
        most, smallest = (limits.MAX_MOVE_M, _SMALLEST_M) if amount.unit == "m" else (limits.MAX_MOVE_S, 0.05)
        if not smallest <= amount.value <= most:  # also refuses what is not finite
            shown = f"{limits.MAX_MOVE_M * 100:g} cm" if amount.unit == "m" else f"{limits.MAX_MOVE_S:g} s"
            raise _Refusal(f"{amount.typed} is not possible; one movement is above 0 and at most {shown}.")
        return amount.unit, amount.value

    def _frame(self, token: Token | None) -> str:
        if token is not None:
            return str(token.value.value)
        if not self._interpreter.frame:
            raise _Question(f"{self._line} seen by the camera", f"{self._line} seen by the robot")
        return self._interpreter.frame
