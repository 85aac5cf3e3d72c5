"""Messages between an evaluation pool and its workers: msgspec structs, encoded as msgpack, never pickled.

Scene states of a watched episode go through ``channels.shared.StateSlot``, one for each worker.
"""

from mile_desktop.channels.messages import Message, Shutdown

# ── commands: pool → worker ──────────────────────────────────────────────────────────────────────────────────────


class RunEpisode(Message, frozen=True):
    """Roll a policy out once; begins when the episodes before it have ended."""

    ticket: int
    """The pool's number for this episode."""
    scene: str
    source: str
    """Folder of the policy, or ``expert``."""
    seed: int
    recorded: bool = False
    """Send the scene's state before each step, as for a watched episode, but without keeping its pace."""


class CancelEpisode(Message, frozen=True):
    """Cancel an episode, whether it runs or waits; answered by ``EpisodeCancelled``."""

    ticket: int


class WatchEpisode(Message, frozen=True):
    """Write the scene's state to shared memory after each step of this episode, and keep its pace."""

    ticket: int
    """−1: no episode is watched."""
    steps_per_second: float = 0.0
    """Upper limit of the speed while it is watched; 0: no limit."""


# ── events: worker → pool ────────────────────────────────────────────────────────────────────────────────────────


class WorkerReady(Message, frozen=True):
    """The worker has finished its slow imports."""


class EpisodeBegan(Message, frozen=True):
    """The scene is reset and the policy loaded."""

    ticket: int


class EpisodeProgress(Message, frozen=True):
    """Sent a few times a second while an episode runs; if it is missing for long, the worker counts as stuck."""

    ticket: int
    steps: int


class EpisodeStates(Message, frozen=True):
    """States of a watched or recorded episode, in order and without a gap; sent a few times a second, and at its end.

    Shared memory holds the newest state only. A person who looks back needs all of them.
    """

    ticket: int
    first: int
    """Steps taken before the first of these states."""
    size: int
    """Values of one state."""
    values: bytes
    """float32[n · size], little-endian."""


class EpisodeEnded(Message, frozen=True):
    """An episode ran to its end, or crashed."""

    ticket: int
    success: bool
    steps: int
    total_reward: float
    crash: str = ""
    """Why the episode crashed; empty for one that ran to its end."""


class EpisodeCancelled(Message, frozen=True):
    """An episode was cancelled by request."""

    ticket: int


class EpisodeRefused(Message, frozen=True):
    """Scene or policy cannot be loaded: no episode of this kind will ever run."""

    ticket: int
    text: str


Command = RunEpisode | CancelEpisode | WatchEpisode | Shutdown
Event = WorkerReady | EpisodeBegan | EpisodeProgress | EpisodeStates | EpisodeEnded | EpisodeCancelled | EpisodeRefused
