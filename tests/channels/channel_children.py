"""Targets that tests run in real child processes."""

import os
import time
from multiprocessing.connection import Connection

import msgspec
import numpy as np

from mile_desktop.channels.endpoint import Endpoint
from mile_desktop.channels.shared import FrameRing, StateSlot


class Ping(msgspec.Struct, frozen=True, tag=True):
    number: int


class Crash(msgspec.Struct, frozen=True, tag=True):
    text: str


class Flood(msgspec.Struct, frozen=True, tag=True):
    count: int


class Freeze(msgspec.Struct, frozen=True, tag=True):
    pass


class Exit(msgspec.Struct, frozen=True, tag=True):
    code: int


class Pong(msgspec.Struct, frozen=True, tag=True):
    number: int


class Snapshot(msgspec.Struct, frozen=True, tag=True):
    number: int


class Alien(msgspec.Struct, frozen=True, tag=True):
    pass


Command = Ping | Crash | Flood | Freeze | Exit
Event = Pong | Snapshot


def answer(connection: Connection, greeting: int) -> None:
    with Endpoint[Command](connection, Command, newest_wins=(Snapshot,), event_capacity=64) as endpoint:
        endpoint.send(Pong(greeting))
        while not endpoint.closed:
            endpoint.wait(1.0)
            for command in endpoint.receive():
                obey(endpoint, command)


def obey(endpoint: Endpoint[Command], command: Command) -> None:
    match command:
        case Ping(number):
            endpoint.send(Pong(number))
        case Crash(text):
            raise ValueError(text)
        case Flood(count):
            began = time.perf_counter()
            for number in range(count):
                endpoint.send(Pong(number))
                endpoint.send(Snapshot(number))
            endpoint.send(Pong(int((time.perf_counter() - began) * 1000)))
        case Freeze():
            time.sleep(3600)
        case Exit(code):
            os._exit(code)


def speak_gibberish(connection: Connection) -> None:
    with Endpoint[Command](connection, Command) as endpoint:
        endpoint.send(Alien())
        endpoint.wait(60.0)


def ignore_everything(connection: Connection) -> None:
    time.sleep(3600)


def write_states(connection: Connection, name: str, size: int) -> None:
    """Every number of a state is its step: a mixture of two states shows."""
    with Endpoint[Command](connection, Command) as endpoint, StateSlot.attach(name) as slot:
        step = 0
        while not endpoint.closed:
            step += 1
            slot.write(np.full(size, step % 65536, np.float32), step, flags=step % 7, timestamp=float(step))


def write_frames(connection: Connection, name: str) -> None:
    """Every byte of a frame is its sequence modulo 256, and its size changes with it."""
    with Endpoint[Command](connection, Command) as endpoint, FrameRing.attach(name) as ring:
        step = 0
        while not endpoint.closed:
            step += 1
            shape = (40 + step % 50, 60 + step % 90, 3 + step % 2)
            pixels = np.full(shape, step % 256, np.uint8)
            ring.write(pixels, view_projection=np.full((4, 4), step % 256), anchor=np.full(3, step % 256), step=step)
