"""A worker that speaks the pool's messages without a simulator, and misbehaves by the seed it is given."""

import os
import time
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np

from mile_desktop.channels.endpoint import Endpoint
from mile_desktop.channels.messages import Shutdown
from mile_desktop.channels.shared import StateSlot
from mile_desktop.evaluation import messages as e

KILLS_ALWAYS = 13
KILLS_ONCE = 14
NEVER_ENDS = 15
FREEZES = 16
BREAKS_DOWN = 17
STATES_FROM = 30
"""From this seed on an episode has as many states as its seed, each with its number and the seed."""
EXIT_CODE = 7
REFUSED = "made for another scene"


def worker(connection: Connection, state_slot_name: str, niceness: int) -> None:
    """Succeed on even seeds; the source of an episode is a folder to leave marks in, or ``refused``."""
    slot = StateSlot.attach(state_slot_name)
    endpoint: Endpoint[e.Command] = Endpoint(connection, e.Command)
    with slot, endpoint:
        endpoint.send(e.WorkerReady())
        running: e.RunEpisode | None = None
        watched = -1
        while not endpoint.closed:
            endpoint.wait(0.01 if running is None else 0.001)
            for command in endpoint.receive():
                if isinstance(command, e.RunEpisode):
                    running = _run(command, endpoint) or running
                elif isinstance(command, e.WatchEpisode):
                    watched = command.ticket
                elif isinstance(command, e.CancelEpisode):
                    running = None
                    endpoint.send(e.EpisodeCancelled(ticket=command.ticket))
                elif isinstance(command, Shutdown):
                    return
            if running is not None and running.ticket == watched:
                slot.write([float(running.seed)], step=1)


def _run(order: e.RunEpisode, endpoint: "Endpoint[e.Command]") -> e.RunEpisode | None:
    """Return the episode if it goes on for ever."""
    if order.source == "refused":
        endpoint.send(e.EpisodeRefused(ticket=order.ticket, text=REFUSED))
        return None
    endpoint.send(e.EpisodeBegan(ticket=order.ticket))
    if order.seed == KILLS_ALWAYS or (order.seed == KILLS_ONCE and _first_time(order)):
        endpoint.close()
        os._exit(EXIT_CODE)
    if order.seed == FREEZES and _first_time(order):
        time.sleep(600)
    if order.seed == NEVER_ENDS:
        return order
    if order.seed >= STATES_FROM:
        values = np.array([[step, order.seed] for step in range(order.seed)], "<f4")
        endpoint.send(e.EpisodeStates(ticket=order.ticket, first=0, size=2, values=values.tobytes()))
    crash = "joint 3 left its range" if order.seed == BREAKS_DOWN else ""
    success = order.seed % 2 == 0 and not crash
    endpoint.send(e.EpisodeEnded(ticket=order.ticket, success=success, steps=order.seed, total_reward=0.5, crash=crash))
    return None


def _first_time(order: e.RunEpisode) -> bool:
    mark = Path(order.source, f"{order.seed}")
    if mark.exists():
        return False
    mark.touch()
    return True
