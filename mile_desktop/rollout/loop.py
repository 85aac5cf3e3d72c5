"""The rollout loop: one control tick after another, with a policy or a person in control."""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial

from mile_desktop.operators.operator import Operator, OperatorRequest
from mile_desktop.registry.running_policy import RunningPolicy
from mile_desktop.rollout.clock import Clock
from mile_desktop.rollout.episode_gate import PAUSED, EpisodeGate
from mile_desktop.rollout.episode_runner import DescribeEpisode, EpisodeRunner, Publish, Show
from mile_desktop.rollout.episode_state import StepSink
from mile_desktop.rollout.live_robot import LiveRobot, NoRobot, no_hazard
from mile_desktop.rollout.messages import CameraRequest, Note
from mile_desktop.rollout.phases import Phase, PhaseEvent, PhaseMachine
from mile_desktop.rollout.scene import DrivenScene
from mile_desktop.storage.records import PARTIAL, Outcome

_SETTLING = "The last episode is being written to the disk. The next one begins afterwards."
SECOND_PRESS_S = 0.25
"""A second press that follows a change this closely was not a decision about what came of the first: a button that
bounces, a double click, or a press of Hold in the moment in which the robot began to hold by itself."""
_PAUSE_OVER = "The question is answered. Resume when you are ready."


class RolloutLoop:
    """Drives one scene with one policy under one operator.

    Everything is called on the thread that owns the scene: requests (``start``, ``stop`` …) between ticks, ``tick`` at
    the control rate. Events go out through ``publish`` and steps through ``sink``; both return at once, so that display
    and disk never hold up a tick. The loop decides when episodes begin and end; ``runner`` does their ticks.

    The phases are those of ``phases.TRANSITIONS``::

        idle ── start ──► autonomous ◄── released ── takeover
                              │  ▲── pressed ──────────▲ │
                        hold, fault │ resume           │ │ hold, fault
                              ▼  │                     │ ▼
                              hold ─── pressed ────────┘ hold, or released if the takeover began in a hold
        any ── stop ──► stopped ── reset ──► idle
        episode ends ──► resetting ──► autonomous | idle

    While the robot holds, nothing is recorded: no step is taken. A live robot may need a person before an episode:
    the loop waits in ``resetting`` until ``confirm_reset``.
    """

    guided = False
    """Only the window starts episodes: a pad's Start button does nothing. Set by the session of a study."""

    def __init__(
        self,
        *,
        env: DrivenScene,
        running: RunningPolicy,
        operator: Operator,
        sink: StepSink,
        publish: Publish,
        clock: Clock,
        describe_episode: DescribeEpisode,
        show: Show | None,
        first_seed: int,
        dwell_steps: int = 20,
        rewind_steps: int = 0,
        rate_hz: float = 20.0,
        hazard: Callable[[], str] = no_hazard,
        live: LiveRobot | None = None,
    ) -> None:
        self.episodes_left = 0
        self.episodes_begun = 0
        self._live = live or NoRobot()
        self._phases = PhaseMachine(self._phase_changed)
        self._gate = EpisodeGate(self._live)
        self._clock = clock
        # Minus infinity keeps the first press of a session from being taken for a second one.
        self._changed_at, self._changed_from = -math.inf, Phase.IDLE
        self._publish = publish
        self._describe = describe_episode
        self._show = show
        self._next_seed = first_seed
        self._dwell_steps = dwell_steps
        self._dwell_left = 0
        self._promoted: RunningPolicy | None = None
        self._actions = self._operator_actions()
        self.runner = EpisodeRunner(
            env=env,
            running=running,
            operator=operator,
            sink=sink,
            publish=publish,
            clock=clock,
            show=show,
            rewind_steps=rewind_steps,
            rate_hz=rate_hz,
            hazard=lambda: self._gate.paused or hazard(),
            live=self._live,
            phases=self._phases,
            handle_requests=self._handle_requests,
        )
        self.runner.reset_scene(first_seed)  # the window draws the scene before the first episode, too

    @property
    def phase(self) -> Phase:
        """Who has the robot now."""
        return self._phases.phase

    @property
    def reason(self) -> str:
        """One sentence on why the phase is what it is, where there is a reason to give."""
        return self._phases.reason

    @property
    def in_episode(self) -> bool:
        """Whether an episode is open."""
        return self._phases.in_episode

    @property
    def holds_after_takeover(self) -> bool:
        """The running takeover began in a hold: letting go holds again."""
        return self._phases.holds_after_takeover

    # ── requests ─────────────────────────────────────────────────────────────────────────────────────────────────

    def start(self, episodes: int = 1, seed: int | None = None) -> None:
        """Begin a run of ``episodes`` episodes when idle, the first at the start ``seed``; otherwise do nothing."""
        # A second Start while a run is going must not restart it or change its length.
        if self.phase is not Phase.IDLE:
            return
        if problem := self._gate.paused or self._live.obstacle():
            self._publish(Note(level="warning", text=problem))
            return
        self.episodes_left = max(1, episodes)
        if seed is not None:
            self._next_seed = seed
        # With a checklist nothing is prepared yet: a robot that resets itself would move before a person has looked.
        waits = bool(self.checklist) or self.runner.settling
        if not waits:
            self._begin_next(PhaseEvent.START)
        # A start that was refused, and one that has begun an episode, need no preparation: there is no checklist then,
        # and the robot is not on its way.
        if waits or self._gate.on_its_way:
            self._phases.apply(PhaseEvent.PREPARE)
            # The dwell lets people see the end of an episode. Before the first one there is nothing to see.
            self._dwell_left = 0

    @property
    def checklist(self) -> tuple[str, ...]:
        """What a person has to check before each episode of this robot."""
        return self._live.checklist

    @property
    def awaits_person(self) -> bool:
        """The next episode begins when a person has confirmed the checklist."""
        waits = self.phase is Phase.RESETTING and self.episodes_left > 0 and self._dwell_left <= 0
        return waits and self._gate.closed

    @property
    def checklist_number(self) -> int:
        """Number of the present question; a tick has to name it."""
        return self._gate.number

    def tick_checklist(self, number: int, points: Iterable[str]) -> None:
        """Take the points of the checklist that a person has ticked by now."""
        if self.awaits_person:
            self._gate.tick(number, points)

    def confirm_reset(self) -> None:
        """Begin the next episode, if a person has ticked the whole checklist; otherwise say what is missing."""
        if self.awaits_person and (problem := self._gate.paused or self._gate.confirm()):
            self._publish(Note(level="warning", text=problem))

    def end_run(self) -> None:
        """Begin no further episode."""
        self.episodes_left = 0
        self._gate.ask_again()

    def stop(self, reason: str = "Stopped by the operator.") -> None:
        """Latch the stop; the running episode is kept as aborted."""
        # Closed before the phase changes: the recorder takes an outcome only while the episode is open.
        if self.in_episode:
            self.runner.close("aborted")
        # Otherwise the run would go on by itself after the reset.
        self.end_run()
        self._phases.apply(PhaseEvent.STOP, reason)

    def reset(self) -> None:
        """Leave the stop; a scene goes back to a start, a live robot stays where it is."""
        # The robot answers first. While its own side keeps the stop, the loop must not show a phase in which it can be
        # started.
        if self.phase is Phase.STOPPED and (problem := self._live.leave_stop()):
            self._publish(Note(level="warning", text=problem))
        elif self._phases.apply(PhaseEvent.RESET):
            # The start that is shown is the one of the next episode.
            self.runner.reset_scene(self._next_seed)

    def pause(self, paused: bool) -> None:
        """Hold and begin nothing while ``paused``; a held episode does not go on by the end of the pause."""
        if self._gate.paused and not paused and self.phase is Phase.HOLD:
            self.fault(_PAUSE_OVER)
        self._gate.paused = PAUSED if paused else ""
        if paused and self.in_episode:
            self.fault(PAUSED)  # at once, and not only in the next tick

    def toggle_hold(self) -> None:
        """Hold the pose, or go on when already holding; a second press right after the first does nothing."""
        if self.phase is Phase.HOLD:
            if not self._just_changed and not self._gate.paused:
                self._phases.apply(PhaseEvent.RESUME)
        else:
            self._phases.apply(PhaseEvent.HOLD_PRESSED, "Held by the operator.")

    def fault(self, reason: str) -> None:
        """Hold because moving on would not be safe."""
        self.runner.fault(reason)

    def end_episode(self, outcome: Outcome) -> None:
        """Close the running episode with the operator's outcome; in a study the scene alone decides about it."""
        # A participant who presses every button must not be counted as a success.
        if self.in_episode and not self.guided:
            self.runner.close(outcome)
            self._phases.apply(PhaseEvent.EPISODE_ENDED)

    def mark_call(self) -> None:
        """Note that the last call was unnecessary, or the last takeover called too late; a note says which."""
        self._publish(Note(level="info", text=self.runner.mark_call()))

    def discard_episode(self) -> None:
        """Put the running episode in the bin and record the same start again; not in a study."""
        if self.runner.episode is None or self.guided:
            return
        self.runner.discard()
        # The same seed again: a discarded attempt must not shift the starts of the episodes that follow, or runs could
        # not be compared.
        self._next_seed -= 1
        self.episodes_left += 1
        self._phases.apply(PhaseEvent.EPISODE_ENDED)

    def promote(self, running: RunningPolicy) -> None:
        """Let another policy drive from the next episode on; the running episode is never disturbed."""
        self._promoted = running
        # At once where no episode runs, so that the window names the new policy before the next start.
        if not self.in_episode:
            self._use_promoted()

    @property
    def upcoming(self) -> RunningPolicy:
        """The policy that drives the next episode."""
        return self._promoted or self.runner.running

    # ── ticks ────────────────────────────────────────────────────────────────────────────────────────────────────

    def tick(self) -> None:
        """Do everything one control period asks for."""
        self._live.attend()  # first: what it receives decides whether the robot may move in this tick
        if self.runner.episode is not None:
            self.runner.tick(self.runner.episode)
        elif self.phase is Phase.RESETTING:
            self._reset_tick()
        else:
            # The operators are polled between episodes as well: Start and Stop of a gamepad arrive only through them.
            self._handle_requests(self.runner.read_idle_operator().requests)
        # a live robot is shown between episodes, too: another window or a person may move it
        if self._show is not None and self.runner.episode is None and (state := self._live.view()) is not None:
            self._show(state, 0)

    def _reset_tick(self) -> None:
        requests = self.runner.read_idle_operator().requests
        if OperatorRequest.START in requests and not (self.episodes_left or self.checklist or self.guided):
            self.episodes_left = 1  # a start that is pressed during the last dwell counts
        # Stop comes before everything else of this tick, also before an episode that would begin in it.
        if OperatorRequest.STOP in requests:
            self.stop()
        elif self._gate.paused:
            return
        elif self._dwell_left > 0:
            self._dwell_left -= 1
        elif self.episodes_left > 0:
            if OperatorRequest.START in requests:
                self.confirm_reset()
            # Asked again in every tick. A robot needs many ticks to reach its start, and a stop must work during that
            # time.
            if not self.awaits_person and self.runner.settling:
                self._phases.apply(PhaseEvent.FAULT, _SETTLING)  # changes only the reason
            elif not self.awaits_person:
                self._begin_next(PhaseEvent.NEXT_EPISODE)
        else:
            self._phases.apply(PhaseEvent.RUN_FINISHED)
            # A live robot does not move here; a scene shows its next start.
            self.runner.reset_scene(self._next_seed)

    def _handle_requests(self, requests: Sequence[OperatorRequest]) -> None:
        # In the order of the presses. Each action checks the phase by itself, because an earlier one of this tick may
        # have changed it.
        for request in requests:
            self._actions[request]()

    def _operator_actions(self) -> Mapping[OperatorRequest, Callable[[], None]]:
        """Return what each request of an operator does; camera requests are passed on to the window."""
        return {
            OperatorRequest.STOP: self.stop,
            OperatorRequest.START: self._start_or_reset,
            OperatorRequest.TOGGLE_HOLD: self.toggle_hold,
            OperatorRequest.SUCCESS: partial(self.end_episode, "success"),
            OperatorRequest.PARTIAL: partial(self.end_episode, PARTIAL),
            OperatorRequest.FAILURE: partial(self.end_episode, "failure"),
            OperatorRequest.DISCARD: self.discard_episode,
            OperatorRequest.NEXT_CAMERA: partial(self._publish, CameraRequest(direction=1)),
            OperatorRequest.PREVIOUS_CAMERA: partial(self._publish, CameraRequest(direction=-1)),
            OperatorRequest.MARK_CALL: self.mark_call,
        }

    def _start_or_reset(self) -> None:
        if self._just_changed and Phase.STOPPED in {self.phase, self._changed_from}:
            return  # the same press twice must not leave the stop and start as well
        if self.phase is Phase.STOPPED:
            self.reset()
        elif not self.guided:
            self.start()

    @property
    def _just_changed(self) -> bool:
        """Whether the phase changed so lately that a press cannot be meant for the new one."""
        return self._clock.now() - self._changed_at < SECOND_PRESS_S

    # ── episodes ─────────────────────────────────────────────────────────────────────────────────────────────────

    def _begin_next(self, event: PhaseEvent) -> None:
        """Begin an episode of the run once the robot is at its start, or report why not and wait for a person again."""
        problem = self._gate.pass_through(self._next_seed)
        if problem:
            self._publish(Note(level="warning", text=problem))
            # With a checklist a person can put the cause right and confirm again. Without one, the same failure would
            # repeat in each tick.
            self.episodes_left = self.episodes_left if self.checklist else 0
        elif problem is not None:
            self.episodes_left -= 1
            self._begin_episode(event)

    def _begin_episode(self, event: PhaseEvent) -> None:
        self._gate.ask_again()  # what was checked counts for this episode only
        # Before the episode is described: its record names the policy that really drives.
        self._use_promoted()
        seed = self._next_seed
        self._next_seed += 1
        self.episodes_begun += 1
        self.runner.begin(seed, self._describe)
        self._phases.apply(event)  # last: a robot may move from here on

    def _use_promoted(self) -> None:
        runner = self.runner
        before, runner.running, self._promoted = runner.running, self.upcoming, None
        # A newer intervention model for the same policy comes this way too. It is not a change of driver and needs no
        # note.
        if runner.running.policy is not before.policy:
            self._publish(Note(level="info", text=f"{runner.running.name} drives from now on."))

    def _phase_changed(self, before: Phase, after: Phase) -> None:
        self._changed_at, self._changed_from = self._clock.now(), before
        # The runner may apply a fault here, which calls this function again. So the time is set before it.
        self.runner.phase_changed(before, after)
        if after is Phase.RESETTING:
            self._dwell_left = self._dwell_steps
