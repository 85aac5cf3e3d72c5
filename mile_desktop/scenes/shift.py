"""A shift: how a robot differs from the scene that policies are trained in; imports no simulator.

A shift is a TOML file. Every value is a number, or a range ``[low, high]`` from which each episode draws by its seed.
"""

import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from mile_desktop.errors import UserError
from mile_desktop.paths import RESOURCES

SHIFTS = RESOURCES / "shifts"
"""The shifts that ship; trainings and generation never read them."""

_DIGEST_BYTES = 5
_DRAWS = 0x5F1F7
"""Keeps the draws of a shift apart from those of the scene, which begins from the same seed."""


class ShiftError(UserError, ValueError):
    """A shift file is missing or wrong; says file, key, what was found and what was expected."""


@dataclass(frozen=True, slots=True)
class Quantity:
    """One value that a shift can change."""

    section: str
    low: float
    high: float
    unchanged: float
    """The value that changes nothing."""
    meaning: str
    whole: bool = False
    """Only whole numbers."""

    def expected(self) -> str:
        """Return what the file may say, for an error."""
        kind = "a whole number" if self.whole else "a number"
        return f"{kind} from {self.low:g} to {self.high:g} ({self.meaning}), or a range [low, high] of such numbers"


QUANTITIES: Mapping[str, Quantity] = {
    "friction": Quantity("physics", 0.05, 20.0, 1.0, "factor on the friction of bodies and of their joints"),
    "mass": Quantity("physics", 0.05, 20.0, 1.0, "factor on the mass of the bodies that move"),
    "gains": Quantity("physics", 0.05, 3.0, 1.0, "factor on the speed that an action gives the arm"),
    "delay_steps": Quantity("actions", 0, 20, 0, "control steps by which every action is late", whole=True),
    "dead_band": Quantity("actions", 0.0, 0.9, 0.0, "entries of an action that are smaller have no effect"),
    "noise": Quantity("sensors", 0.0, 1.0, 0.0, "standard deviation of each measured value, in its own unit"),
    "bias": Quantity("sensors", -1.0, 1.0, 0.0, "constant error of each measured value, in its own unit"),
    "camera_yaw_deg": Quantity("pictures", -180.0, 180.0, 0.0, "by how much every camera is turned, degrees"),
    "camera_pitch_deg": Quantity("pictures", -60.0, 60.0, 0.0, "by how much every camera is tilted, degrees"),
    "camera_distance": Quantity("pictures", 0.3, 3.0, 1.0, "factor on the distance of every camera"),
    "light": Quantity("pictures", 0.05, 5.0, 1.0, "factor on the brightness of every picture"),
}
"""Key in the file → what it changes."""

Range = tuple[float, float]


@dataclass(frozen=True, slots=True)
class DrawnShift:
    """The values of one episode."""

    friction: float = 1.0
    mass: float = 1.0
    gains: float = 1.0
    delay_steps: int = 0
    dead_band: float = 0.0
    noise: float = 0.0
    camera_yaw_deg: float = 0.0
    camera_pitch_deg: float = 0.0
    camera_distance: float = 1.0
    light: float = 1.0

    @property
    def changes_physics(self) -> bool:
        """Whether friction, mass or gains differ."""
        return (self.friction, self.mass, self.gains) != (1.0, 1.0, 1.0)


@dataclass(frozen=True, slots=True)
class Shift:
    """A shift as its file says it."""

    name: str
    """Stem of the file."""
    title: str
    ranges: Mapping[str, Range]
    """Key → bounds, equal for a fixed value; only what the file names."""

    @property
    def digest(self) -> str:
        """Hexadecimal digits that differ for shifts with different values."""
        values = msgspec.json.encode({key: self.ranges[key] for key in sorted(self.ranges)})
        return hashlib.blake2b(values, digest_size=_DIGEST_BYTES).hexdigest()

    @property
    def label(self) -> str:
        """Name and digest, as episodes record it: the name alone would not tell an edited file from the one before."""
        return f"{self.name} {self.digest}"

    def draw(self, seed: int) -> DrawnShift:
        """Return the values of the episode that ``seed`` stands for."""
        rng = self._rng(seed)
        drawn: dict[str, Any] = {}
        # In the order of the table and not of the file: two files with the same values give the same episodes.
        for key, quantity in QUANTITIES.items():
            if key in self.ranges and key != "bias":
                low, high = self.ranges[key]
                drawn[key] = int(rng.integers(int(low), int(high) + 1)) if quantity.whole else rng.uniform(low, high)
        return DrawnShift(**drawn)

    def drawn_values(self, seed: int) -> dict[str, float]:
        """Return what ``draw`` sets, by the keys of the file, without a bias: that is one error for each value."""
        drawn = self.draw(seed)
        return {key: getattr(drawn, key) for key in QUANTITIES if key in self.ranges and key != "bias"}

    def draw_bias(self, seed: int, entries: int) -> "np.typing.NDArray[np.float64]":
        """Return the constant error of each of ``entries`` measured values, float64[entries], in their own units.

        A fixed value b stands for one robot: the errors lie within ± b and are the same in every episode. A range
        stands for many robots: every episode draws its errors from it.
        """
        low, high = self.ranges.get("bias", (0.0, 0.0))
        if low == high:
            robot = int(self.digest, 16)
            return np.random.default_rng([_DRAWS, robot]).uniform(-abs(low), abs(low), entries)
        return np.random.default_rng([_DRAWS, seed, 1]).uniform(low, high, entries)

    def _rng(self, seed: int) -> np.random.Generator:
        return np.random.default_rng([_DRAWS, seed])

    def without_effect(self, *, panda: bool, discrete: bool, pictures: bool) -> tuple[str, ...]:
        """Return the keys of this shift that change nothing.

        Parameters
        ----------
        panda
            The scene is an arm in PyBullet, whose physics a shift can change.
        discrete
            Actions are choices, which have no dead band.
        pictures
            Cameras of the robot are drawn.
        """
        idle = {"physics"} if not panda else set()
        idle |= {"pictures"} if not pictures else set()
        return tuple(key for key in self.ranges if QUANTITIES[key].section in idle or (key == "dead_band" and discrete))


def recorded_shift(name: str, ranges: Mapping[str, Sequence[float]]) -> Shift:
    """Return the shift of an episode from the values it recorded: its file can be changed or lost."""
    return Shift(name, name, {key: (float(low), float(high)) for key, (low, high) in ranges.items()})


def shipped_shifts() -> tuple[str, ...]:
    """Return the names of the shifts that ship."""
    return tuple(sorted(path.stem for path in SHIFTS.glob("*.toml")))


def read_shift(reference: str) -> Shift:
    """Return the shift in the file ``reference``, or the shipped one of that name.

    Raises
    ------
    ShiftError
        There is no such file, it is no TOML, or a key or a value is wrong.
    """
    path = Path(reference).expanduser()
    # A shipped name first: a folder or file called "mild" where the program runs must not replace it.
    if reference in shipped_shifts():
        path = SHIFTS / f"{reference}.toml"
    if not path.is_file():
        raise ShiftError(
            f"{reference}: found no such file, expected a shift in TOML or one of {', '.join(shipped_shifts())}"
        )
    try:
        table = msgspec.toml.decode(path.read_bytes(), type=dict[str, Any])
    except (OSError, msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ShiftError(f"{path}: found no readable TOML ({error}), expected a shift") from error
    return _shift(path, table)


def _shift(path: Path, table: Mapping[str, Any]) -> Shift:
    title = table.get("title", path.stem)
    if not isinstance(title, str) or not title:
        raise ShiftError(f"{path}: title: found {title!r}, expected a text")
    sections = sorted({each.section for each in QUANTITIES.values()})
    ranges: dict[str, Range] = {}
    for section, values in table.items():
        if section == "title":
            continue
        if section not in sections or not isinstance(values, dict):
            raise ShiftError(
                f"{path}: {section}: found {values!r}, expected title or one of the tables {', '.join(sections)}"
            )
        for key, value in values.items():
            ranges[key] = _range(path, section, key, value)
    if not ranges:
        raise ShiftError(f"{path}: found no value that changes anything, expected one of {', '.join(QUANTITIES)}")
    return Shift(path.stem, title, ranges)


def _range(path: Path, section: str, key: str, value: object) -> Range:
    quantity = QUANTITIES.get(key)
    if quantity is None or quantity.section != section:
        known = ", ".join(name for name, each in QUANTITIES.items() if each.section == section)
        raise ShiftError(f"{path}: {section}.{key}: found {value!r}, expected one of the keys {known}")
    bounds = value if isinstance(value, list) else [value, value]
    numbers = [each for each in bounds if isinstance(each, int | float) and not isinstance(each, bool)]
    right = (
        len(bounds) == len(numbers) == 2
        and all(math.isfinite(each) and quantity.low <= each <= quantity.high for each in numbers)
        and numbers[0] <= numbers[1]
        and (not quantity.whole or all(each == int(each) for each in numbers))
    )
    if not right:
        raise ShiftError(f"{path}: {section}.{key}: found {value!r}, expected {quantity.expected()}")
    return float(numbers[0]), float(numbers[1])
