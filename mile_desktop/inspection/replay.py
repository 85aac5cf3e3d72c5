"""Taking a scene to a recorded row: the recorded actions again from the episode's seed, checked against the record.

A scene state can be drawn but not continued, because it lacks contacts and velocities. The simulator is deterministic,
so the way there is to repeat what was done: every row in the order it was taken, back to a kept state where the scene
was rewound, and a change of hands wherever there was one.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from mile_desktop.errors import UserError
from mile_desktop.policies.policy import FloatArray
from mile_desktop.rollout.phases import Phase
from mile_desktop.rollout.scene import GymScene
from mile_desktop.storage.records import Episode

EXACT = 1e-4
"""Up to here (m, rad) recording and replay are the same: states are recorded in single precision."""

_HELD_PERIODS = 1.5
"""A gap of so many usual ones between two steps may be a hold, after which motion starts from the measured pose."""


class ReplayError(UserError):
    """An episode cannot be replayed; the message says why."""


class ReplayCancelledError(Exception):
    """The replay was stopped by request."""


@dataclass(frozen=True, slots=True, eq=False)
class Arrival:
    """The scene stands where it stood before a recorded row."""

    row: int
    observation: FloatArray
    deviation: float
    """Largest difference of the scene's state from the recorded one at any row so far."""
    deviation_row: int


class Replay:
    """Repeats one episode in ``scene``; both belong to one thread."""

    def __init__(self, scene: GymScene, episode: Episode, cancelled: Callable[[], bool] = lambda: False) -> None:
        self._scene = scene
        self._episode = episode
        self._cancelled = cancelled
        self._targets = set(episode.starts_at_row[episode.starts_at_row >= 0].tolist())
        self._kept: dict[int, int] = {}
        gaps = np.diff(episode.timestamp)
        usual = float(np.median(gaps)) if len(gaps) else 0.0
        self._after_gap = {int(row) + 1 for row in np.flatnonzero(gaps > _HELD_PERIODS * usual)} if usual > 0 else set()

    def rows(self) -> Iterator[Arrival]:
        """Go through all rows; the scene stands at the row's state whenever it is yielded.

        Whoever moves the scene in between has to restore it.

        Raises
        ------
        ReplayError
            The scene refuses a recorded action, or is another one than it was.
        ReplayCancelledError
            ``cancelled`` says so.
        """
        episode, scene = self._episode, self._scene
        observation, _ = scene.reset(seed=episode.record.start.seed)
        self._kept.clear()
        worst, worst_row = 0.0, 0
        for row in range(len(episode)):
            if self._cancelled():
                raise ReplayCancelledError(episode.record.episode_id)
            observation = self._rewind(row, observation)
            self._change_hands(row)
            self._choose_after_hold(row)
            difference = self._difference(row)
            if difference > worst:
                worst, worst_row = difference, row
            if row in self._targets:
                self._kept[row] = scene.snapshot()
            yield Arrival(row, observation, worst, worst_row)
            observation = self._step(row)

    def _rewind(self, row: int, observation: FloatArray) -> FloatArray:
        target = int(self._episode.starts_at_row[row])
        if target < 0:
            return observation
        if target not in self._kept:
            raise ReplayError(f"Row {row} starts from row {target}, which comes later; the recording is damaged.")
        return self._scene.restore(self._kept[target])

    def _change_hands(self, row: int) -> None:
        """Repeat what the loop does when control changes hands."""
        phases = self._episode.control_phase
        takes_over = phases[row] == Phase.TAKEOVER
        if self._episode.starts_at_row[row] >= 0:
            changed = takes_over  # from the hold that a rewind ends in
        else:
            changed = takes_over != (row > 0 and phases[row - 1] == Phase.TAKEOVER)
        if changed:
            self._scene.rebase()

    def _choose_after_hold(self, row: int) -> None:
        """After a gap, start from the measured pose if that is what leads to the recorded next state."""
        follows = row + 1 < len(self._episode) and self._episode.starts_at_row[row + 1] < 0
        if row not in self._after_gap or self._episode.starts_at_row[row] >= 0 or not follows:
            return
        token = self._scene.snapshot()
        self._step(row)
        went_on = self._difference(row + 1)
        self._scene.restore(token)
        self._scene.rebase()
        self._step(row)
        held = self._difference(row + 1)
        self._scene.restore(token)
        self._scene.release(token)
        if held < went_on:
            self._scene.rebase()

    def _step(self, row: int) -> FloatArray:
        try:
            return self._scene.step(self._episode.action[row])[0]
        except (RuntimeError, ValueError, ArithmeticError) as error:
            raise ReplayError(f"The scene refuses the recorded action of row {row}: {error}") from error

    def _difference(self, row: int) -> float:
        there, recorded = self._scene.scene_state(), self._episode.scene_state[row]
        if there.shape != recorded.shape:
            raise ReplayError(
                f"The scene has {there.size} state entries, the recording {recorded.size}: it was recorded in another "
                "version of the scene and cannot be continued."
            )
        return float(np.max(np.abs(there - recorded), initial=0.0))
