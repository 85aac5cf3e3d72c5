"""Between two episodes of a robot: a person sees to a checklist, the robot goes to its start, no tick waits."""

from mile_desktop.rollout.live_robot import LiveRobot


class EpisodeGate:
    """What has to be passed before an episode begins; one for each run, on the loop's thread."""

    def __init__(self, live: LiveRobot) -> None:
        self._live = live
        self._opened = False
        self.on_its_way = False
        """The robot goes to its start."""

    @property
    def closed(self) -> bool:
        """Whether a person has to say first that the checklist is seen to."""
        return bool(self._live.checklist) and not self._opened and not self.on_its_way

    def open(self) -> None:
        """Let the next episode begin: a person has seen to the checklist."""
        self._opened = True

    def pass_through(self, seed: int) -> str | None:
        """Take the next step towards the episode that ``seed`` stands for; once in every tick.

        Returns
        -------
        None while the robot is on its way; an empty string when the episode may begin; else why it may not.
        """
        problem: str | None = "" if self.on_its_way else self._live.prepare(seed)
        if not problem:
            problem = self._live.prepared()
        self._opened, self.on_its_way = False, problem is None
        return problem
