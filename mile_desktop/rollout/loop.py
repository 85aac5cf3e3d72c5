"""The rollout loop: one control tick after another, whoever has the robot."""

from collections.abc import Callable

import numpy as np

from mile_desktop.intervention.estimate import InterventionEstimate
from mile_desktop.operators.operator import Operator, OperatorContext, OperatorReading, OperatorRequest
from mile_desktop.policies.policy import FloatArray, PolicyOutput
from mile_desktop.registry.running_policy import RunningPolicy
from mile_desktop.robots.driver import RobotError
from mile_desktop.rollout.alert import AlertMonitor, AlertRule
from mile_desktop.rollout.clock import Clock
from mile_desktop.rollout.episode_state import EpisodeState, StepSink
from mile_desktop.rollout.gate import EpisodeGate
from mile_desktop.rollout.live_robot import LiveRobot, Simulated, follow, no_hazard
from mile_desktop.rollout.messages import Event, Note
from mile_desktop.rollout.phases import MOVING, Phase, PhaseEvent
from mile_desktop.rollout.requests import heed_request
from mile_desktop.rollout.rewind import RewindRing
from mile_desktop.rollout.safety import action_problem, output_problem
from mile_desktop.rollout.scene import DrivenScene
from mile_desktop.rollout.step_record import announcement, recorded_step
from mile_desktop.rollout.supervision import Supervision
from mile_desktop.storage.records import EpisodeStart, Outcome

Publish = Callable[[Event], None]

_REWOUND = "Rewound."
_OVER = "What was missing is back. Resume when you are ready."


class RolloutLoop:
    """Drives one scene with one policy under one operator.

    Everything is called on the thread that owns the scene: requests (``start``, ``stop`` …) between ticks, ``tick`` at
    the control rate. What happens goes out through ``publish`` and ``sink``; both return at once, so that display and
    disk never hold up a tick.

    The phases are those of ``phases.TRANSITIONS``::

        idle ── start ──► autonomous ◄── released ── takeover
                              │  ▲── pressed ──────────▲ │
                        hold, fault │ resume           │ │ hold, fault
                              ▼  │                     │ ▼
                              hold ─── pressed ────────┘ hold
        any ── stop ──► stopped ── reset ──► idle
        episode ends ──► resetting ──► autonomous | idle

    While the robot holds, nothing is recorded: no step is taken. A live robot may ask for a person before an episode:
    the loop waits in ``resetting`` until ``confirm_reset``.
    """

    def __init__(
        self,
        *,
        env: DrivenScene,
        running: RunningPolicy,
        operator: Operator,
        sink: StepSink,
        publish: Publish,
        clock: Clock,
        describe_episode: Callable[[int, RunningPolicy], EpisodeStart],
        show: Callable[[FloatArray, int], None] | None,
        first_seed: int,
        dwell_steps: int = 20,
        rewind_steps: int = 0,
        hazard: Callable[[], str] = no_hazard,
        live: LiveRobot | None = None,
    ) -> None:
        self.supervision = Supervision(self._phase_changed)
        self.alert = AlertMonitor(AlertRule())
        self.running = running
        self.operator = operator
        self.episodes_left = 0
        self.episodes_begun = 0
        self.asking = False
        self.discard_armed = False
        self.device_connected = False
        self.episode: EpisodeState | None = None
        self._env = env
        self._live = live or Simulated()
        self._gate = EpisodeGate(self._live)
        self._sink = sink
        self._publish = publish
        self._clock = clock
        self._describe = describe_episode
        self._show = show
        self._next_seed = first_seed
        self._dwell_steps = dwell_steps
        self._dwell_left = 0
        self._promoted: RunningPolicy | None = None
        self._history = RewindRing(env, rewind_steps)
        self._zero = np.zeros(env.action_size, np.float32)
        self._takeover_pressed = False
        self._hazard = hazard
        self._obstacle = ""
        self._idle_observation = self._zero
        self._reset_env(first_seed)

    # ── requests ─────────────────────────────────────────────────────────────────────────────────────────────────

    def start(self, episodes: int = 1) -> None:
        """Begin a run of ``episodes`` episodes when idle; more of them when one is running."""
        if self.supervision.phase is not Phase.IDLE:
            return
        if problem := self._live.obstacle():
            self._publish(Note(level="warning", text=problem))
            return
        self.episodes_left = max(1, episodes)
        if not self.checklist:
            self._begin_next(PhaseEvent.START)
        if self.checklist or self._gate.on_its_way:
            self.supervision.apply(PhaseEvent.PREPARE)
            self._dwell_left = 0

    @property
    def checklist(self) -> tuple[str, ...]:
        """What a person has to see to before episodes of this robot."""
        return self._live.checklist

    @property
    def awaits_person(self) -> bool:
        """The next episode begins when a person has confirmed the checklist."""
        waits = self.supervision.phase is Phase.RESETTING and self.episodes_left > 0 and self._dwell_left <= 0
        return waits and self._gate.closed

    def confirm_reset(self) -> None:
        """Begin the next episode: a person has seen to the checklist."""
        if self.awaits_person:
            self._gate.open()

    def end_run(self) -> None:
        """Begin no further episode."""
        self.episodes_left = 0
        self._gate = EpisodeGate(self._live)

    def stop(self, reason: str = "Stopped by the operator.") -> None:
        """Latch the stop; the running episode is kept as aborted."""
        if self.supervision.in_episode:
            self._close_episode("aborted")
        self.end_run()
        self.supervision.apply(PhaseEvent.STOP, reason)

    def reset(self) -> None:
        """Leave the stop; a scene goes back to a start, a live robot stays where it is."""
        if self.supervision.phase is Phase.STOPPED and (problem := self._live.leave_stop()):
            self._publish(Note(level="warning", text=problem))
        elif self.supervision.apply(PhaseEvent.RESET):
            self._reset_env(self._next_seed)

    def toggle_hold(self) -> None:
        """Hold the pose, or go on when already holding."""
        if self.supervision.phase is Phase.HOLD:
            self.supervision.apply(PhaseEvent.RESUME)
        else:
            self.supervision.apply(PhaseEvent.HOLD_PRESSED, "Held by the operator.")

    def fault(self, reason: str) -> None:
        """Hold because moving on would not be safe."""
        self.supervision.apply(PhaseEvent.FAULT, reason)

    def end_episode(self, outcome: Outcome) -> None:
        """Close the running episode as the operator says."""
        if self.supervision.in_episode:
            self._close_episode(outcome)
            self.supervision.apply(PhaseEvent.EPISODE_ENDED)

    def discard_episode(self) -> None:
        """Put the running episode in the bin and record the same start again."""
        if self.episode is None:
            return
        self._sink.discard()
        self._next_seed -= 1
        self.episodes_left += 1
        self.episode = None
        self.supervision.apply(PhaseEvent.EPISODE_ENDED)

    def promote(self, running: RunningPolicy) -> None:
        """Let another policy drive from the next episode on; the running one is never disturbed."""
        self._promoted = running
        if not self.supervision.in_episode:
            self._adopt_promoted()

    @property
    def upcoming(self) -> RunningPolicy:
        """What drives the next episode."""
        return self._promoted or self.running

    # ── ticks ────────────────────────────────────────────────────────────────────────────────────────────────────

    def tick(self) -> None:
        """Do everything one control period asks for."""
        self._live.attend()
        if self.episode is not None:
            self._episode_tick(self.episode)
        elif self.supervision.phase is Phase.RESETTING:
            self._reset_tick()
        else:
            self._idle_tick()
        if self._show is not None and self.episode is None and (state := self._live.view()) is not None:
            self._show(state, 0)

    def _idle_tick(self) -> None:
        reading = self._read_operator(self._zero, self._zero, self._zero)
        for request in reading.requests:
            heed_request(self, request, self._publish)

    def _reset_tick(self) -> None:
        reading = self._read_operator(self._zero, self._zero, self._zero)
        if OperatorRequest.START in reading.requests and not self.episodes_left and not self.checklist:
            self.episodes_left = 1  # pressed a moment too early is meant all the same
        if OperatorRequest.STOP in reading.requests:
            self.stop()
        elif self._dwell_left > 0:
            self._dwell_left -= 1
        elif self.episodes_left > 0:
            if OperatorRequest.START in reading.requests:
                self.confirm_reset()
            if not self.awaits_person:
                self._begin_next(PhaseEvent.NEXT_EPISODE)
        else:
            self.supervision.apply(PhaseEvent.RUN_FINISHED)
            self._reset_env(self._next_seed)

    def _episode_tick(self, episode: EpisodeState) -> None:
        self._heed_obstacle()
        episode.observation = self._live.newest(episode.observation)
        output = self.running.policy.act(episode.observation)
        if problem := output_problem(output, len(self._zero), discrete=self._env.discrete):
            self.fault(f"{problem} End the episode, or choose another policy.")
            output = PolicyOutput(self._zero, self._zero, np.ones_like(self._zero))
        estimate = self.running.estimator.estimate(episode.observation, output, intervening=episode.human_drove)
        reading = self._read_operator(output.action, output.mean, output.std)
        self._heed(reading, blocked=bool(problem or self._obstacle))
        if reading.rewind and self.episode is episode:
            self._rewind(episode)
            return
        if self.supervision.phase in MOVING and self.episode is episode:
            self._heed_alert(estimate)
        if self.supervision.phase in MOVING and self.episode is episode:
            self._take_step(episode, output, estimate, reading)

    def _heed_obstacle(self) -> None:
        """Hold while the disk refuses or something the robot depends on is missing; say so when it is over."""
        before, self._obstacle = self._obstacle, self._sink.problem or self._live.hazard() or self._hazard()
        if self._obstacle:
            self.fault(self._obstacle)
        elif before and self.supervision.reason == before:
            self.fault(_OVER)  # the robot holds already: only the reason changes

    def _heed(self, reading: OperatorReading, *, blocked: bool) -> None:
        for request in reading.requests:
            heed_request(self, request, self._publish)
        self._heed_takeover(reading, blocked=blocked)
        self._takeover_pressed = reading.takeover

    def _heed_takeover(self, reading: OperatorReading, *, blocked: bool) -> None:
        if self.supervision.phase is Phase.TAKEOVER and not reading.connected:
            self.fault(f"{self.operator.device} is gone. The robot holds; plug it in again and resume.")
        elif reading.takeover and not blocked:
            if self.supervision.phase is Phase.HOLD and (self._takeover_pressed or self._live.must_resume):
                return  # a button that was down when the robot began to hold must be let go first
            if problem := action_problem(reading.action, len(self._zero), discrete=self._env.discrete):
                self.fault(f"The operator's action {problem}.")
            else:
                self.supervision.apply(PhaseEvent.TAKEOVER_PRESSED)
        elif not reading.takeover:
            self.supervision.apply(PhaseEvent.TAKEOVER_RELEASED)

    def _heed_alert(self, estimate: InterventionEstimate) -> None:
        if self.supervision.phase is Phase.TAKEOVER:
            self.alert.reset()
            return
        came_on = self.alert.update(self.running.estimator.alarm(estimate))
        if came_on and self.alert.rule.ask_me:
            self.asking = True
            self.supervision.apply(PhaseEvent.HOLD_PRESSED, "The robot asks for help. Take over, or resume.")

    def _rewind(self, episode: EpisodeState) -> None:
        """Go back by one step and hold there; what was recorded stays, the next step says where it starts."""
        self.supervision.apply(PhaseEvent.HOLD_PRESSED, _REWOUND)
        back = self._history.back()
        if back is None:
            return
        moment, episode.observation = back
        episode.step, episode.starts_at_row = moment.step, moment.row
        episode.human_drove = False
        self.alert.reset()
        self._draw(episode.step)

    def _take_step(
        self, episode: EpisodeState, output: PolicyOutput, estimate: InterventionEstimate, reading: OperatorReading
    ) -> None:
        human = self.supervision.phase is Phase.TAKEOVER
        action = reading.action if human else output.action
        timestamp = self._clock.now()
        state = self._env.scene_state()
        self._history.keep(episode.step, episode.row)
        try:
            observation, reward, terminated, truncated, info = self._env.step(action)
        except RobotError as error:
            self.fault(str(error))
            return
        except (RuntimeError, ValueError, ArithmeticError) as error:
            # whatever the simulator reports: the robot must not go on from a state nobody knows
            self.fault(f"The simulator failed: {error} End the episode to start over.")
            return
        phase = self.supervision.phase
        step = recorded_step(
            episode,
            output,
            estimate,
            timestamp=timestamp,
            scene_state=state,
            commanded=action,
            reward=reward,
            info=info,
            phase=phase,
            operator=self.operator.kind,
        )
        self._sink.append(step)
        self._publish(announcement(episode, step, phase))
        episode.advance(observation, human=human)
        self._draw(episode.step)
        if terminated or truncated:
            self.end_episode("success" if step.success else "failure")

    # ── episodes ─────────────────────────────────────────────────────────────────────────────────────────────────

    def _begin_next(self, event: PhaseEvent) -> None:
        """Begin an episode of the run once the robot is at its start, or say why not and wait for a person again."""
        problem = self._gate.pass_through(self._next_seed)
        if problem:
            self._publish(Note(level="warning", text=problem))
            self.episodes_left = self.episodes_left if self.checklist else 0
        elif problem is not None:
            self.episodes_left -= 1
            self._begin_episode(event)

    def _begin_episode(self, event: PhaseEvent) -> None:
        self._adopt_promoted()
        seed = self._next_seed
        self._next_seed += 1
        self.episodes_begun += 1
        self._history.forget()
        self._reset_env(seed)
        self.running.policy.reset(seed)
        self.running.estimator.reset()
        self.operator.reset(seed)
        self.alert.reset()
        start = self._describe(seed, self.running)
        self.episode = EpisodeState(start, self._idle_observation)
        self._sink.begin(start)
        self.supervision.apply(event)

    def _close_episode(self, outcome: Outcome) -> None:
        self._sink.end(outcome)
        self.episode = None

    def _adopt_promoted(self) -> None:
        before, self.running, self._promoted = self.running, self._promoted or self.running, None
        if self.running.policy is not before.policy:
            self._publish(Note(level="info", text=f"{self.running.name} drives from now on."))

    def _draw(self, step: int) -> None:
        """Show the scene as it is now, where somebody looks."""
        if self._show is not None:
            self._show(self._env.scene_state(), step)

    def _reset_env(self, seed: int) -> None:
        self._idle_observation, _ = self._env.reset(seed=seed)
        self._draw(0)

    def _phase_changed(self, before: Phase, after: Phase) -> None:
        if problem := follow(self._live, before, after):
            self.fault(problem)
        if Phase.TAKEOVER in {before, after} or after is Phase.HOLD:
            # deltas go on from where the robot is, not from where its last command wanted it
            self._env.rebase()
        if before is Phase.HOLD:
            self.asking = False
        if after is Phase.RESETTING:
            self._dwell_left = self._dwell_steps

    def _read_operator(self, proposal: FloatArray, mean: FloatArray, std: FloatArray) -> OperatorReading:
        episode = self.episode
        reading = self.operator.poll(
            OperatorContext(
                step=episode.step if episode else 0,
                observation=episode.observation if episode else self._idle_observation,
                proposal=proposal,
                policy_mean=mean,
                policy_std=std,
                intervening=bool(episode and episode.human_drove),
                discrete=self._env.discrete,
            )
        )
        self.discard_armed = reading.discard_armed
        self.device_connected = reading.connected
        return reading
