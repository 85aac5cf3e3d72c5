"""A position among recorded steps, and how it moves with time; no Qt."""

from dataclasses import dataclass, replace

SPEEDS = (0.25, 0.5, 1.0, 2.0, 4.0, 8.0)
"""Times the speed of the robot."""


@dataclass(frozen=True, slots=True)
class Playback:
    """A position among ``length`` rows, and whether it moves."""

    length: int = 0
    rate_hz: float = 20.0
    position: float = 0.0
    """In rows; the fraction is the part of the next row's time that has passed."""
    speed: float = 1.0
    playing: bool = False

    @property
    def row(self) -> int:
        """The row that is shown."""
        return int(self.position)

    @property
    def at_end(self) -> bool:
        """Whether this is the last row."""
        return self.row >= self.length - 1

    def at(self, row: int) -> "Playback":
        """Return it at the nearest row of the recording; it moves or not as before."""
        # Clamped: keys and clicks may ask for rows beyond the ends.
        return replace(self, position=float(min(max(row, 0), max(self.length - 1, 0))))

    def stepped(self, rows: int) -> "Playback":
        """Return it ``rows`` further (or back), paused."""
        return replace(self.at(self.row + rows), playing=False)

    def toggled(self) -> "Playback":
        """Return it paused or playing; at the end it plays from the start."""
        # A single row would end as soon as it starts.
        if self.playing or self.length < 2:
            return replace(self, playing=False)
        return replace(self, playing=True, position=0.0 if self.at_end else self.position)

    def faster(self, steps: int) -> "Playback":
        """Return it at the next speed (+1) or the one before (−1)."""
        index = min(max(SPEEDS.index(self.speed) + steps, 0), len(SPEEDS) - 1)
        return replace(self, speed=SPEEDS[index])

    def advanced(self, seconds: float) -> "Playback":
        """Return it ``seconds`` later; it pauses at the last row."""
        if not self.playing:
            return self
        position = self.position + seconds * self.rate_hz * self.speed
        if position >= self.length - 1:
            return replace(self, position=float(self.length - 1), playing=False)
        return replace(self, position=position)


def speed_text(speed: float) -> str:
    """Return ``×¼`` … ``×8``."""
    return "×" + {0.25: "¼", 0.5: "½"}.get(speed, f"{speed:g}")
