"""A worker of the evaluation pool: runs one episode after the other, in a separate process."""

import time
from collections import deque
from contextlib import ExitStack
from functools import partial
from multiprocessing.connection import Connection

import numpy as np
import psutil
import torch

from mile_desktop.arrays import Float32Array
from mile_desktop.channels.endpoint import Endpoint
from mile_desktop.channels.messages import Shutdown
from mile_desktop.channels.shared import StateSlot
from mile_desktop.errors import UserError
from mile_desktop.evaluation.evaluate import EpisodeResult, EvaluationCancelledError, evaluate_episode
from mile_desktop.evaluation.messages import (
    CancelEpisode,
    Command,
    EpisodeBegan,
    EpisodeCancelled,
    EpisodeEnded,
    EpisodeProgress,
    EpisodeRefused,
    EpisodeStates,
    RunEpisode,
    WatchEpisode,
    WorkerReady,
)
from mile_desktop.policies.policy import Policy
from mile_desktop.registry.policies import load_policy_from
from mile_desktop.rollout.scene import GymScene

_IDLE_S = 0.5
_PROGRESS_S = 0.25
"""Seconds between two progress events of a running episode."""
_LOADED_POLICIES = 8
"""How many policies stay in memory."""
_NONE_WATCHED = WatchEpisode(ticket=-1)


def run_evaluation_worker(connection: Connection, state_slot_name: str, niceness: int) -> None:
    """Run the worker process; it ends on ``Shutdown`` or when the owner of the pool is gone.

    Parameters
    ----------
    connection
        This process's end of the pool's pipe.
    state_slot_name
        Shared memory for the states of an episode that is watched.
    niceness
        How far the priority is lowered, 0 to 19.
    """
    psutil.Process().nice(niceness)
    torch.set_num_threads(1)  # the workers fill the processors; threads inside would only compete
    with ExitStack() as stack:
        slot = stack.enter_context(StateSlot.attach(state_slot_name))
        endpoint: Endpoint[Command] = stack.enter_context(Endpoint(connection, Command, newest_wins=(EpisodeProgress,)))
        worker = EvaluationWorker(endpoint, slot)
        stack.callback(worker.close)
        # After the imports at the top of this module, which take seconds: the pool counts its patience differently from
        # here on.
        endpoint.send(WorkerReady())
        while worker.turn():
            endpoint.wait(_IDLE_S)


class EvaluationWorker:
    """Runs episodes and takes commands between their steps; used by the process's main thread."""

    def __init__(self, endpoint: Endpoint[Command], slot: StateSlot) -> None:
        self._endpoint = endpoint
        self._slot = slot
        self._waiting: deque[RunEpisode] = deque()
        self._running: RunEpisode | None = None
        self._ending = False
        self._scene: tuple[str, GymScene] | None = None
        # Kept, because an evaluation alternates between policies on every start.
        self._policies: dict[tuple[str, str], Policy] = {}
        self._watched = _NONE_WATCHED
        # States that were not sent yet, and the number of steps before the first of them.
        self._states: list[Float32Array] = []
        self._first_state = 0
        self._next_progress_s = 0.0
        # 0: the first step of a watched episode comes at once.
        self._next_step_s = 0.0

    def turn(self) -> bool:
        """Run every episode that waits; return whether to continue."""
        self._take_commands()
        while self._waiting and not self._ended():
            self._run(self._waiting.popleft())
            self._take_commands()
        return not self._ended()

    def close(self) -> None:
        """Free the scene."""
        if self._scene is not None:
            self._scene[1].close()
            self._scene = None

    def _ended(self) -> bool:
        return self._ending or self._endpoint.closed

    def _take_commands(self) -> None:
        for command in self._endpoint.receive():
            match command:
                case RunEpisode():
                    self._waiting.append(command)
                case CancelEpisode(ticket=ticket):
                    self._cancel(ticket)
                case WatchEpisode():
                    self._watched, self._next_step_s = command, 0.0
                case Shutdown():
                    self._ending = True

    def _cancel(self, ticket: int) -> None:
        if self._running is not None and self._running.ticket == ticket:
            self._running = None  # the running episode checks this before its next step
            return
        kept = [each for each in self._waiting if each.ticket != ticket]
        if len(kept) < len(self._waiting):
            self._waiting = deque(kept)
            self._endpoint.send(EpisodeCancelled(ticket=ticket))

    def _run(self, order: RunEpisode) -> None:
        # Set before loading, so that a cancel that arrives meanwhile is not lost.
        self._running = order
        try:
            scene = self._load_scene(order.scene)
            policy = self._load_policy(order, scene)
        except UserError as error:
            self._endpoint.send(EpisodeRefused(ticket=order.ticket, text=str(error)))
            return
        self._endpoint.send(EpisodeBegan(ticket=order.ticket))

        try:
            result = evaluate_episode(
                scene,
                policy,
                order.seed,
                before_step=partial(self._before_step, order, scene),
                cancelled=lambda: self._running is not order or self._ended(),
            )
        except EvaluationCancelledError:
            self._endpoint.send(EpisodeCancelled(ticket=order.ticket))
        else:
            # The last state, after the last step: the steps themselves show the state before them.
            if order.ticket == self._watched.ticket:
                self._slot.write(scene.view_state(), result.steps)
            self._keep_state(order, scene, result.steps)
            # Before the end: after it no event of the episode is expected.
            self._send_states(order)
            self._endpoint.send(_ended(order.ticket, result))
        self._states.clear()
        self._running = None

    def _before_step(self, order: RunEpisode, scene: GymScene, steps: int) -> None:
        """Take new commands, report progress, and show the scene if it is watched."""
        self._take_commands()
        now = time.monotonic()
        if now >= self._next_progress_s:
            self._next_progress_s = now + _PROGRESS_S
            self._endpoint.send(EpisodeProgress(ticket=order.ticket, steps=steps))
            self._send_states(order)
        self._keep_state(order, scene, steps)
        if order.ticket == self._watched.ticket:
            self._slot.write(scene.view_state(), steps)
            self._keep_pace()

    def _keep_state(self, order: RunEpisode, scene: GymScene, steps: int) -> None:
        if not order.recorded and order.ticket != self._watched.ticket:
            return
        if not self._states:
            self._first_state = steps
        # A copy: the scene may write the next state into the same memory.
        self._states.append(np.array(scene.view_state(), dtype="<f4"))

    def _send_states(self, order: RunEpisode) -> None:
        if self._states:
            values = np.concatenate(self._states)
            size = len(self._states[0])
            states = EpisodeStates(ticket=order.ticket, first=self._first_state, size=size, values=values.tobytes())
            self._endpoint.send(states)
            self._states.clear()

    def _keep_pace(self) -> None:
        if self._watched.steps_per_second <= 0:
            return
        now = time.monotonic()
        if now < self._next_step_s:
            time.sleep(self._next_step_s - now)
        # max: after a slow step the pace continues from now, and the missed steps are not run in a burst
        self._next_step_s = max(now, self._next_step_s) + 1.0 / self._watched.steps_per_second

    def _load_scene(self, name: str) -> GymScene:
        if self._scene is None or self._scene[0] != name:
            self.close()
            self._policies.clear()  # they were checked against the scene that is now closed
            self._scene = name, GymScene.make(name)
        return self._scene[1]

    def _load_policy(self, order: RunEpisode, scene: GymScene) -> Policy:
        key = order.scene, order.source
        if key not in self._policies:
            if len(self._policies) >= _LOADED_POLICIES:
                del self._policies[next(iter(self._policies))]  # a dict keeps the order of insertion: the oldest
            self._policies[key] = load_policy_from(order.source, order.scene, scene)
        return self._policies[key]


def _ended(ticket: int, result: EpisodeResult) -> EpisodeEnded:
    return EpisodeEnded(
        ticket=ticket,
        success=result.success,
        steps=result.steps,
        total_reward=result.total_reward,
        crash=result.crash,
    )
