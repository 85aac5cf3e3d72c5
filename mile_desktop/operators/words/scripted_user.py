"""A simulated person who only has words: turns what the expert would do into typed commands, with time for typing."""

from dataclasses import dataclass, replace

import numpy as np

from mile_desktop.arrays import Float32Array
from mile_desktop.operators.operator import Expert, Operator, OperatorContext, OperatorReading
from mile_desktop.operators.words.interpreter import Interpreter
from mile_desktop.operators.words.operator import DrivenBody, WordsOperator
from mile_desktop.operators.words.segment import WORDS
from mile_desktop.operators.words.vocabulary import Vocabulary


@dataclass(frozen=True, slots=True)
class TypingSettings:
    """How fast the person types and how far they plan; raises ``ValueError`` for impossible values."""

    think_s: float = 0.6
    """From the decision to the first key."""
    characters_s: float = 5.0
    """Typed characters a second: sixty words a minute."""
    ahead_s: float = 0.3
    """A command covers the way that the expert would take in this time."""
    least: float = 0.15
    """Entries of the expert's action below this are not put into words."""

    def __post_init__(self) -> None:
        if self.think_s < 0 or min(self.characters_s, self.ahead_s, self.least) <= 0:
            raise ValueError(f"{self} has a time that is not above 0.")


_AXES = (("forward", "back"), ("left", "right"), ("up", "down"))
_CENTIMETRE = 0.01
_HALVES = 2.0


class WordsSupervisor:
    """Decides like ``watcher``, acts only by commands; ``Operator``.

    When the watcher would take over, the person types a command for what the expert would do at that moment. The policy
    goes on until the line is finished. Then the command drives, in the same grammar, operator and limits as a real
    person's, and by the time it ends the world may have changed. If the watcher is still not content, the person types
    the next command.

    Parameters
    ----------
    expert
        What the person would do with their hands.
    watcher
        When they would step in.
    body
        The robot that words drive.
    """

    kind = WORDS
    device = "Simulated person with words"
    instruction = "takes over by itself"

    def __init__(
        self, expert: Expert, watcher: Operator, body: DrivenBody, settings: TypingSettings | None = None
    ) -> None:
        self._expert = expert
        self._watcher = watcher
        self._body = body
        self._settings = settings or TypingSettings()
        self._interpreter = Interpreter(Vocabulary("en"), frame="robot")
        self._words = WordsOperator()
        self._words.begin_session(body)
        self._line = ""
        self._ready_in = 0
        self._wants = False

    def reset(self, seed: int) -> None:
        """Begin a new episode."""
        self._watcher.reset(seed)
        self._words.reset(seed)
        self._line, self._ready_in, self._wants = "", 0, False

    def poll(self, context: OperatorContext) -> OperatorReading:
        """Drive a typed command, type on, or begin to type."""
        # The watcher believes that it drives from its decision on, as a person does who is typing.
        wants = self._watcher.poll(replace(context, intervening=self._wants)).takeover
        self._wants = wants
        if self._line:
            self._ready_in -= 1
            if self._ready_in <= 0:
                self._enter()
        elif wants and not self._words.driving:
            self._begin_line(context.observation)
        return self._words.poll(context)

    def _begin_line(self, observation: Float32Array) -> None:
        self._line = self.command(self._expert(observation))
        typing_s = self._settings.think_s + len(self._line) / self._settings.characters_s
        self._ready_in = round(typing_s * self._body.rate_hz)

    def _enter(self) -> None:
        line, self._line = self._line, ""
        understood = self._interpreter.interpret(line)
        if understood.understood and not self._words.problem(understood.segments):
            self._interpreter.accept(understood)
            self._words.drive(understood.segments, words=f"{line} → {understood.text()}", view_yaw_deg=0.0)

    def command(self, intended: Float32Array) -> str:
        """Return the command for an action of the expert; empty where it rests.

        The longest way and the grip, which are typed in two seconds. A line with all three ways takes five, and then
        the world is another one.
        """
        if self._body.pushes:
            return self._push(intended)
        reach = self._body.max_speed * self._settings.ahead_s
        ways = []
        for amount, names in zip(intended[:3].tolist(), _AXES, strict=False):
            # In half centimetres, as people estimate distances.
            length = round(abs(amount) * reach / _CENTIMETRE * _HALVES) / _HALVES
            if abs(amount) >= self._settings.least and length > 0:
                ways.append((length, f"{length:g} cm {names[0] if amount > 0 else names[1]}"))
        parts = [text for _, text in sorted(ways, reverse=True)[:1]]
        if len(intended) > 3 and abs(intended[3]) >= self._settings.least:
            parts.append("close" if intended[3] > 0 else "open")
        return ", ".join(parts)

    def _push(self, intended: Float32Array) -> str:
        push = self._body.pushes[int(np.argmax(intended))]
        return f"{push} for {self._settings.ahead_s:g} s" if push in {"left", "right", "up", "down"} else ""

    def close(self) -> None:
        """Release the watcher."""
        self._watcher.close()
