"""One sample of a soak: memory, threads, handles, processes and shared memory."""

import msgspec


class Figures(msgspec.Struct, frozen=True):
    """One process at one moment."""

    pid: int
    age_s: float
    memory_mb: float
    """Memory that only this process has (USS)."""
    threads: int
    handles: int


class Sample(msgspec.Struct, frozen=True):
    """Everything at one moment."""

    at_s: float
    """Since the soak began."""
    window: Figures
    widgets: int
    processes: int
    """All children of the window, their children included."""
    blocks: int
    """Blocks of shared memory that the window or a child has mapped."""
    children: dict[str, Figures]
    """Role → its process."""
    robot: bool = False
    """A robot was driven in place of a scene."""
