"""Settings for the process that draws a simulated robot's cameras; light to import."""

from dataclasses import dataclass, field
from pathlib import Path

from mile_desktop.scenes.shift import DrawnShift


@dataclass(frozen=True, slots=True)
class CamerasPlan:
    """Which cameras to draw, and where to send the frames."""

    scene: str
    cameras: tuple[str, ...]
    """Names of the scene's viewpoints."""
    size: tuple[int, int]
    rate_hz: float
    state_slot: str
    """Name of the ``StateSlot`` with the robot's scene state."""
    bind: str
    port: int
    keys: Path | None
    turned: DrawnShift = field(default_factory=DrawnShift)
    """How the cameras of a stand-in differ: their place and the light."""
