"""What would it have done? From a recorded row on, other policies drive in simulation."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from mile_desktop.inspection.messages import Branch, RolledForward, RollForward, packed
from mile_desktop.inspection.replay import Replay, ReplayCancelledError, ReplayError
from mile_desktop.inspection.replay_problem import replay_problem
from mile_desktop.policies.policy import FloatArray
from mile_desktop.registry.policies import LoadedPolicy, load_named_policy
from mile_desktop.rollout.safety import output_problem
from mile_desktop.rollout.scene import GymScene
from mile_desktop.storage.episodes import read_recording
from mile_desktop.storage.records import Episode
from mile_desktop.storage.workspace import Workspace

Progress = Callable[[float, str], None]


@dataclass(slots=True, eq=False)
class _Track:
    states: list[FloatArray] = field(default_factory=list)
    actions: list[FloatArray] = field(default_factory=list)
    places: list[FloatArray] = field(default_factory=list)

    def note(self, scene: GymScene) -> None:
        self.states.append(scene.scene_state())
        self.places.append(scene.end_effector())

    def as_branch(self, reference: str, name: str, outcome: str, action_size: int) -> Branch:
        states = np.stack(self.states)
        actions = np.stack(self.actions) if self.actions else np.zeros((0, action_size), np.float32)
        return Branch(
            policy=reference,
            name=name,
            outcome=outcome,
            success=outcome == "success",
            state_size=states.shape[1],
            states=packed(states),
            action_size=action_size,
            actions=packed(actions),
            end_effector=packed(np.stack(self.places)),
        )


def roll_forward(
    workspace: Workspace, order: RollForward, progress: Progress, cancelled: Callable[[], bool]
) -> RolledForward:
    """Replay the recording up to ``order.row``, then let each policy drive until the episode ends.

    Raises
    ------
    ReplayError, ReplayCancelledError
        As ``Replay``; also for an episode of a live robot or an unknown row.
    UnknownSceneError, SceneDescriptionError, UnknownPolicyError, PolicyFileError, WorkspaceError
        In words.
    """
    episode = read_recording(workspace, order.episode_id)
    if not 0 <= order.row < len(episode):
        raise ReplayError(f"There is no row {order.row} in {order.episode_id}; it has {len(episode)}.")
    name = episode.record.start.scene
    problem = replay_problem(episode.record.start)
    if problem:
        raise ReplayError(problem)
    progress(0.0, "loading")
    scene = GymScene.make(name)
    try:
        policies = [(each, load_named_policy(workspace, name, each, scene)) for each in order.policies]
        return _Fork(scene, episode, progress, cancelled).take(order, policies)
    finally:
        scene.close()


class _Fork:
    """One recording and what could have come of it; used once."""

    def __init__(self, scene: GymScene, episode: Episode, progress: Progress, cancelled: Callable[[], bool]) -> None:
        self._scene = scene
        self._episode = episode
        self._progress = progress
        self._cancelled = cancelled
        self._branches: list[Branch] = []

    def take(self, order: RollForward, policies: Sequence[tuple[str, LoadedPolicy]]) -> RolledForward:
        """Replay everything that was recorded; at the row, let the policies drive."""
        recorded = _Track()
        deviation, deviation_row = 0.0, 0
        for arrival in Replay(self._scene, self._episode, self._cancelled).rows():
            self._progress(0.5 * arrival.row / len(self._episode), "replaying the recording")
            if arrival.row == order.row:
                deviation, deviation_row = arrival.deviation, arrival.deviation_row
                self._branch_off(policies)
            if arrival.row >= order.row:
                recorded.note(self._scene)
        return RolledForward(
            job=order.job,
            episode_id=order.episode_id,
            row=order.row,
            branches=tuple(self._branches),
            recorded_end_effector=packed(np.stack(recorded.places)),
            deviation=deviation,
            deviation_row=deviation_row,
        )

    def _branch_off(self, policies: Sequence[tuple[str, LoadedPolicy]]) -> None:
        token = self._scene.snapshot()
        for number, (reference, policy) in enumerate(policies):
            self._progress(0.5 + 0.5 * number / len(policies), f"{policy.name} drives")
            self._branches.append(self._drive(reference, policy, self._scene.restore(token)))
        self._scene.restore(token)
        self._scene.release(token)

    def _drive(self, reference: str, loaded: LoadedPolicy, observation: FloatArray) -> Branch:
        """Let one policy drive from where the scene stands to the episode's end."""
        scene, track = self._scene, _Track()
        loaded.policy.reset(self._episode.record.start.seed)
        track.note(scene)
        outcome = ""
        while not outcome:
            if self._cancelled():
                raise ReplayCancelledError(self._episode.record.episode_id)
            output = loaded.policy.act(observation)
            outcome = output_problem(output, scene.action_size)
            if outcome:
                break
            try:
                observation, _, terminated, truncated, info = scene.step(output.action)
            except (RuntimeError, ValueError, ArithmeticError) as error:
                outcome = f"the simulator failed: {error}"
                break
            track.actions.append(output.action)
            track.note(scene)
            outcome = _outcome(terminated=terminated, truncated=truncated, success=bool(info.get("success", False)))
        return track.as_branch(reference, loaded.name, outcome, scene.action_size)


def _outcome(*, terminated: bool, truncated: bool, success: bool) -> str:
    """Return how an episode ended; empty while it goes on."""
    if success and (terminated or truncated):
        return "success"
    return "failure" if terminated else "time is up" if truncated else ""
