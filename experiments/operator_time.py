"""How long an operator was busy, from the phases recorded with every step."""

from collections.abc import Iterable
from dataclasses import dataclass

from mile_desktop.rollout.phases import Phase
from mile_desktop.storage.records import Episode


@dataclass(frozen=True, slots=True)
class OperatorTime:
    """Seconds of an operator's attention; idle time between episodes is not counted."""

    watching_s: float
    """The robot drove and the operator had to watch it."""
    driving_s: float
    """The operator drove."""

    @property
    def minutes(self) -> float:
        """Both together, in minutes."""
        return (self.watching_s + self.driving_s) / 60


def operator_time(episodes: Iterable[Episode]) -> OperatorTime:
    """Return the time of all ``episodes``, each step lasting one control period of its episode."""
    watching = driving = 0.0
    for episode in episodes:
        # By phase and not by ν: a person who holds the takeover and commands nothing is busy, too.
        driven = sum(phase == Phase.TAKEOVER for phase in episode.control_phase)
        driving += driven / episode.record.start.rate_hz
        watching += (len(episode) - driven) / episode.record.start.rate_hz
    return OperatorTime(watching, driving)
