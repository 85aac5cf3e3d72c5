"""Shared memory between one writer and its readers: the newest scene state, and the newest rendered frame.

The window creates the blocks and gives their names to the processes. Writers and readers never wait for each other:
every record carries a counter that is odd while the record is being written and grows with each write (a sequence
lock), so that a reader notices a write during its copy and reads again. A writer that dies in the middle of a record
leaves the counter odd. Readers then see nothing new until the next writer continues from that counter.

``multiprocessing.shared_memory`` registers a block with a resource tracker that all spawned processes share: blocks of
a window that was killed are removed when its last child has ended, or else by the next start (``memory_names``).
"""

import sys
import time
from dataclasses import dataclass, field
from multiprocessing.shared_memory import SharedMemory
from types import TracebackType
from typing import Self

import numpy as np
import numpy.typing as npt

from mile_desktop.arrays import Float32Array
from mile_desktop.channels.errors import SharedMemoryError
from mile_desktop.channels.memory_names import create_memory

Pixels = npt.NDArray[np.uint8]

_ATTEMPTS = 64
"""How often a reader retries after a write during its copy, before it reports that nothing is new."""

# One cache line. The numbers behind it are aligned for every type.
_HEADER_BYTES = 64
_CHANNELS = 4

_STATE_HEADER = np.dtype(
    [
        ("magic", "<u8"),
        ("capacity", "<u8"),
        ("counter", "<u8"),
        ("count", "<u8"),
        ("step", "<i8"),
        ("timestamp", "<f8"),
        ("flags", "<u8"),
    ]
)
_FRAME_HEADER = np.dtype(
    [
        ("counter", "<u8"),
        ("sequence", "<u8"),
        ("width", "<u4"),
        ("height", "<u4"),
        ("channels", "<u4"),
        ("flags", "<u4"),
        ("step", "<i8"),
        ("timestamp", "<f8"),
        ("view_projection", "<f4", (4, 4)),
        ("anchor", "<f4", (3,)),
        ("generation", "<u4"),
        ("aids", "<f4", (11,)),
        ("padding", "<u4"),
    ]
)
_RING_HEADER = np.dtype([("magic", "<u8"), ("max_width", "<u8"), ("max_height", "<u8"), ("sequence", "<u8")])
# The letters MILESTA1 and MILEFRM1 as numbers: a block of another kind or version is recognised by its first bytes.
_STATE_MAGIC = 0x4D494C4553544131
_FRAME_MAGIC = 0x4D494C4546524D32
# Three: one that is being read, one that is newest, one that is being written.
_SLOTS = 3
AIDS = 11
"""Numbers of a frame's depth aids, see ``viewer.aids``."""
_NO_AIDS = np.zeros(AIDS, np.float32)
_NO_VIEW = np.zeros((4, 4), np.float32)
_NO_ANCHOR = np.zeros(3, np.float32)


@dataclass(frozen=True, slots=True)
class StateSample:
    """One scene state, copied by a reader."""

    values: Float32Array
    """float32[n], a copy."""
    step: int
    """Control step within the episode."""
    timestamp: float
    """``time.monotonic()`` of the writer, s; the clock is the same for all processes of a machine."""
    flags: int
    """Bits whose meaning writer and readers agree on."""
    sequence: int
    """Grows by one with each write, from 1."""


@dataclass(frozen=True, slots=True)
class Frame:
    """One rendered picture, and the projection that is needed to draw over it."""

    pixels: Pixels
    """uint8[height, width, 3 or 4], top row first."""
    sequence: int
    """Grows by one with each write, from 1."""
    timestamp: float
    """``time.monotonic()`` when drawing began, s."""
    view_projection: Float32Array
    """float32[4, 4]: ``clip = view_projection @ (x, y, z, 1)`` with world coordinates in m; see ``project``."""
    anchor: Float32Array
    """float32[3]: position of the end effector in the world, m."""
    step: int
    """Control step the picture shows; −1 where unknown."""
    flags: int
    """Bits whose meaning writer and readers agree on."""

    generation: int = 0
    """Number of the scene that was loaded when it was drawn, as the window counts them."""
    aids: Float32Array = field(default_factory=lambda: np.zeros(AIDS, np.float32))
    """float32[AIDS]: depth aids, see ``viewer.aids.Aids``."""

    def project(self, point: npt.ArrayLike) -> tuple[float, float] | None:
        """Return where the world ``point`` (m) is in the picture, pixel x and y; None when it is behind the camera."""
        x, y, _, w = self.view_projection @ np.append(np.asarray(point, np.float32), np.float32(1.0))
        if w <= 0.0:
            return None
        height, width = self.pixels.shape[:2]
        return (float(x / w) + 1.0) * 0.5 * width, (1.0 - float(y / w)) * 0.5 * height


class _Block:
    """A named block of shared memory; its creator removes it."""

    def __init__(self, memory: SharedMemory, *, owner: bool) -> None:
        self._memory = memory
        self._owner = owner
        self._closed = False

    @property
    def name(self) -> str:
        """Name to give to the other process."""
        return self._memory.name

    def close(self) -> None:
        """Release the memory; the creator also removes it. Calling it again does nothing."""
        if self._closed:
            return
        self._closed = True
        # A memoryview with arrays on it cannot be closed; Python raises BufferError.
        self._forget_views()
        self._memory.close()
        if self._owner:
            self._memory.unlink()

    def _forget_views(self) -> None:
        """Drop every array over the memory, which cannot be closed before."""
        raise NotImplementedError

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()


def _attach(name: str) -> SharedMemory:
    """Open an existing block without becoming responsible for removing it."""
    try:
        if sys.version_info >= (3, 13):
            return SharedMemory(name=name, track=False)
        # Python < 3.13 always registers the block. That is harmless: spawned processes share the window's tracker,
        # which keeps a set of names.
        return SharedMemory(name=name)
    except FileNotFoundError as error:
        raise SharedMemoryError(
            f"There is no shared memory called {name!r}; the window that made it has closed."
        ) from error


def _begin(header: npt.NDArray[np.void]) -> int:
    """Make the counter odd (also when a killed writer left it odd) and return the even value that ends the write."""
    # ``| 1`` and not ``+ 1``: a counter that a killed writer left odd would become even, and readers would take half a
    # record.
    odd = (int(header["counter"]) + 1) | 1
    header["counter"] = odd
    return odd + 1


class StateSlot(_Block):
    """The newest scene state: one writer, many readers.

    ``create`` belongs to the window, ``attach`` to the processes. ``write`` is for one process at a time.
    """

    def __init__(self, memory: SharedMemory, *, owner: bool) -> None:
        super().__init__(memory, owner=owner)
        self._header = np.ndarray((), _STATE_HEADER, memory.buf)
        self._values = np.ndarray((int(self._header["capacity"]),), np.float32, memory.buf, _HEADER_BYTES)

    @classmethod
    def create(cls, capacity: int = 4096) -> Self:
        """Make a slot for states of at most ``capacity`` numbers; by default as many as a robot may describe."""
        memory = create_memory(_HEADER_BYTES + 4 * capacity)
        header = np.ndarray((), _STATE_HEADER, memory.buf)
        # The magic number last: a process that attaches at this moment must not see a block that is only half
        # described.
        header["capacity"] = capacity
        header["magic"] = _STATE_MAGIC
        return cls(memory, owner=True)

    @classmethod
    def attach(cls, name: str) -> Self:
        """Open the slot the window made; raise ``SharedMemoryError`` if there is none of that name."""
        memory = _attach(name)
        _check_magic(memory, _STATE_MAGIC, "a state slot")
        return cls(memory, owner=False)

    @property
    def capacity(self) -> int:
        """How many numbers a state may have."""
        return len(self._values)

    def write(self, values: npt.ArrayLike, step: int, *, flags: int = 0, timestamp: float | None = None) -> None:
        """Make ``values`` (float32[n], n ≤ capacity) the newest state; a few microseconds, never waits."""
        # Checked before the counter becomes odd, so that a wrong state leaves the old one readable.
        vector = np.asarray(values, np.float32)
        if vector.ndim != 1 or len(vector) > self.capacity:
            raise SharedMemoryError(
                f"A state of shape {vector.shape} does not fit; expected a vector of at most {self.capacity} numbers."
            )
        header = self._header
        done = _begin(header)
        self._values[: len(vector)] = vector
        header["count"] = len(vector)
        header["step"] = step
        header["timestamp"] = time.monotonic() if timestamp is None else timestamp
        header["flags"] = flags
        # Even again, and last: only now may a reader use what is between the two counters.
        header["counter"] = done

    def read(self, after: int = 0) -> StateSample | None:
        """Return the newest state, or None when none is newer than sequence ``after`` or it is being written."""
        # Bounded, because a writer that was killed during a write leaves the counter odd for ever.
        for _ in range(_ATTEMPTS):
            counter = int(self._header["counter"])
            # The sequence is half of the counter, as each write counts twice.
            if counter // 2 <= after:
                return None
            if counter % 2 == 0:
                head = self._header.copy()
                # ``count`` may be of a write in progress. The bound keeps the slice valid until the check below rejects
                # it.
                values = self._values[: min(int(head["count"]), self.capacity)].copy()
                # Unchanged and even: no write began or ended during the copy.
                if int(self._header["counter"]) == counter:
                    step, timestamp, flags = int(head["step"]), float(head["timestamp"]), int(head["flags"])
                    return StateSample(values, step, timestamp, flags, counter // 2)
        return None

    def _forget_views(self) -> None:
        del self._header, self._values


class FrameRing(_Block):
    """The newest frames of one view: one writer, many readers, three buffers.

    A reader copies from the newest buffer; the writer comes back to that buffer only two frames later.
    """

    def __init__(self, memory: SharedMemory, *, owner: bool) -> None:
        super().__init__(memory, owner=owner)
        self._ring = np.ndarray((), _RING_HEADER, memory.buf)
        self.max_width, self.max_height = int(self._ring["max_width"]), int(self._ring["max_height"])
        self._headers = np.ndarray((_SLOTS,), _FRAME_HEADER, memory.buf, _HEADER_BYTES)
        offset = _HEADER_BYTES + self._headers.nbytes
        self._pixels = np.ndarray((_SLOTS, self.max_width * self.max_height * _CHANNELS), np.uint8, memory.buf, offset)

    @classmethod
    def create(cls, max_width: int = 1920, max_height: int = 1200) -> Self:
        """Make a ring for frames of at most ``max_width`` × ``max_height`` pixels of 4 bytes."""
        size = _HEADER_BYTES + _SLOTS * (_FRAME_HEADER.itemsize + max_width * max_height * _CHANNELS)
        memory = create_memory(size)
        ring = np.ndarray((), _RING_HEADER, memory.buf)
        ring["max_width"], ring["max_height"], ring["magic"] = max_width, max_height, _FRAME_MAGIC
        return cls(memory, owner=True)

    @classmethod
    def attach(cls, name: str) -> Self:
        """Open the ring the window made; raise ``SharedMemoryError`` if there is none of that name."""
        memory = _attach(name)
        _check_magic(memory, _FRAME_MAGIC, "a frame ring")
        return cls(memory, owner=False)

    def write(
        self,
        pixels: Pixels,
        *,
        view_projection: npt.ArrayLike = _NO_VIEW,
        anchor: npt.ArrayLike = _NO_ANCHOR,
        aids: npt.ArrayLike = _NO_AIDS,
        generation: int = 0,
        step: int = -1,
        flags: int = 0,
        timestamp: float | None = None,
    ) -> None:
        """Make ``pixels`` (uint8[height, width, 3 or 4]) the newest frame; never waits. See ``Frame`` for the rest.

        Pictures of real cameras have no known view: theirs is zero everywhere.
        """
        height, width, channels = self._check(pixels)
        # There is one writer, so this needs no atomic increment.
        sequence = int(self._ring["sequence"]) + 1
        header = self._headers[sequence % _SLOTS : sequence % _SLOTS + 1].reshape(())
        done = _begin(header)
        self._pixels[sequence % _SLOTS, : pixels.size].reshape(pixels.shape)[...] = pixels
        header["sequence"], header["step"], header["flags"] = sequence, step, flags
        header["width"], header["height"], header["channels"] = width, height, channels
        header["timestamp"] = time.monotonic() if timestamp is None else timestamp
        header["view_projection"] = np.asarray(view_projection, np.float32).reshape(4, 4)
        header["anchor"] = np.asarray(anchor, np.float32)
        header["aids"] = np.asarray(aids, np.float32)
        header["generation"] = generation
        # The slot is completed first. Then the ring names it as the newest.
        header["counter"] = done
        self._ring["sequence"] = sequence

    def read(self, after: int = 0) -> Frame | None:
        """Return a copy of the newest frame, or None when there is none newer than sequence ``after``."""
        for _ in range(_ATTEMPTS):
            sequence = int(self._ring["sequence"])
            if sequence <= after:
                return None
            frame = self._copy(sequence)
            if frame is not None:
                return frame
        return None

    def newest(self) -> tuple[int, float] | None:
        """Return sequence and timestamp (s) of the newest frame without copying it; None before the first."""
        for _ in range(_ATTEMPTS):
            sequence = int(self._ring["sequence"])
            if not sequence:
                return None
            head = self._headers[sequence % _SLOTS].copy()
            # The slot may already hold a later frame if this process slept here. Its header says which.
            if int(head["counter"]) % 2 == 0 and int(head["sequence"]) == sequence:
                return sequence, float(head["timestamp"])
        return None

    def _copy(self, sequence: int) -> Frame | None:
        slot = sequence % _SLOTS
        counter = int(self._headers["counter"][slot])
        head = self._headers[slot].copy()
        shape = int(head["height"]), int(head["width"]), int(head["channels"])
        size = shape[0] * shape[1] * shape[2]
        # The size may come from a header that is being written.
        if counter % 2 or size > self._pixels.shape[1]:
            return None
        pixels = self._pixels[slot, :size].copy()
        if int(self._headers["counter"][slot]) != counter:
            return None
        return Frame(
            pixels=pixels.reshape(shape),
            sequence=int(head["sequence"]),
            timestamp=float(head["timestamp"]),
            view_projection=head["view_projection"].copy(),
            anchor=head["anchor"].copy(),
            generation=int(head["generation"]),
            aids=head["aids"].copy(),
            step=int(head["step"]),
            flags=int(head["flags"]),
        )

    def _check(self, pixels: Pixels) -> tuple[int, int, int]:
        fits = pixels.dtype == np.uint8 and pixels.ndim == 3 and pixels.shape[2] in (3, 4)
        if not fits or pixels.shape[0] > self.max_height or pixels.shape[1] > self.max_width:
            raise SharedMemoryError(
                f"A frame of shape {pixels.shape} and type {pixels.dtype} does not fit; expected uint8 of at most "
                f"({self.max_height}, {self.max_width}, 3 or 4)."
            )
        height, width, channels = pixels.shape
        return height, width, channels

    def _forget_views(self) -> None:
        del self._ring, self._headers, self._pixels


def _check_magic(memory: SharedMemory, magic: int, what: str) -> None:
    found = int(np.ndarray((), np.uint64, memory.buf))
    if found != magic:
        name = memory.name
        memory.close()
        raise SharedMemoryError(f"Shared memory {name!r} is not {what} of this version; restart the program.")
