"""A loaded scene with its policy, its supervisors and its recorder: what the window and the command line both run."""

from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import mile_desktop
from mile_desktop.operators.operator import Operator
from mile_desktop.policies.config import read_policy_config
from mile_desktop.registry.bundled import has_bundled
from mile_desktop.registry.compatibility import check_policy_fits
from mile_desktop.registry.intervention_models import load_running_policy, watched
from mile_desktop.registry.policies import EXPERT, INITIAL, policy_folder
from mile_desktop.rollout.cadence import Cadence
from mile_desktop.rollout.clock import Clock
from mile_desktop.rollout.episode_state import RunningPolicy
from mile_desktop.rollout.live_robot import no_hazard
from mile_desktop.rollout.loop import Publish, RolloutLoop
from mile_desktop.rollout.messages import Choice, EpisodeClosed, LoadSession, RobotStatus, SessionLoaded, Status
from mile_desktop.rollout.phases import Phase
from mile_desktop.rollout.recorder import ClosedKind, Recorder
from mile_desktop.rollout.robot_scene import RobotScene
from mile_desktop.rollout.subject import open_subject
from mile_desktop.storage.catalogue import Catalogue
from mile_desktop.storage.ids import new_episode_id, now
from mile_desktop.storage.records import CALLED_BY, EpisodeRecord, EpisodeStart
from mile_desktop.storage.workspace import Workspace

Show = Callable[..., None]


class Session:
    """Owns scene or robot, loop and recorder; used by the thread that made it.

    Parameters
    ----------
    plan
        What to load.
    operator
        Who may take over; stays the caller's.
    publish
        Told of everything that happens; also called on the recorder's thread for closed episodes.
    show
        ``show(scene_state, step)``: told the scene's state after every change; None where nobody looks.
    clock
        The machine's for people, simulated for headless rollouts.
    hazard
        Says in words why the robot must hold because of something besides itself; empty while all is well.
    gather_s
        Steps may wait so long to be committed together; 0 commits each at once.

    Raises
    ------
    WorkspaceError, UnknownSceneError, SceneDescriptionError, UnknownPolicyError, PolicyFileError, RobotError
        In words, with nothing left open.
    """

    def __init__(
        self,
        plan: LoadSession,
        operator: Operator,
        *,
        publish: Publish,
        show: Show | None,
        clock: Clock,
        hazard: Callable[[], str] = no_hazard,
        gather_s: float = 0.0,
    ) -> None:
        self.plan = plan
        self._operator = operator
        self._publish = publish
        with ExitStack() as undoing:
            self._workspace = Workspace.open(plan.workspace)
            undoing.callback(self._workspace.close)
            self._recorded_before = Catalogue(self._workspace).episode_count()
            self._subject = subject = open_subject(plan)
            undoing.callback(subject.env.close)
            running = self.load_policy(plan.policy, plan.intervention_model)
            self.recorder = Recorder(Path(plan.workspace), self._episode_closed, gather_s=gather_s)
            undoing.callback(self.recorder.close)
            self.cadence = Cadence(subject.rate_hz, clock)
            self.loop = RolloutLoop(
                env=subject.env,
                running=running,
                operator=operator,
                sink=self.recorder,
                publish=publish,
                clock=clock,
                describe_episode=self._describe_episode,
                show=show if subject.drawn else None,
                rewind_steps=subject.rewind_steps,
                hazard=hazard,
                live=subject.live,
                first_seed=self._recorded_before if plan.seed is None else plan.seed,
            )
            undoing.pop_all()

    def load_policy(self, policy: str, intervention_model: str = "") -> RunningPolicy:
        """Load a policy and the intervention model that goes with it; may be called on another thread."""
        if self._robot is not None:
            self._check_fits(policy, self._robot)
        return load_running_policy(
            self._workspace,
            self._subject.name,
            policy,
            self._subject.env,
            intervention_model=intervention_model,
            live_source=self.plan.live_source,
        )

    def _check_fits(self, policy: str, robot: RobotScene) -> None:
        if policy != EXPERT and (policy != INITIAL or has_bundled(self._subject.name)):
            folder = policy_folder(self._workspace, self._subject.name, policy)
            check_policy_fits(read_policy_config(folder), robot.description)

    def watch_again(self, running: RunningPolicy) -> RunningPolicy:
        """Load what watches ``running`` anew; may be called on another thread."""
        return watched(
            self._workspace,
            self._subject.name,
            running,
            self._subject.env,
            intervention_model=self.plan.intervention_model,
            live_source=self.plan.live_source,
        )

    def loaded(self) -> SessionLoaded:
        """Return what there is to say once everything is loaded."""
        running = self.loop.running
        return SessionLoaded(
            scene=self._subject.name,
            policy_id=running.policy.policy_id,
            policy_name=running.name,
            basis=running.estimator.basis,
            action_labels=self._subject.action_labels,
            max_steps=self._subject.max_steps,
            choices=tuple(Choice(choice.title, choice.push) for choice in self._subject.choices),
            rate_hz=self._rate_hz,
            robot=self._robot.address if self._robot else "",
            robot_scene=self._robot.description.scene if self._robot else "",
            robot_cameras=self._robot.cameras(self.plan.robot_key) if self._robot else (),
        )

    @property
    def _robot(self) -> RobotScene | None:
        return self._subject.robot

    @property
    def _rate_hz(self) -> float:
        """Control steps a second of the robot's own time."""
        return self.plan.rate_hz if self._robot is None else self._robot.description.rate_hz

    # ── a robot ──────────────────────────────────────────────────────────────────────────────────────────────────

    def arm(self) -> str:
        """Permit the robot to move; return why that is not possible, or an empty string."""
        return self._robot.robot.arm() if self._robot else ""

    def disarm(self) -> None:
        """Let the robot not move any more; a running episode holds."""
        if self._robot is not None:
            self._robot.robot.disarm()
            self.loop.fault("The robot was disarmed. Arm it, then resume.")

    def ask_to_drive(self) -> None:
        """Ask for the robot anew."""
        if self._robot is not None:
            self._robot.robot.ask_to_drive()

    def robot_status(self) -> RobotStatus | None:
        """Return one consistent snapshot of the robot; None where there is none."""
        if self._robot is None:
            return None
        return self._robot.status(self.loop.checklist if self.loop.awaits_person else ())

    # ── what is said of it ───────────────────────────────────────────────────────────────────────────────────────

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
            rate_hz=0.0 if idle else cadence.rate_hz * self._rate_hz / self._subject.rate_hz,
            lateness_p99_ms=cadence.lateness_p99_ms,
            lateness_max_ms=cadence.lateness_max_ms,
            overruns=cadence.overruns,
            alert=loop.alert.active,
            asking=loop.asking,
            basis=running.estimator.basis,
            discard_armed=loop.discard_armed,
            must_resume=self._subject.live.must_resume,
        )

    def close(self) -> None:
        """Close the running episode as aborted, wait until it is on disk, and free the scene."""
        if self.loop.supervision.in_episode:
            self.loop.stop("The session is closed.")
        self.recorder.close()
        self._subject.env.close()
        self._workspace.close()

    def _describe_episode(self, seed: int, running: RunningPolicy) -> EpisodeStart:
        return EpisodeStart(
            episode_id=new_episode_id(),
            scene=self._subject.name,
            seed=seed,
            policy_id=running.policy.policy_id,
            operator=self._operator.kind,
            device=self._operator.device,
            rate_hz=self._rate_hz,
            started_at=now(),
            software_version=mile_desktop.__version__,
            intervention_model_id=running.model_id,
            cost=running.cost,
            cdf_scale=running.cdf_scale,
            extra=({} if self._robot is None else self._robot.identity) | {CALLED_BY: running.estimator.calls_by},
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
