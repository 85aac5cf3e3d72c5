"""What a line of words is understood as: segments, a question, or a refusal."""

from dataclasses import asdict, dataclass, field, replace
from typing import Any

WORDS = "words"
"""Kind of the operator, recorded with the steps that words drove."""

DIRECTIONS = frozenset(
    {"left", "right", "forward", "back", "up", "down", "towards", "open", "close", "slower", "faster"}
)

OPPOSITE = {
    "left": "right", "right": "left", "forward": "back", "back": "forward", "up": "down", "down": "up",
    "open": "close", "close": "open", "slower": "faster", "faster": "slower",
}  # fmt: skip
"""Direction → the direction that undoes it."""

HORIZONTAL = frozenset({"left", "right", "forward", "back"})
"""Directions that depend on who looks: the camera or the robot."""

GRIPPER = frozenset({"open", "close"})
SPEEDS = {"slower": 0.5, "faster": 2.0}
"""Factor on the speed of everything that follows."""

MAX_MOVE_M = 0.3
"""The longest move of one segment. A person who means more sees where the first one ends before the second."""
MAX_MOVE_S = 3.0
MAX_SEGMENTS = 8
MAX_CHARACTERS = 200


@dataclass(frozen=True, slots=True)
class Segment:
    """One movement."""

    direction: str
    """``left``, ``right``, ``forward``, ``back``, ``up``, ``down``, ``towards``, ``open``, ``close``, ``slower``,
    ``faster`` or ``stop``."""
    amount: float
    """In ``unit``, above 0."""
    unit: str
    """``m``, ``s``, or ``times`` where nothing is measured."""
    frame: str = ""
    """``camera`` or ``robot`` for horizontal directions, else empty."""
    target: str = ""
    """Of ``towards``: the name in the observation's labels."""
    until_touch: bool = False
    """Ends at a contact; ``amount`` is then the most it moves."""

    def within_limits(self) -> bool:
        """Whether the robot may drive it: the amount is above 0 and at most the limit, the direction is known."""
        most = {"m": MAX_MOVE_M, "s": MAX_MOVE_S, "times": 1.0}.get(self.unit, 0.0)
        return self.direction in DIRECTIONS and 0.0 < self.amount <= most

    def opposite(self) -> "Segment | None":
        """Return the segment that undoes this one; None where it ends somewhere that is not known before."""
        if self.direction not in OPPOSITE or self.until_touch:
            return None
        return replace(self, direction=OPPOSITE[self.direction])

    def text(self) -> str:
        """Return the segment for people: ``left 2 cm (camera)``."""
        if self.unit == "times":
            return self.direction
        amount = f"{self.amount * 100:g} cm" if self.unit == "m" else f"{self.amount:g} s"
        where = f" {self.target}" if self.target else ""
        frame = f" ({self.frame})" if self.frame else ""
        touch = " until it touches, at most" if self.until_touch else ""
        return f"{self.direction}{where}{touch} {amount}{frame}"


@dataclass(frozen=True, slots=True)
class Understanding:
    """The meaning of a line. At most one of the three is not empty; with all of them empty there was no text."""

    segments: tuple[Segment, ...] = ()
    ask: tuple[str, ...] = ()
    """At most three complete lines to choose from."""
    refused: str = ""
    """Why nothing moves: what was found and what to type instead."""
    corrected: tuple[tuple[str, str], ...] = field(default=())
    """(typed, read as) for every typing error that was corrected."""
    unfit: bool = False
    """It is refused because its words make no sense together, and not because of a limit or of what came before."""

    @property
    def understood(self) -> bool:
        """Whether the robot may move by it."""
        return bool(self.segments)

    @property
    def makes_sense(self) -> bool:
        """Whether it is understood, or is once a question is answered."""
        return bool(self.segments or self.ask)

    def text(self) -> str:
        """Return the meaning for people, in one line."""
        if self.refused:
            return self.refused
        if self.ask:
            return "Which one? " + "   ".join(f"{number}: {choice}" for number, choice in enumerate(self.ask, 1))
        read = "".join(f" (“{typed}” read as “{known}”)" for typed, known in self.corrected)
        return ", then ".join(segment.text() for segment in self.segments) + read

    def to_json(self) -> dict[str, Any]:
        """Return it as ``mile-desktop words --json`` prints it."""
        segments = [
            {name: value for name, value in asdict(each).items() if value or name in {"amount", "frame"}}
            for each in self.segments
        ]
        return {
            "segments": segments,
            "ask": list(self.ask),
            "refused": self.refused,
            "corrected": dict(self.corrected),
        }
