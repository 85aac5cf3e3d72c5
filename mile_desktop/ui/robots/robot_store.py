"""The remembered robots. The program never connects to one by itself; a person always chooses it."""

from pathlib import Path

import msgspec
from PySide6.QtCore import QObject, Signal

from mile_desktop.robots.remembered import RememberedRobot

FILE_NAME = "robots.json"


class _Remembered(msgspec.Struct, frozen=True, kw_only=True):
    robots: tuple[RememberedRobot, ...] = ()


class RobotStore(QObject):
    """Holds the robots, emits changes and writes them at once; belongs to the window's thread.

    Reading and writing never raise: an error is one sentence, in ``problem`` after the start and in
    ``problem_occurred`` later.
    """

    changed = Signal()
    problem_occurred = Signal(str)

    def __init__(self, path: Path, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._path = path
        self._robots, self.problem = _load(path)

    @property
    def robots(self) -> tuple[RememberedRobot, ...]:
        """All robots, the newest last."""
        return self._robots

    def robot(self, address: str) -> RememberedRobot | None:
        """Return the robot at ``address``."""
        return next((robot for robot in self._robots if robot.address == address), None)

    def remember(self, robot: RememberedRobot) -> None:
        """Add a robot, or replace the one at its address."""
        # The address is the identity of a robot; its name may change.
        others = [each for each in self._robots if each.address != robot.address]
        self._replace((*others, robot))

    def forget(self, address: str) -> None:
        """Remove the robot at ``address``; its episodes and policies stay."""
        self._replace(tuple(robot for robot in self._robots if robot.address != address))

    def _replace(self, robots: tuple[RememberedRobot, ...]) -> None:
        if robots == self._robots:
            return
        self._robots = robots
        self._save()
        self.changed.emit()

    def _save(self) -> None:
        # Written beside the old file and renamed, so that a crash leaves one of the two whole.
        draft = self._path.with_name(self._path.name + ".new")
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            draft.write_bytes(msgspec.json.format(msgspec.json.encode(_Remembered(robots=self._robots)), indent=2))
            draft.replace(self._path)
        except OSError as error:
            reason = error.strerror or str(error)
            self.problem_occurred.emit(
                f"Robots are kept only until you close: {self._path} cannot be written ({reason})."
            )


def _load(path: Path) -> tuple[tuple[RememberedRobot, ...], str]:
    """Return the robots in the file and one sentence about what is wrong with it, or an empty string."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=_Remembered).robots, ""
    except FileNotFoundError:
        return (), ""
    except OSError as error:
        return (), f"The list of robots could not be read ({error.strerror})."
    except msgspec.MsgspecError:
        aside = path.with_name(path.name + ".damaged")
        try:
            # The next save would overwrite it, and with it keys that a person has typed.
            path.replace(aside)
        except OSError:
            return (), "The list of robots was damaged and is empty now."
        return (), f"The list of robots was damaged; the old file is kept as {aside.name}."
