"""Replay of a recorded episode in the simulator, checked against the recording.

A recorded scene state can be drawn, but the simulation cannot continue from it: it lacks contacts and velocities. The
simulator is deterministic, so the replay repeats everything that was done since the episode's seed: every action in the
order in which it was taken, the rewinds, and each change of control between policy and person.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from mile_desktop.arrays import Float32Array
from mile_desktop.errors import UserError
from mile_desktop.rollout.phases import Phase
from mile_desktop.rollout.scene import GymScene
from mile_desktop.storage.records import Episode

EXACT = 1e-4
"""Largest difference (m, rad) at which replay and recording count as equal: states are recorded in single precision."""

_HELD_PERIODS = 1.5
"""A gap between two steps of more than this many usual gaps may be a hold."""


class ReplayError(UserError):
    """An episode cannot be replayed."""


class ReplayCancelledError(Exception):
    """The replay was stopped by request."""


@dataclass(frozen=True, slots=True, eq=False)
class ReplayedRow:
    """The scene is in the state in which it was before a recorded row."""

    row: int
    observation: Float32Array
    deviation: float
    """Largest difference between the scene's state and the recorded one at any row so far."""
    deviation_row: int
    """The row with that difference."""


class Replay:
    """Repeats one episode in ``scene``; both belong to one thread.

    Parameters
    ----------
    scene, episode
        A scene of the kind in which the episode was recorded, and the unedited recording.
    cancelled
        Asked before each row; True ends the replay.
    """

    def __init__(self, scene: GymScene, episode: Episode, cancelled: Callable[[], bool] = lambda: False) -> None:
        self._scene = scene
        self._episode = episode
        self._cancelled = cancelled
        self._rewind_targets = set(episode.starts_at_row[episode.starts_at_row >= 0].tolist())
        self._snapshots: dict[int, int] = {}
        """Row to which the episode was rewound later → the scene's token for the state before that row."""
        # Late steps also make gaps, so these rows are only candidates; ``_repeat_hold`` decides for each.
        gaps = np.diff(episode.timestamp)
        usual = float(np.median(gaps)) if len(gaps) else 0.0
        self._after_gap = {int(row) + 1 for row in np.flatnonzero(gaps > _HELD_PERIODS * usual)} if usual > 0 else set()

    def rows(self) -> Iterator[ReplayedRow]:
        """Yield every row when the scene is in the state before it.

        A caller that steps the scene between two rows must restore it.

        Raises
        ------
        ReplayError
            The scene refuses a recorded action, or differs from the scene of the recording.
        ReplayCancelledError
            ``cancelled`` returned True.
        """
        episode, scene = self._episode, self._scene
        observation, _ = scene.reset(seed=episode.record.start.seed)
        self._snapshots.clear()
        worst, worst_row = 0.0, 0
        for row in range(len(episode)):
            if self._cancelled():
                raise ReplayCancelledError(episode.record.episode_id)
            # The order of the live loop: a rewind ends before control changes, and a hold ends with the next step.
            observation = self._rewind(row, observation)
            self._change_control(row)
            self._repeat_hold(row)
            difference = self._difference(row)
            if difference > worst:
                worst, worst_row = difference, row
            if row in self._rewind_targets:  # a later row starts from this state
                self._snapshots[row] = scene.snapshot()
            yield ReplayedRow(row, observation, worst, worst_row)
            observation = self._step(row)

    def _rewind(self, row: int, observation: Float32Array) -> Float32Array:
        target = int(self._episode.starts_at_row[row])
        if target < 0:
            return observation
        # A snapshot restores the complete state of the simulator, which the recorded state is not.
        if target not in self._snapshots:
            raise ReplayError(f"Row {row} starts from row {target}, which comes later; the recording is damaged.")
        return self._scene.restore(self._snapshots[target])

    def _change_control(self, row: int) -> None:
        """Rebase the controller where the live loop did: when control passed to or from the person."""
        # Actions are relative to the commanded pose. A rebase makes them relative to the measured one; a replay without
        # it drifts away from the recording at the first takeover.
        phases = self._episode.control_phase
        takes_over = phases[row] == Phase.TAKEOVER
        if self._episode.starts_at_row[row] >= 0:
            changed = takes_over  # a rewind ends in a hold, so only a takeover changes control
        else:
            changed = takes_over != (row > 0 and phases[row - 1] == Phase.TAKEOVER)
        if changed:
            self._scene.rebase()

    def _repeat_hold(self, row: int) -> None:
        """Start from the measured pose after a gap, if that leads to the recorded next state.

        A hold is not recorded: it shows only as a gap in time, and so does a step that came late. After a hold the loop
        starts from the measured pose; after a late step it does not. Both are tried, and the one that comes closer to
        the next recorded state is taken.
        """
        follows = row + 1 < len(self._episode) and self._episode.starts_at_row[row + 1] < 0
        if row not in self._after_gap or self._episode.starts_at_row[row] >= 0 or not follows:
            return
        token = self._scene.snapshot()
        self._step(row)  # first as a late step …
        without_hold = self._difference(row + 1)
        self._scene.restore(token)
        self._scene.rebase()
        self._step(row)  # … then as the end of a hold
        with_hold = self._difference(row + 1)
        self._scene.restore(token)
        self._scene.release(token)
        if with_hold < without_hold:
            self._scene.rebase()

    def _step(self, row: int) -> Float32Array:
        try:
            return self._scene.step(self._episode.action[row])[0]
        except (RuntimeError, ValueError, ArithmeticError) as error:
            raise ReplayError(f"The scene refuses the recorded action of row {row}: {error}") from error

    def _difference(self, row: int) -> float:
        replayed, recorded = self._scene.scene_state(), self._episode.scene_state[row]
        if replayed.shape != recorded.shape:
            raise ReplayError(
                f"The scene has {replayed.size} state entries, the recording {recorded.size}: it was recorded in "
                "another version of the scene, so policies cannot be rolled forward from it."
            )
        return float(np.max(np.abs(replayed - recorded), initial=0.0))
