"""A loaded scene with its policy, its supervisors and its recorder: what the window and the command line both run."""

from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import mile_desktop
from mile_desktop.operators.operator import Operator
from mile_desktop.rollout.cadence import Cadence
from mile_desktop.rollout.clock import Clock
from mile_desktop.rollout.loop import Publish, RolloutLoop, no_hazard
from mile_desktop.rollout.messages import EpisodeClosed, LoadSession, SessionLoaded, Status
from mile_desktop.rollout.phases import Phase
from mile_desktop.rollout.recorder import ClosedKind, Recorder
from mile_desktop.rollout.running import RunningPolicy
from mile_desktop.rollout.scene import GymScene
from mile_desktop.rollout.watching import load_running_policy
from mile_desktop.scenes.catalogue import scene_info
from mile_desktop.storage.catalogue import Catalogue
from mile_desktop.storage.ids import new_episode_id, now
from mile_desktop.storage.records import EpisodeRecord, EpisodeStart
from mile_desktop.storage.workspace import Workspace

Show = Callable[..., None]


class Session:
    """Owns scene, loop and recorder; used by the thread that made it.

    Parameters
    ----------
    plan
        What to load.
    operator
        Who may take over; stays the caller's.
    publish
        Told of everything that happens; also called on the recorder's thread for closed episodes.
    show
        ``show(scene_state, step)``: told the scene's state after every change.
    clock
        The machine's for people, simulated for headless rollouts.
    hazard
        Says in words why the robot must hold because of something besides itself; empty while all is well.

    Raises
    ------
    WorkspaceError, UnknownSceneError, SceneDescriptionError, UnknownPolicyError, PolicyFileError
        In words, with nothing left open.
    """

    def __init__(
        self,
        plan: LoadSession,
        operator: Operator,
        *,
        publish: Publish,
        show: Show,
        clock: Clock,
        hazard: Callable[[], str] = no_hazard,
    ) -> None:
        self.plan = plan
        self._info = scene_info(plan.scene)
        self._operator = operator
        self._publish = publish
        with ExitStack() as undoing:
            self._workspace = Workspace.open(plan.workspace)
            undoing.callback(self._workspace.close)
            self._recorded_before = Catalogue(self._workspace).episode_count()
            self._scene = GymScene.make(plan.scene)
            undoing.callback(self._scene.close)
            running = self.load_policy(plan.policy, plan.intervention_model)
            self.recorder = Recorder(Path(plan.workspace), self._episode_closed)
            undoing.callback(self.recorder.close)
            self.cadence = Cadence(plan.rate_hz * plan.speed, clock)
            self.loop = RolloutLoop(
                env=self._scene,
                running=running,
                operator=operator,
                sink=self.recorder,
                publish=publish,
                clock=clock,
                describe_episode=self._describe_episode,
                show=show,
                rewind_steps=plan.rewind_steps,
                hazard=hazard,
                first_seed=self._recorded_before if plan.seed is None else plan.seed,
            )
            undoing.pop_all()

    def load_policy(self, policy: str, intervention_model: str = "") -> RunningPolicy:
        """Load a policy and the intervention model that goes with it; may be called on another thread."""
        return load_running_policy(
            self._workspace,
            self.plan.scene,
            policy,
            self._scene,
            intervention_model=intervention_model,
            live_source=self.plan.live_source,
        )

    def loaded(self) -> SessionLoaded:
        """Return what there is to say once everything is loaded."""
        running = self.loop.running
        return SessionLoaded(
            scene=self.plan.scene,
            policy_id=running.policy.policy_id,
            policy_name=running.name,
            basis=running.estimator.basis,
            action_labels=self._info.action_labels,
            max_steps=self._info.max_steps,
            rate_hz=self.plan.rate_hz,
        )

    def status(self) -> Status:
        """Return one consistent snapshot."""
        loop, running = self.loop, self.loop.running
        cadence = self.cadence.report()
        idle = loop.supervision.phase in {Phase.IDLE, Phase.STOPPED}
        return Status(
            phase=loop.supervision.phase,
            reason=loop.supervision.reason,
            episode=self._recorded_before + loop.episodes_begun,
            episodes_left=loop.episodes_left,
            step=loop.episode.step if loop.episode else 0,
            policy_id=running.policy.policy_id,
            policy_name=running.name,
            operator=self._operator.kind,
            device=self._operator.device,
            instruction=self._operator.instruction,
            device_connected=loop.device_connected,
            rate_hz=0.0 if idle else cadence.rate_hz / self.plan.speed,
            lateness_p99_ms=cadence.lateness_p99_ms,
            lateness_max_ms=cadence.lateness_max_ms,
            overruns=cadence.overruns,
            alert=loop.alert.active,
            asking=loop.asking,
            basis=running.estimator.basis,
            discard_armed=loop.discard_armed,
        )

    def close(self) -> None:
        """Close the running episode as aborted, wait until it is on disk, and free the scene."""
        if self.loop.supervision.in_episode:
            self.loop.stop("The session is closed.")
        self.recorder.close()
        self._scene.close()
        self._workspace.close()

    def _describe_episode(self, seed: int, running: RunningPolicy) -> EpisodeStart:
        return EpisodeStart(
            episode_id=new_episode_id(),
            scene=self.plan.scene,
            seed=seed,
            policy_id=running.policy.policy_id,
            operator=self._operator.kind,
            device=self._operator.device,
            rate_hz=self.plan.rate_hz,
            started_at=now(),
            software_version=mile_desktop.__version__,
            intervention_model_id=running.model_id,
            cost=running.cost,
            cdf_scale=running.cdf_scale,
        )

    def _episode_closed(self, record: EpisodeRecord, kind: ClosedKind) -> None:
        self._publish(
            EpisodeClosed(
                episode_id=record.episode_id,
                outcome=record.outcome,
                steps=record.steps,
                takeovers=record.takeovers,
                human_steps=record.human_steps,
                mean_intervention_prob=record.mean_intervention_prob,
                discarded=kind == "discarded",
            )
        )
