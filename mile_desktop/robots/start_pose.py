"""The window's request that a robot which resets itself goes to a start pose, and what came of it."""

from mile_desktop.robots import protocol as p

RESET_S = 10.0
"""A robot that has not arrived after this time counts as one that cannot."""


class StartPose:
    """Number and seed of the newest request; both are part of every intent until the robot has handled it.

    Used by the thread of the control loop.
    """

    def __init__(self) -> None:
        self.number = 0
        self.seed = 0
        self._until = 0.0

    def request(self, seed: int, state: p.State | None, now: float) -> None:
        """Ask for the start pose of ``seed``, with a number above every request that the robot has handled."""
        self.number = max(self.number, state.reset_done if state else 0) + 1
        self.seed = seed
        self._until = now + RESET_S

    def forget(self) -> None:
        """Start again: the robot's side was restarted and counts from 0."""
        self.number = 0

    def outcome(self, state: p.State | None, obstacle: str, now: float) -> str | None:
        """Return None while the robot is on its way, an empty string after it has arrived, or why it has not.

        ``obstacle`` comes first: after a lost link or a disarmed robot, an arrival says nothing about the present.
        """
        if obstacle:
            return f"The robot did not go to its start pose. {obstacle} Check the robot and begin again."
        if state is not None and state.reset_done >= self.number:
            problem = state.reset_problem
            return f"The robot could not go to its start pose. {problem}" if problem else ""
        if now < self._until:
            return None
        return f"The robot did not reach its start pose within {RESET_S:.0f} s; check the robot and try again."
