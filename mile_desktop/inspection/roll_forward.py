"""Roll forward: from a recorded row on, other policies drive in simulation."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from mile_desktop.arrays import Float32Array
from mile_desktop.inspection.messages import PolicyPath, RolledForward, RollForward, packed
from mile_desktop.inspection.replay import Replay, ReplayCancelledError, ReplayError
from mile_desktop.inspection.replay_problem import replay_problem
from mile_desktop.registry.policies import load_named_policy
from mile_desktop.registry.running_policy import LoadedPolicy
from mile_desktop.rollout.safety import output_problem
from mile_desktop.rollout.scene import GymScene
from mile_desktop.rollout.time_limit import TimeLimit, recorded_limit
from mile_desktop.scenes.shift import Shift, recorded_shift
from mile_desktop.storage.generated_episodes import read_listed
from mile_desktop.storage.records import SHIFT_RANGES, TIME_LIMIT, Episode, EpisodeStart
from mile_desktop.storage.workspace import Workspace

Progress = Callable[[float, str], None]


@dataclass(slots=True, eq=False)
class _PathRecorder:
    """Collects what one policy, or the replay, does from the chosen row on."""

    states: list[Float32Array] = field(default_factory=list)
    actions: list[Float32Array] = field(default_factory=list)
    positions: list[Float32Array] = field(default_factory=list)

    def add_state(self, scene: GymScene) -> None:
        self.states.append(scene.scene_state())
        self.positions.append(scene.end_effector())

    def as_message(self, reference: str, name: str, outcome: str, action_size: int) -> PolicyPath:
        states = np.stack(self.states)
        actions = np.stack(self.actions) if self.actions else np.zeros((0, action_size), np.float32)
        return PolicyPath(
            policy=reference,
            name=name,
            outcome=outcome,
            success=outcome == "success",
            state_size=states.shape[1],
            states=packed(states),
            action_size=action_size,
            actions=packed(actions),
            end_effector=packed(np.stack(self.positions)),
        )


def roll_forward(
    workspace: Workspace, command: RollForward, progress: Progress, cancelled: Callable[[], bool]
) -> RolledForward:
    """Replay the recording up to ``command.row``, then let each policy drive until the episode ends.

    Raises
    ------
    UserError
        The episode, the scene or a policy cannot be used, or the replay fails (``ReplayError``).
    ReplayCancelledError
        ``cancelled`` returned True.
    """
    episode = read_listed(workspace, command.episode_id)
    if not 0 <= command.row < len(episode):
        raise ReplayError(f"There is no row {command.row} in {command.episode_id}; it has {len(episode)}.")
    name = episode.record.start.scene
    problem = replay_problem(episode.record.start)
    if problem:
        raise ReplayError(problem)
    progress(0.0, "loading")  # a scene and two policies take seconds
    scene = GymScene.make(name, _shift_of(episode.record.start))
    try:
        # All of them before the replay, which takes long: a wrong choice fails at once.
        policies = [(each, load_named_policy(workspace, name, each, scene)) for each in command.policies]
        return _RollForwardRun(scene, episode, progress, cancelled).run(command, policies)
    finally:
        scene.close()


def _shift_of(start: EpisodeStart) -> Shift | None:
    """Return how the scene of the episode differed: with its seed that gives the same robot again."""
    ranges = start.extra.get(SHIFT_RANGES)
    return None if ranges is None else recorded_shift("recorded", ranges)


class _RollForwardRun:
    """Replays one recording, and lets policies drive from one of its rows; used once."""

    def __init__(self, scene: GymScene, episode: Episode, progress: Progress, cancelled: Callable[[], bool]) -> None:
        self._scene = scene
        self._episode = episode
        self._progress = progress
        self._cancelled = cancelled
        self._paths: list[PolicyPath] = []
        self._steps_before = 0
        """Rows of the recording before the policies drive."""

    def run(self, command: RollForward, policies: Sequence[tuple[str, LoadedPolicy]]) -> RolledForward:
        """Replay the whole recording; at the chosen row, let the policies drive."""
        recorded = _PathRecorder()
        deviation, deviation_row = 0.0, 0
        for replayed in Replay(self._scene, self._episode, self._cancelled).rows():
            self._progress(0.5 * replayed.row / len(self._episode), "replaying the recording")
            if replayed.row == command.row:
                self._steps_before = command.row
                deviation, deviation_row = replayed.deviation, replayed.deviation_row
                self._drive_all(policies)
            # The replay goes on to the end of the recording: the page draws where it went beside the paths.
            if replayed.row >= command.row:
                recorded.add_state(self._scene)
        return RolledForward(
            job=command.job,
            episode_id=command.episode_id,
            row=command.row,
            paths=tuple(self._paths),
            recorded_end_effector=packed(np.stack(recorded.positions)),
            deviation=deviation,
            deviation_row=deviation_row,
        )

    def _drive_all(self, policies: Sequence[tuple[str, LoadedPolicy]]) -> None:
        # In the middle of the replay, because a recorded state alone cannot be continued. Every policy starts from the
        # same snapshot, and the replay continues from it.
        token = self._scene.snapshot()
        for number, (reference, policy) in enumerate(policies):
            self._progress(0.5 + 0.5 * number / len(policies), f"{policy.name} drives")
            self._paths.append(self._drive(reference, policy, self._scene.restore(token)))
        self._scene.restore(token)
        self._scene.release(token)

    def _uncounted(self, limit: TimeLimit) -> int:
        """Return how many steps before the policies drive do not count towards the time limit."""
        driven = int(self._episode.intervention[: self._steps_before].sum())
        return 0 if limit.counts(by_person=True) else driven

    def _drive(self, reference: str, loaded: LoadedPolicy, observation: Float32Array) -> PolicyPath:
        """Let one policy drive from the scene's present state to the end of the episode."""
        scene, path = self._scene, _PathRecorder()
        loaded.policy.reset(self._episode.record.start.seed)
        path.add_state(scene)  # the start, so that a path has one state more than actions
        limit, taken = recorded_limit(self._episode.record.start.extra), self._steps_before
        outcome = ""
        while not outcome:
            if self._cancelled():
                raise ReplayCancelledError(self._episode.record.episode_id)
            output = loaded.policy.act(observation)
            # A policy that fails ends its own path with the error as outcome; the other policy still gets its turn.
            outcome = output_problem(output, scene.action_size)
            if outcome:
                break
            try:
                observation, _, terminated, truncated, info = scene.step(output.action)
            except (RuntimeError, ValueError, ArithmeticError) as error:
                outcome = f"the simulator failed: {error}"
                break
            path.actions.append(output.action)
            path.add_state(scene)
            # The scene's own count where it has one: a rewind takes steps back, but no rows.
            taken = int(info.get("step", taken + 1))
            if limit is not None:  # the scene's own limit may have been over long before
                truncated = limit.is_over(taken - self._uncounted(limit), taken, truncated=truncated)
            outcome = _outcome(terminated=terminated, truncated=truncated, success=bool(info.get("success", False)))
        return path.as_message(reference, loaded.name, outcome, scene.action_size)


def _outcome(*, terminated: bool, truncated: bool, success: bool) -> str:
    """Return how an episode ended; empty while it runs."""
    if success and (terminated or truncated):
        return "success"
    return "failure" if terminated else TIME_LIMIT if truncated else ""
