"""A session: a loaded scene or robot with its policy, operators and recorder. Window and command line both run it."""

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import cast

import mile_desktop
from mile_desktop.channels.messages import Message
from mile_desktop.operators.operator import Operator
from mile_desktop.operators.words.operator import DrivenBody
from mile_desktop.registry.intervention_models import load_running_policy, with_intervention_model
from mile_desktop.registry.running_policy import RunningPolicy
from mile_desktop.rollout import messages as m
from mile_desktop.rollout.cadence import Cadence
from mile_desktop.rollout.clock import Clock
from mile_desktop.rollout.episode_runner import Publish
from mile_desktop.rollout.live_robot import no_hazard
from mile_desktop.rollout.loop import RolloutLoop
from mile_desktop.rollout.phases import Phase
from mile_desktop.rollout.policy_loader import PolicyLoader
from mile_desktop.rollout.recorder import ClosedKind, Recorder
from mile_desktop.rollout.robot_scene import RobotScene
from mile_desktop.rollout.step_record import closing
from mile_desktop.rollout.target import check_fits_robot, open_target, with_rate
from mile_desktop.rollout.time_limit import time_limit
from mile_desktop.storage.catalogue import Catalogue
from mile_desktop.storage.ids import new_episode_id, now
from mile_desktop.storage.records import (
    CALLED_BY,
    EPISODE_LIMIT,
    PARTIAL,
    SCENE_VERSION,
    EpisodeRecord,
    EpisodeStart,
    Outcome,
)
from mile_desktop.storage.scene_versions import keep_description, policy_of_other_version
from mile_desktop.storage.workspace import Workspace

Show = Callable[..., None]

_OUTCOMES = frozenset({"success", PARTIAL, "failure", "aborted"})


class Session:
    """Owns scene or robot, loop and recorder; used by the thread that made it.

    The worker passes the window's commands to ``handle`` between ticks, and calls ``tick`` at the control rate.

    Parameters
    ----------
    plan
        What to load.
    operator
        Who may take over; stays the caller's.
    publish
        Called with every event, also on the recorder's and on the loading thread.
    show
        ``show(scene_state, step)``: called with the scene's state after every change; None without a viewer.
    clock
        The machine's for people, simulated for headless rollouts.
    hazard
        Returns why the robot must hold because of something besides itself, as a sentence, or an empty string.
    gather_s
        Steps may wait so long to be committed together; 0 commits each at once.

    Raises
    ------
    WorkspaceError, UnknownSceneError, SceneDescriptionError, UnknownPolicyError, PolicyFileError, RobotError
        When a part cannot be loaded; nothing is left open.
    """

    def __init__(
        self,
        plan: m.LoadSession,
        operator: Operator,
        *,
        publish: Publish,
        show: Show | None,
        clock: Clock,
        hazard: Callable[[], str] = no_hazard,
        gather_s: float = 0.0,
    ) -> None:
        self.plan = plan = with_rate(plan)
        self._operator, self._publish = operator, publish
        # If a part fails, the parts before it are closed: a robot that stays connected would refuse the next window.
        with ExitStack() as undoing:
            self._workspace = Workspace.open(plan.workspace)
            undoing.callback(self._workspace.close)
            # Counted before anything is recorded: the numbers and seeds of new episodes continue from it.
            self._recorded_before = Catalogue(self._workspace).episode_count()
            self._target = target = open_target(plan)
            undoing.callback(target.env.close)
            keep_description(self._workspace, target.identity.get(SCENE_VERSION, {}), target.description)
            running = self.load_policy(plan.policy, plan.intervention_model)
            # After the policy: a policy that cannot be loaded must not start a writer thread.
            self.recorder = Recorder(Path(plan.workspace), self._episode_closed, gather_s=gather_s)
            undoing.callback(self.recorder.close)
            self.cadence = Cadence(target.rate_hz, clock)  # faster than the recorded rate in fast motion
            self.loop = RolloutLoop(
                env=target.env,
                running=running,
                operator=operator,
                sink=self.recorder,
                publish=publish,
                clock=clock,
                describe_episode=self._describe_episode,
                show=show if target.drawn else None,
                rewind_steps=target.rewind_steps,
                rate_hz=self._rate_hz,
                hazard=hazard,
                live=target.live,
                # Without a given seed, the starts go on after those of the recorded episodes.
                first_seed=self._recorded_before if plan.seed is None else plan.seed,
            )
            undoing.pop_all()  # everything is open: from here on, ``close`` is responsible
        self.loop.guided = plan.guided
        self._notes: dict[str, dict[str, str]] = {}
        self._operator_name = plan.operator_name
        self._stop_number, self._reported_stop_problem = 0, ""
        self._loader = PolicyLoader(publish)
        self._handlers = self._command_handlers()

    def handle(self, command: Message) -> None:
        """Do what the window asks for; called between ticks."""
        self._handlers[type(command)](command)

    def tick(self) -> None:
        """Hand over what was loaded meanwhile, then do everything one control period asks for."""
        # Before the tick, so that a policy never changes between its proposal and the step.
        self._loader.finish(self.loop)
        self.loop.tick()

    def load_policy(self, policy: str, intervention_model: str = "") -> RunningPolicy:
        """Load a policy and the intervention model that goes with it; may be called on another thread."""
        # A scene's policy is checked while it loads. A robot's description is known only from its connection.
        if self._robot is not None:
            check_fits_robot(self._workspace, self._target.name, policy, self._robot.description)
        return load_running_policy(
            self._workspace,
            self._target.name,
            policy,
            self._target.env,
            intervention_model=intervention_model,
            live_source=self.plan.live_source,
            observation_labels=self._target.observation_labels,
        )

    def with_newest_model(self, running: RunningPolicy) -> RunningPolicy:
        """Return ``running`` with the newest intervention model and forecast; may be called on another thread."""
        return with_intervention_model(
            self._workspace,
            self._target.name,
            running,
            self._target.env,
            intervention_model=self.plan.intervention_model,
            live_source=self.plan.live_source,
            observation_labels=self._target.observation_labels,
        )

    def loaded(self) -> m.SessionLoaded:
        """Return the answer to ``LoadSession``, once everything is loaded."""
        running = self.loop.runner.running
        return m.SessionLoaded(
            scene=self._target.name,
            policy_id=running.policy.policy_id,
            policy_name=running.name,
            basis=running.estimator.basis,
            action_labels=self._target.action_labels,
            max_steps=self._target.max_steps,
            choices=tuple(m.ActionChoice(choice.title, choice.push) for choice in self._target.choices),
            entries=tuple(m.ActionChoice(each.title or each.label, each.drive) for each in self._target.entries),
            problems=(*self._target.problems, *filter(None, [self._version_problem(running.policy.policy_id)])),
            rate_hz=self._rate_hz,
            robot=self._robot.address if self._robot else "",
            robot_scene=self._robot.description.scene if self._robot else "",
            robot_cameras=self._robot.cameras(self.plan.robot_key) if self._robot else (),
            may_rewind=self._target.rewind_steps > 0,
        )

    @property
    def words_drive(self) -> DrivenBody | None:
        """What commands in words drive here; None where they cannot."""
        return self._target.words_drive

    @property
    def _robot(self) -> RobotScene | None:
        return self._target.robot

    @property
    def _rate_hz(self) -> float:
        """Control steps a second of the robot's own time."""
        return self.plan.rate_hz if self._robot is None else self._robot.description.rate_hz

    # ── a robot ──────────────────────────────────────────────────────────────────────────────────────────────────

    def arm(self) -> str:
        """Permit the robot to move; return why that is not possible, or an empty string."""
        return self._robot.robot.arm() if self._robot else ""

    def robot_status(self) -> m.RobotStatus | None:
        """Return one consistent snapshot of the robot; None where there is none."""
        if self._robot is None:
            return None
        # Only while a person is asked. Otherwise the window would show a question that has no effect.
        checklist = self.loop.checklist if self.loop.awaits_person else ()
        status = self._robot.status(checklist, self.loop.checklist_number)
        # Once for each stop: the status is built in each tick.
        if status.stop_problem and not self._reported_stop_problem:
            self._publish(m.Note(level="error", text=status.stop_problem))
        self._reported_stop_problem = status.stop_problem
        return status

    # ── status ───────────────────────────────────────────────────────────────────────────────────────

    def status(self) -> m.Status:
        """Return one consistent snapshot."""
        loop, runner, running = self.loop, self.loop.runner, self.loop.runner.running
        cadence = self.cadence.report()
        idle = loop.phase in {Phase.IDLE, Phase.STOPPED}
        episode = runner.episode
        limit = episode.limit if episode else runner.limit
        limit_steps = limit.steps if limit else self._target.max_steps
        return m.Status(
            phase=loop.phase,
            reason=loop.reason,
            episode=self._recorded_before + loop.episodes_begun,
            episodes_left=loop.episodes_left,
            step=episode.step if episode else 0,
            policy_id=running.policy.policy_id,
            policy_name=running.name,
            operator=self._operator.kind,
            device=self._operator.device,
            instruction=self._operator.instruction,
            device_connected=runner.device_connected,
            # Divided by the speed of fast motion: the window shows steps per second of the robot's own time. No rate is
            # shown while nothing moves.
            rate_hz=0.0 if idle else cadence.rate_hz * self._rate_hz / self._target.rate_hz,
            lateness_p99_ms=cadence.lateness_p99_ms,
            lateness_max_ms=cadence.lateness_max_ms,
            overruns=cadence.overruns,
            alert=runner.alert.active,
            asking=runner.asking,
            basis=running.estimator.basis,
            discard_armed=runner.discard_armed,
            must_resume=self._target.live.must_resume,
            holds_after_takeover=loop.holds_after_takeover,
            steps_left=max(0, limit_steps - episode.counted) if episode else None,
            limit_steps=limit_steps,
            time_stops=bool(limit and limit.stops_while_driving),
            stop_number=self._stop_number,
            call_reasons=runner.call_reasons if runner.alert.active or runner.asking else "",
            call_places=runner.call_places if runner.alert.active or runner.asking else (),
            line=runner.alert.line,
            may_let_go=runner.alert.may_let_go,
            budget_used=runner.alert.budget_used,
            calls_by=running.estimator.calls_by,
            wants_band=running.estimator.wants_band,
        )

    def close(self) -> str:
        """Close the running episode as aborted, wait until it is on disk, and free the scene.

        Returns what could not be written to the database, as a sentence; empty when everything was.
        """
        # First, because a loading thread still reads the workspace that is closed below.
        self._loader.close()
        if self.loop.in_episode:
            self.loop.stop("The session is closed.")
        # The recorder before the workspace: its thread writes to the same folder. The scene follows, because no step
        # can arrive any more.
        unwritten = self.recorder.close()
        self._target.env.close()
        self._workspace.close()
        return unwritten

    # ── commands of the window ───────────────────────────────────────────────────────────────────────────────────

    def _command_handlers(self) -> Mapping[type[Message], Callable[..., None]]:
        return {
            m.StartEpisodes: self._start,
            m.ArmRobot: self._arm,
            m.DisarmRobot: self._disarm,
            m.AskToDrive: self._ask_to_drive,
            m.ConfirmReset: self._confirm_reset,
            m.TickChecklist: lambda command: self.loop.tick_checklist(command.number, command.points),
            m.PauseRobot: lambda command: self.loop.pause(command.paused),
            m.SetTimeLimit: self._set_time_limit,
            m.RequestStop: self._stop,
            m.RequestReset: lambda _: self.loop.reset(),
            m.ToggleHold: lambda _: self.loop.toggle_hold(),
            m.EndEpisode: self._end_episode,
            m.MarkCall: lambda _: self.loop.mark_call(),
            m.UndoDiscard: lambda _: self.recorder.undo_discard(),
            m.NameOperator: self._name_operator,
            m.PromotePolicy: self._promote,
            m.ReloadInterventionModel: self._reload_model,
        }

    def _start(self, command: m.StartEpisodes) -> None:
        if self.plan.guided and not command.notes:
            self._publish(m.Note(level="info", text="In a study, the page Study starts each episode."))
            return
        if self.loop.phase is Phase.IDLE:  # a start that has no effect must not change what the running run is noted as
            self._notes = command.notes
            self._operator_name = command.operator_name or self._operator_name
        self.loop.start(command.episodes, command.seed)

    def _arm(self, _: m.ArmRobot) -> None:
        if problem := self.arm():
            self._publish(m.Note(level="warning", text=problem))

    def _disarm(self, _: m.DisarmRobot) -> None:
        if self._robot is not None:
            self._robot.robot.disarm()
            self.loop.fault("The robot was disarmed. Arm it, then resume.")

    def _ask_to_drive(self, _: m.AskToDrive) -> None:
        if self._robot is not None:
            self._robot.robot.ask_to_drive()

    def _confirm_reset(self, command: m.ConfirmReset) -> None:
        if command.ready:
            self.loop.confirm_reset()
        else:
            self.loop.end_run()

    def _set_time_limit(self, command: m.SetTimeLimit) -> None:
        # Conditions of a study are compared with one another, so a person's own setting does not count there.
        if not self.plan.guided:
            self.loop.runner.limit = time_limit(command, self._rate_hz, self._target.max_steps)

    def _stop(self, command: m.RequestStop) -> None:
        self.loop.stop()
        # Sent back in the status. The window repeats its stop until it sees the number, and an older repetition must
        # not lower it.
        self._stop_number = max(self._stop_number, command.number)

    def _end_episode(self, command: m.EndEpisode) -> None:
        # The window sends "discard" as an outcome, too. It is none that is recorded.
        if command.outcome in _OUTCOMES:
            self.loop.end_episode(cast("Outcome", command.outcome))
        else:
            self.loop.discard_episode()

    def _name_operator(self, command: m.NameOperator) -> None:
        # In a study the person at the device is a participant, whose name must not be recorded.
        if not self.plan.guided:
            self._operator_name = command.name

    def _promote(self, command: m.PromotePolicy) -> None:
        # ``load_policy`` runs on the loading thread. It reads files and the scene's fixed sizes, but does not step the
        # scene.
        self._loader.promote(command, partial(self._load_next, command))

    def _load_next(self, command: m.PromotePolicy) -> RunningPolicy:
        running = self.load_policy(command.policy, command.intervention_model)
        if problem := self._version_problem(running.policy.policy_id):
            self._publish(m.Note(level="warning", text=problem))
        return running

    def _version_problem(self, policy_id: str) -> str:
        """Return a sentence where the policy was trained on another version of the scene; any thread."""
        record = Catalogue(self._workspace).find_policy(policy_id)
        return policy_of_other_version(record, self._target.identity.get(SCENE_VERSION, {})) if record else ""

    def _reload_model(self, _: m.ReloadInterventionModel) -> None:
        upcoming = self.loop.upcoming
        self._loader.reload(upcoming, partial(self.with_newest_model, upcoming))

    # ── callbacks of loop and recorder ───────────────────────────────────────────────────────────────────────────

    def _describe_episode(self, seed: int, running: RunningPolicy) -> EpisodeStart:
        limit = self.loop.runner.limit
        limited = {EPISODE_LIMIT: limit.noted} if limit else {}
        return EpisodeStart(
            episode_id=new_episode_id(),
            scene=self._target.name,
            # Everything a later reader needs stands in the episode itself, because policies and models can be deleted
            # from the workspace.
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
            extra=self._target.identity | {CALLED_BY: running.estimator.calls_by} | limited | self._notes,
            operator_name=self._operator_name,
        )

    def _episode_closed(self, record: EpisodeRecord, kind: ClosedKind) -> None:
        self._publish(closing(record, discarded=kind == "discarded"))
