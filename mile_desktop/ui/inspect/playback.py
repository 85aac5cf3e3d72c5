"""Where the viewer is in a recording and how it moves on; no Qt, no clock of its own."""

from dataclasses import dataclass, replace

SPEEDS = (0.25, 0.5, 1.0, 2.0, 4.0, 8.0)


@dataclass(frozen=True, slots=True)
class Playback:
    """A place among ``length`` rows, and whether it is moving."""

    length: int = 0
    rate_hz: float = 20.0
    place: float = 0.0
    """In rows; the fraction is what has passed of the next one."""
    speed: float = 1.0
    playing: bool = False

    @property
    def row(self) -> int:
        """The row that is shown."""
        return int(self.place)

    @property
    def at_end(self) -> bool:
        """Whether there is nothing after this row."""
        return self.row >= self.length - 1

    def at(self, row: int) -> "Playback":
        """Return it at ``row``, kept within the recording; moving or not as before."""
        return replace(self, place=float(min(max(row, 0), max(self.length - 1, 0))))

    def stepped(self, rows: int) -> "Playback":
        """Return it ``rows`` further (or back), standing still."""
        return replace(self.at(self.row + rows), playing=False)

    def toggled(self) -> "Playback":
        """Return it playing or standing; at the end playing begins at the start again."""
        if self.playing or self.length < 2:
            return replace(self, playing=False)
        return replace(self, playing=True, place=0.0 if self.at_end else self.place)

    def faster(self, steps: int) -> "Playback":
        """Return it at the next speed (+1) or the one before (−1)."""
        index = min(max(SPEEDS.index(self.speed) + steps, 0), len(SPEEDS) - 1)
        return replace(self, speed=SPEEDS[index])

    def advanced(self, seconds: float) -> "Playback":
        """Return it after ``seconds`` of the clock; it stops by itself at the last row."""
        if not self.playing:
            return self
        place = self.place + seconds * self.rate_hz * self.speed
        if place >= self.length - 1:
            return replace(self, place=float(self.length - 1), playing=False)
        return replace(self, place=place)


def speed_text(speed: float) -> str:
    """Return ``×¼`` … ``×8``."""
    return "×" + {0.25: "¼", 0.5: "½"}.get(speed, f"{speed:g}")
