"""One episode of the rollout loop: its ticks, takeovers, rewinds and steps."""

from collections.abc import Callable, Sequence

import numpy as np

from mile_desktop.arrays import Float32Array
from mile_desktop.intervention.corrected_places import Place
from mile_desktop.intervention.estimate import InterventionEstimate
from mile_desktop.operators.operator import Operator, OperatorContext, OperatorReading, OperatorRequest
from mile_desktop.operators.window_input import SOURCES
from mile_desktop.operators.words.segment import WORDS
from mile_desktop.policies.policy import PolicyOutput
from mile_desktop.registry.running_policy import RunningPolicy
from mile_desktop.robots.driver import RobotError
from mile_desktop.rollout.alert import AlertMonitor, AlertRule
from mile_desktop.rollout.clock import Clock
from mile_desktop.rollout.episode_state import EpisodeState, StepSink
from mile_desktop.rollout.live_robot import LiveRobot, follow_phase
from mile_desktop.rollout.messages import Event, Note
from mile_desktop.rollout.phases import MOVING, Phase, PhaseEvent, PhaseMachine
from mile_desktop.rollout.rewind import RewindRing
from mile_desktop.rollout.safety import action_problem, output_problem, usable_action
from mile_desktop.rollout.scene import DrivenScene
from mile_desktop.rollout.slew import SlewLimit
from mile_desktop.rollout.step_record import announcement, recorded_step
from mile_desktop.rollout.time_limit import TimeLimit
from mile_desktop.storage.reasons import encode_reasons
from mile_desktop.storage.records import TIME_LIMIT, EpisodeStart, Outcome

Publish = Callable[[Event], None]
DescribeEpisode = Callable[[int, RunningPolicy], EpisodeStart]
Show = Callable[[Float32Array, int], None]

_PEOPLE = frozenset({"gamepad", WORDS, *SOURCES})
_REWOUND = "Rewound."
_INEXACT = " The scene is close to what it was then, not exactly the same."
_OVER = "What was missing is back. Resume when you are ready."


class EpisodeRunner:
    """Runs the episodes of a ``RolloutLoop``, which says when one begins; on the loop's thread.

    A tick has a fixed order:

    1. obstacles (disk, link, cameras), because nothing below may move the robot while there is one;
    2. the newest observation, the policy's output and p, all from the same observation;
    3. the operator, after the policy, because the operator sees the proposal, and before the step, so that a takeover
       is executed in the tick in which it is pressed;
    4. the operator's requests, then takeover or release: a stop wins over a takeover of the same tick;
    5. rewind, which replaces the step of this tick;
    6. the alert, after the takeover, because a person who drives needs no alert;
    7. the step, only if the phase is still one in which the robot moves;
    8. "ask me" holds the robot, after the step: it is the one that completes the alert, and a recording without it
       would have no call.

    After 4 and 7 the episode may have ended or the robot may hold, so each later part looks at the phase again.

    Parameters
    ----------
    phases
        The loop's; changes of phase come back through ``phase_changed``.
    handle_requests
        Called with the operator's requests of a tick; may end the episode.
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
        show: Show | None,
        rewind_steps: int,
        rate_hz: float,
        hazard: Callable[[], str],
        live: LiveRobot,
        phases: PhaseMachine,
        handle_requests: Callable[[Sequence[OperatorRequest]], None],
    ) -> None:
        # Public, as the window replaces it with the rule that a person has set.
        self.alert = AlertMonitor(AlertRule(), rate_hz)
        self.running = running
        self.operator = operator
        self.asking = False
        self.call_reasons = ""
        """Why the alert came on for the last time; see ``storage.reasons``."""
        self.call_places: tuple[Place, ...] = ()
        """Where, near the end effector, people took over in states like that one."""
        self.discard_armed = False
        self.limit: TimeLimit | None = None
        """Time limit of the episodes that begin from now on; None for the scene's own."""
        self.device_connected = False
        self.episode: EpisodeState | None = None
        self._env = env
        self._sink = sink
        self._publish = publish
        self._clock = clock
        self._show = show
        self._hazard = hazard
        self._live = live
        self._phases = phases
        self._handle_requests = handle_requests
        self._history = RewindRing(env, rewind_steps)
        self._zero = np.zeros(env.action_size, np.float32)
        self._slew = SlewLimit(env.action_size, rate_hz, discrete=env.discrete)
        self._takeover_pressed = False
        self._reported_action = False
        # The obstacle of the last tick. Only the change matters: the phase has the reason while it lasts.
        self._obstacle = ""
        # A placeholder until ``reset_scene``, which the loop calls right after this constructor.
        self._idle_observation = self._zero

    @property
    def settling(self) -> bool:
        """Whether the last episode is still being written."""
        return self._sink.settling

    # ── between episodes ─────────────────────────────────────────────────────────────────────────────────────────

    def reset_scene(self, seed: int) -> None:
        """Put the scene at the start that ``seed`` stands for, and draw it."""
        self._idle_observation, _ = self._env.reset(seed=seed)
        self._draw(0)

    def read_idle_operator(self) -> OperatorReading:
        """Poll the operator while no episode runs: there is no proposal."""
        return self._read_operator(self._zero, self._zero, self._zero)

    def begin(self, seed: int, describe: DescribeEpisode) -> None:
        """Open the episode that ``seed`` stands for; the caller changes the phase afterwards."""
        # The operators and the estimator keep state between steps. All of them start again here, so that an episode
        # depends only on its seed.
        self._slew.begin()
        self._history.forget()  # before the reset, which releases the snapshots
        self.reset_scene(seed)
        self.running.policy.reset(seed)
        self.running.estimator.reset()
        self.operator.reset(seed)
        self.alert.reset()
        # Last, because opening an episode makes a row in the journal: nothing above may fail after it.
        start = describe(seed, self.running)
        self.episode = EpisodeState(start, self._idle_observation, limit=self.limit)
        self._sink.begin(start)

    def close(self, outcome: Outcome) -> None:
        """Close the running episode; the caller changes the phase afterwards."""
        # Both calls return at once. The message that the episode is on disk comes from the recorder's thread later.
        self._sink.end(outcome)
        self.episode = None

    def discard(self) -> None:
        """Put the running episode in the bin; the caller changes the phase afterwards."""
        self._sink.discard()
        self.episode = None

    def mark_call(self) -> str:
        """Note the person's judgement with the next step, and return it as a sentence.

        One key is enough: a takeover after the last call, or without any, was called too late; a call that nobody
        followed was unnecessary.
        """
        episode = self.episode
        if episode is None or max(episode.last_call, episode.last_takeover) < 0:
            return "There is no call or takeover in this episode to mark."
        late = episode.last_takeover >= episode.last_call
        episode.call_mark = "late" if late else "unnecessary"
        what = "takeover: it was called too late" if late else "call: it was unnecessary"
        return f"Marked the last {what}. The next refit of the forecast counts it."

    def phase_changed(self, before: Phase, after: Phase) -> None:
        """Follow a change of phase."""
        # The robot first: while the code below runs, it must not still have permission to move.
        if problem := follow_phase(self._live, before, after):
            self.fault(problem)
        if Phase.TAKEOVER in {before, after} or after is Phase.HOLD:
            # deltas go on from where the robot is, not from where its last command wanted it
            self._env.rebase()
        # Any way out of the hold is an answer to the question that the robot asked.
        if before is Phase.HOLD:
            self.asking = False
        if after not in MOVING:
            self._slew.stand_still()
        # Resetting and idle are left out. An episode that begins has no driver before it, and ``begin`` has cleared the
        # limit.
        elif before in {Phase.AUTONOMOUS, Phase.TAKEOVER, Phase.HOLD}:
            self._slew.switch()

    def fault(self, reason: str) -> None:
        """Hold because moving on would not be safe."""
        self._phases.apply(PhaseEvent.FAULT, reason)

    # ── the tick ─────────────────────────────────────────────────────────────────────────────────────────────────

    def tick(self, episode: EpisodeState) -> None:
        """Do everything that one control period of ``episode`` asks for, in the order of the class's docstring."""
        # Observation, output and p are computed while the robot holds, too: the window shows p, and a person decides by
        # it whether to resume.
        self._check_obstacles()
        episode.observation = self._live.newest(episode.observation)
        output = self.running.policy.act(episode.observation)
        if problem := output_problem(output, len(self._zero), discrete=self._env.discrete):
            self.fault(f"{problem} End the episode, or choose another policy.")
            # a harmless output, so that the operator can still be read and can end the episode
            output = PolicyOutput(self._zero, self._zero, np.ones_like(self._zero))
        # Before the operator is read: p must depend only on what was there before the person acted.
        held = not self._phases.moving
        estimate = self.running.estimator.estimate(
            episode.observation, output, intervening=episode.human_drove, held=held
        )
        reading = self._read_operator(output.action, output.mean, output.std)
        self._handle_requests(reading.requests)
        self._apply_takeover(reading, blocked=bool(problem or self._obstacle))
        # After ``_apply_takeover``, which compares this tick's button with the last one.
        self._takeover_pressed = reading.takeover
        # The episode may have ended in ``_handle_requests``. Then its snapshots belong to a scene that was reset.
        if reading.rewind and self.episode is episode:
            self._rewind(episode)
            return
        if not self._phases.moving or self.episode is not episode:
            return
        asks = self._update_alert(estimate)
        self._take_step(episode, output, estimate, reading)
        if asks and self._phases.moving and self.episode is episode:
            self.asking = True
            self._phases.apply(PhaseEvent.HOLD_PRESSED, "The robot asks for help. Take over, or resume.")

    def _check_obstacles(self) -> None:
        """Hold while the disk refuses or something the robot depends on is missing, and report when it is back."""
        # The disk first: what is not recorded must not happen. One reason is enough, so the later ones are not asked.
        before, self._obstacle = self._obstacle, self._sink.problem or self._live.hazard() or self._hazard()
        if self._obstacle:
            self.fault(self._obstacle)
        # Only if the reason shown is still this obstacle's. A person may have held the robot for another reason
        # meanwhile.
        elif before and self._phases.reason == before:
            self.fault(_OVER)  # the robot holds already: only the reason changes

    def _apply_takeover(self, reading: OperatorReading, *, blocked: bool) -> None:
        if self._phases.phase is Phase.TAKEOVER and not reading.connected:
            gone = f"{self.operator.device} is gone. The robot holds; plug it in again and resume."
            self.fault(reading.loss or gone)
        # Blocked while the policy's output is unusable or an obstacle is there: a takeover would move the robot out of
        # the hold.
        elif reading.takeover and not blocked:
            if self._phases.phase is Phase.HOLD and (self._takeover_pressed or self._live.must_resume):
                return  # a button that was down when the robot began to hold must be let go first
            self._phases.apply(PhaseEvent.TAKEOVER_PRESSED)
        elif not reading.takeover:
            # The next takeover may report its broken axis again.
            self._reported_action = False
            self._phases.release_takeover()

    def _update_alert(self, estimate: InterventionEstimate) -> bool:
        """Count this step for the alert; return whether the robot asks for help after it."""
        if self._phases.phase is Phase.TAKEOVER:
            # Steps before the takeover must not count towards an alert right after the hand-back.
            self.alert.update_takeover(estimate.hand_back)
            return False
        came_on = self.alert.update(self.running.estimator.alarm(estimate), estimate.usual)
        if came_on:
            self.call_reasons = encode_reasons(estimate.reasons)
            if self.episode is not None:
                self.call_places = self.running.estimator.corrected_nearby(self.episode.observation)
                self.episode.last_call = self.episode.row
        return came_on and self.alert.rule.ask_me

    def _rewind(self, episode: EpisodeState) -> None:
        """Go back by one step and hold there; the recording keeps everything; the next step notes its start."""
        # Hold first, and also where no moment is left. The robot must not go on while the button is down.
        self._phases.apply(PhaseEvent.HOLD_PRESSED, _REWOUND)
        back = self._history.back()
        if back is None:
            return
        # The policy sees the restored moment in the next tick. The row counter goes on, because the recording keeps
        # what was undone.
        moment, episode.observation = back
        episode.step, episode.starts_at_row, episode.counted = moment.step, moment.row, moment.counted
        # The step to come follows no takeover. With the old flag, the first step would count as the continuation of
        # one.
        episode.human_drove = False
        # What the robot has asked for help with, and why, belongs to the later moment.
        self.asking, self.call_reasons, self.call_places = False, "", ()
        self.alert.reset()
        self._draw(episode.step)
        # A hold may have had another reason before. While the button is down this is the useful one; an obstacle puts
        # its own reason back in the next tick.
        inexact = "" if self._env.rewinds_exactly else _INEXACT
        self._phases.apply(PhaseEvent.FAULT, f"Rewound to step {moment.step}.{inexact}")

    def _take_step(
        self, episode: EpisodeState, output: PolicyOutput, estimate: InterventionEstimate, reading: OperatorReading
    ) -> None:
        human = self._phases.phase is Phase.TAKEOVER
        # p and proposal were computed for this step in both cases. A takeover step records what the policy would have
        # done.
        wanted = self._persons_action(reading) if human else output.action
        if wanted is None:
            return
        action = self._slew.limit(wanted)
        # state and time of before the step: that is what observation, action and p of its row belong to
        timestamp = self._clock.now()
        state = self._env.scene_state()
        # Before the step, as the moment to go back to. A step that fails leaves one moment too many, and a rewind to it
        # is harmless.
        self._history.keep(episode.step, episode.row, episode.counted)
        try:
            observation, reward, terminated, truncated, info = self._env.step(action)
        except RobotError as error:
            self.fault(str(error))
            return
        except (RuntimeError, ValueError, ArithmeticError) as error:
            # whatever the simulator reports: the robot must not go on from an unknown state
            self.fault(f"The simulator failed: {error} End the episode to start over.")
            return
        phase = self._phases.phase
        step = recorded_step(
            episode,
            output,
            estimate,
            timestamp=timestamp,
            scene_state=state,
            human_action=wanted if human else None,  # not the limited action: learning imitates the intention
            commanded=action,
            reward=reward,
            info=info,
            phase=phase,
            operator=self.operator.kind,
        )
        # Recorded first, then announced: the window never shows a step that is not in the recorder's queue.
        self._sink.append(step)
        self._publish(announcement(episode, step, phase, usual=estimate.usual))
        person = human and self.operator.kind in _PEOPLE
        episode.advance(observation, human=human, by_person=person)  # last: the record is of before
        self._draw(episode.step)
        # A time limit never cuts off a person in the middle of a rescue. Simulated supervisors have no such right: one
        # that never hands back would make a run endless.
        if terminated or (episode.time_is_over(truncated=truncated) and not person):
            self.close("success" if step.success else "failure" if terminated else TIME_LIMIT)
            self._phases.apply(PhaseEvent.EPISODE_ENDED)

    def _persons_action(self, reading: OperatorReading) -> Float32Array | None:
        """Return what the person drives; None where that is unusable and the robot holds instead.

        A broken axis must never cancel the takeover: the person pressed because the policy must not go on. So a bad
        entry becomes 0. A discrete action has no 0, and the robot holds.
        """
        size, discrete = len(self._zero), self._env.discrete
        problem = action_problem(reading.action, size, discrete=discrete)
        if not problem:
            return reading.action
        if discrete:
            self.fault(f"The operator's action {problem}.")
            return None
        if not self._reported_action:  # once for each takeover: it comes with every step
            self._reported_action = True
            text = f"{self.operator.device}: the action {problem}. You drive; the entries that are wrong count as 0."
            self._publish(Note(level="warning", text=text))
        return usable_action(reading.action, size)

    def _read_operator(self, proposal: Float32Array, mean: Float32Array, std: Float32Array) -> OperatorReading:
        episode = self.episode
        # Simulated supervisors decide from this context. A real device ignores it.
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
        if episode is not None:
            episode.words = reading.words
        self.device_connected = reading.connected
        return reading

    def _draw(self, step: int) -> None:
        """Show the scene as it is now, if a viewer is attached."""
        if self._show is not None:
            self._show(self._env.view_state(), step)
