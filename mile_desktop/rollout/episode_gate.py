"""What must happen before a robot's episode begins: the checklist is confirmed, then the robot goes to its start."""

from collections.abc import Iterable

from mile_desktop.rollout.live_robot import LiveRobot

PAUSED = "The window asks a question. The robot holds until it is answered."
NOT_CHECKED = "Nothing moves yet. Check and tick first: {points}"


class EpisodeGate:
    """Decides in the worker, not in a button, whether an episode of a robot may begin; used by the loop's thread.

    A window ticks the points with ``tick``, and any way of starting (button, key, pad, command, another message) asks
    ``confirm``, which refuses while a point is missing. Ticks count for one episode only. They carry the number of the
    question, so that a message that was delayed cannot confirm the next question.

    No tick of the loop waits here: each asks again how far the robot is.
    """

    def __init__(self, live: LiveRobot) -> None:
        self._live = live
        self._confirmed = False
        self._ticked: frozenset[str] = frozenset()
        self.number = 1
        """Number of the present question; the next episode has another one."""
        self.on_its_way = False
        """The robot goes to its start."""
        self.paused = ""
        """Why nothing may begin or go on now, as a sentence: the window asks a question. Empty otherwise."""

    @property
    def closed(self) -> bool:
        """Whether a person has to confirm the checklist first."""
        return bool(self._live.checklist) and not self._confirmed and not self.on_its_way

    @property
    def missing(self) -> tuple[str, ...]:
        """The points of the checklist that are not ticked yet for this episode."""
        return tuple(point for point in self._live.checklist if point not in self._ticked)

    def tick(self, number: int, points: Iterable[str]) -> None:
        """Take the points that are ticked now, as an answer to question ``number``; another number is ignored."""
        # The whole set replaces the old one: the message that takes a tick back must count, too.
        if number == self.number:
            self._ticked = frozenset(points)

    def confirm(self) -> str:
        """Let the next episode begin; return why that is refused, or an empty string."""
        if missing := self.missing:
            return NOT_CHECKED.format(points=" ".join(missing))
        self._confirmed = True
        return ""

    def ask_again(self) -> None:
        """Forget what was ticked and confirmed: an episode began, or the run ended."""
        self._confirmed, self._ticked, self.on_its_way = False, frozenset(), False
        self.number += 1

    def pass_through(self, seed: int) -> str | None:
        """Take the next step towards the episode that ``seed`` stands for; once in every tick.

        Returns
        -------
        None while the robot is on its way; an empty string when the episode may begin; else why it may not.
        """
        # ``prepare`` once, then ``prepared`` in each tick: a second ``prepare`` would send the robot to its start
        # again.
        problem: str | None = "" if self.on_its_way else self._live.prepare(seed)
        if not problem:
            problem = self._live.prepared()
        # the ticks stay when the robot could not get there: a person still has to confirm again
        self._confirmed, self.on_its_way = False, problem is None
        return problem
