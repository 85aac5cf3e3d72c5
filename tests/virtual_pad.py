"""A real SDL virtual controller for tests, in this process or driven inside another one.

The pad is attached with SDL's own virtual-joystick interface in the very library that pygame has loaded, so production
code meets it through ``pygame.joystick`` and ``pygame._sdl2.controller`` like any other pad. Nothing in the production
code knows about it.

In this process::

    with VirtualPad() as pad:
        pad.hold("rightshoulder")
        pad.move("leftx", -1.0)

In a worker process: start it with ``run_worker_with_virtual_pad`` in the place of the worker's own entry function (any
other process: ``run_with_virtual_pad`` in front of it) and keep the other end::

    here, there = multiprocessing.Pipe()
    desk = WorkerDesk(workspace, run_worker_with_virtual_pad, (there,))
    pad = RemotePad(here)
    pad.attach(name="Xbox Pad")
    pad.hold("rightshoulder")

The two ends exchange JSON; every command is answered, so that when a call returns the pad has the new state and the
worker's next look at its devices sees it.
"""

import ctypes
import json
import os
import sys
import threading
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from mile_desktop.operators.controls import SDL_AXES, SDL_BUTTONS
from mile_desktop.operators.sdl import ENVIRONMENT

_INIT_JOYSTICK = 0x200
_TYPE_UNKNOWN = 0
_TYPE_GAMECONTROLLER = 1
_FULL = 32767
_TRIGGERS = ("lefttrigger", "righttrigger")

_RUMBLE = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_uint16, ctypes.c_uint16)


class _Description(ctypes.Structure):
    """SDL_VirtualJoystickDesc, version 1."""

    _fields_ = (
        ("version", ctypes.c_uint16),
        ("type", ctypes.c_uint16),
        ("naxes", ctypes.c_uint16),
        ("nbuttons", ctypes.c_uint16),
        ("nhats", ctypes.c_uint16),
        ("vendor_id", ctypes.c_uint16),
        ("product_id", ctypes.c_uint16),
        ("padding", ctypes.c_uint16),
        ("button_mask", ctypes.c_uint32),
        ("axis_mask", ctypes.c_uint32),
        ("name", ctypes.c_char_p),
        ("userdata", ctypes.c_void_p),
        ("Update", ctypes.c_void_p),
        ("SetPlayerIndex", ctypes.c_void_p),
        ("Rumble", _RUMBLE),
        ("RumbleTriggers", ctypes.c_void_p),
        ("SetLED", ctypes.c_void_p),
        ("SendEffect", ctypes.c_void_p),
    )


def sdl_library() -> ctypes.CDLL:
    """Return the SDL library that pygame uses, with its joysticks started."""
    os.environ.update(ENVIRONMENT)
    import pygame  # noqa: PLC0415 - after its environment

    package = Path(pygame.__file__).parent
    folders = {"linux": (package.parent / "pygame.libs", "libSDL2-2*"), "darwin": (package / ".dylibs", "libSDL2-2*")}
    folder, pattern = folders.get(sys.platform, (package, "SDL2.dll"))
    bundled = sorted(folder.glob(pattern))
    library = ctypes.CDLL(str(bundled[0]) if bundled else "libSDL2-2.0.so.0")
    library.SDL_GetError.restype = ctypes.c_char_p
    library.SDL_JoystickOpen.restype = ctypes.c_void_p
    library.SDL_JoystickClose.argtypes = [ctypes.c_void_p]
    library.SDL_JoystickInstanceID.argtypes = [ctypes.c_void_p]
    library.SDL_JoystickGetDeviceInstanceID.argtypes = [ctypes.c_int]
    library.SDL_JoystickSetVirtualAxis.argtypes = [ctypes.c_void_p, ctypes.c_int, ctypes.c_int16]
    library.SDL_JoystickSetVirtualButton.argtypes = [ctypes.c_void_p, ctypes.c_int, ctypes.c_uint8]
    library.SDL_JoystickSetVirtualHat.argtypes = [ctypes.c_void_p, ctypes.c_int, ctypes.c_uint8]
    # a count of its own: the pad outlives other code that starts and stops SDL in this process
    if library.SDL_InitSubSystem(_INIT_JOYSTICK) != 0:
        raise RuntimeError(f"SDL cannot start its joysticks: {library.SDL_GetError().decode()}")
    return library


class VirtualPad:
    """A pad plugged into this process.

    Controls are named as in profiles: SDL's names stand for the axis or button of the same number, raw names
    (``axis2``, ``button5``) for themselves; hats are set with ``hat``.

    Parameters
    ----------
    name
        What the device calls itself; SDL's GUID depends on it.
    axes, buttons, hats
        How many of them the pad has; fewer than 6 and 15 make a poor pad.
    known
        Whether SDL has a game-controller mapping for it; False: only raw axes and buttons.
    """

    def __init__(
        self, name: str = "Virtual Pad", *, axes: int = 6, buttons: int = 15, hats: int = 0, known: bool = True
    ) -> None:
        self.name = name
        self.rumbles: list[tuple[int, int]] = []
        """Low- and high-frequency motor, 0 … 65535, of every shake so far."""
        self._sdl = sdl_library()
        self._name = name.encode()
        self._on_rumble = _RUMBLE(self._take_rumble)
        self._description = _Description(
            version=1,
            type=_TYPE_GAMECONTROLLER if known else _TYPE_UNKNOWN,
            naxes=axes,
            nbuttons=buttons,
            nhats=hats,
            name=self._name,
            Rumble=self._on_rumble,
        )
        self._closed = False
        self._handle: int | None = None
        self.instance_id = -1
        self.attach()

    def _take_rumble(self, _: int | None, low: int, high: int) -> int:
        self.rumbles.append((low, high))
        return 0

    def _check(self, result: int) -> int:
        if result < 0:
            raise RuntimeError(f"SDL refused: {self._sdl.SDL_GetError().decode()}")
        return result

    def attach(self) -> None:
        """Plug in; harmless when plugged in."""
        if self._handle is not None:
            return
        index = self._check(self._sdl.SDL_JoystickAttachVirtualEx(ctypes.byref(self._description)))
        self._handle = self._sdl.SDL_JoystickOpen(index)
        self.instance_id = self._sdl.SDL_JoystickInstanceID(self._handle)

    def detach(self) -> None:
        """Unplug; harmless when unplugged."""
        if self._handle is None:
            return
        indices = range(self._sdl.SDL_NumJoysticks())
        index = next(at for at in indices if self._sdl.SDL_JoystickGetDeviceInstanceID(at) == self.instance_id)
        self._check(self._sdl.SDL_JoystickDetachVirtual(index))
        self._sdl.SDL_JoystickClose(self._handle)
        self._handle = None

    def move(self, control: str, position: float) -> None:
        """Put a stick axis (−1 … 1, down and right positive) or a trigger (0 … 1) at ``position``."""
        index = SDL_AXES.index(control) if control in SDL_AXES else int(control.removeprefix("axis"))
        along = 2.0 * position - 1.0 if control in _TRIGGERS else position
        value = max(-_FULL - 1, min(_FULL, round(along * _FULL)))
        self._check(self._sdl.SDL_JoystickSetVirtualAxis(self._handle, index, value))

    def hold(self, control: str) -> None:
        """Press a button and keep it down."""
        self._set_button(control, down=True)

    def release(self, control: str) -> None:
        """Let a button go."""
        self._set_button(control, down=False)

    def tap(self, control: str) -> None:
        """Press and release a button faster than anybody looks."""
        for down in (True, False):
            self._set_button(control, down=down)
            self._sdl.SDL_JoystickUpdate()

    def _set_button(self, control: str, *, down: bool) -> None:
        index = SDL_BUTTONS.index(control) if control in SDL_BUTTONS else int(control.removeprefix("button"))
        self._check(self._sdl.SDL_JoystickSetVirtualButton(self._handle, index, int(down)))

    def hat(self, index: int, x: int, y: int) -> None:
        """Point a hat: x and y in −1, 0, 1, up and right positive."""
        value = (1 if y > 0 else 4 if y < 0 else 0) | (2 if x > 0 else 8 if x < 0 else 0)
        self._check(self._sdl.SDL_JoystickSetVirtualHat(self._handle, index, value))

    def rest(self) -> None:
        """Let everything go."""
        for index in range(self._description.naxes):
            name = f"axis{index}"
            self.move(name, -1.0 if index < len(SDL_AXES) and SDL_AXES[index] in _TRIGGERS else 0.0)
        for index in range(self._description.nbuttons):
            self.release(f"button{index}")

    def close(self) -> None:
        """Unplug and give up SDL; harmless when done already."""
        self.detach()
        if not self._closed:
            self._sdl.SDL_QuitSubSystem(_INIT_JOYSTICK)
        self._closed = True

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()


_METHODS = frozenset({"attach", "detach", "move", "hold", "release", "tap", "hat", "rest"})


def serve_virtual_pad(connection: Connection) -> None:
    """Serve a ``RemotePad`` until it closes; runs on a thread of the process in which the pad is to appear."""
    pad: VirtualPad | None = None
    while True:
        try:
            request = json.loads(connection.recv_bytes())
        except (EOFError, OSError):
            break
        try:
            pad, answer = _obey(pad, request)
        except (RuntimeError, ValueError, TypeError) as error:
            answer = {"error": f"{type(error).__name__}: {error}"}
        connection.send_bytes(json.dumps(answer).encode())
    if pad is not None:
        pad.close()


def _obey(pad: VirtualPad | None, request: dict[str, Any]) -> tuple[VirtualPad | None, dict[str, Any]]:
    method, arguments = request["do"], request["with"]
    if method == "attach" and (pad is None or arguments):
        if pad is not None:
            pad.close()
        return VirtualPad(**arguments), {}
    if pad is None:
        raise RuntimeError("there is no pad yet; attach one")
    if method == "rumbles":
        return pad, {"value": pad.rumbles}
    if method not in _METHODS:
        raise ValueError(f"a pad cannot {method!r}")
    getattr(pad, method)(**arguments)
    return pad, {}


def run_with_virtual_pad(connection: Connection, entry: Callable[..., None], *arguments: object) -> None:
    """Run a process's own entry function beside a thread that plugs pads in as a ``RemotePad`` says.

    SDL is started here first, on the main thread, because two threads must not start it at once.
    """
    sdl_library()
    threading.Thread(target=serve_virtual_pad, args=(connection,), name="virtual pad", daemon=True).start()
    entry(*arguments)


def run_worker_with_virtual_pad(connection: Connection, slot_name: str, pad_connection: Connection) -> None:
    """Run the real rollout worker, called like its own entry function with the pad's connection behind."""
    from mile_desktop.rollout.worker import run_worker  # noqa: PLC0415 - only this process needs it

    run_with_virtual_pad(pad_connection, run_worker, connection, slot_name)


class RemotePad:
    """The other end of ``serve_virtual_pad``: a ``VirtualPad`` in another process."""

    def __init__(self, connection: Connection, *, timeout_s: float = 20.0) -> None:
        self._connection = connection
        self._timeout_s = timeout_s

    def _ask(self, method: str, **arguments: object) -> dict[str, Any]:
        self._connection.send_bytes(json.dumps({"do": method, "with": arguments}).encode())
        if not self._connection.poll(self._timeout_s):
            raise TimeoutError(f"The process with the pad did not answer {method!r} within {self._timeout_s:g} s.")
        answer: dict[str, Any] = json.loads(self._connection.recv_bytes())
        if "error" in answer:
            raise RuntimeError(answer["error"])
        return answer

    def attach(self, **description: object) -> None:
        """Plug a pad in: a new one as described (see ``VirtualPad``), or without a description the last one again."""
        self._ask("attach", **description)

    def detach(self) -> None:
        """Unplug."""
        self._ask("detach")

    def move(self, control: str, position: float) -> None:
        """Put a stick or trigger at ``position``."""
        self._ask("move", control=control, position=position)

    def hold(self, control: str) -> None:
        """Press a button and keep it down."""
        self._ask("hold", control=control)

    def release(self, control: str) -> None:
        """Let a button go."""
        self._ask("release", control=control)

    def tap(self, control: str) -> None:
        """Press and release a button."""
        self._ask("tap", control=control)

    def hat(self, index: int, x: int, y: int) -> None:
        """Point a hat."""
        self._ask("hat", index=index, x=x, y=y)

    def rest(self) -> None:
        """Let everything go."""
        self._ask("rest")

    @property
    def rumbles(self) -> list[tuple[int, int]]:
        """Every shake so far."""
        return [(low, high) for low, high in self._ask("rumbles")["value"]]

    def close(self) -> None:
        """Hang up; the pad is unplugged."""
        self._connection.close()
