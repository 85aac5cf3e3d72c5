"""A script that follows the guided start as a newcomer does, with real keys; pictures and tests are made with it."""

import math
import time
from collections.abc import Callable, Iterator

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QPushButton

from mile_desktop.rollout.phases import IN_EPISODE
from mile_desktop.ui.automation.scripted_run import Condition
from mile_desktop.ui.composition import Composition
from mile_desktop.ui.guide.model import GuideStep

_AGAIN_S = 2.0


class GuideScript:
    """Does what each step of the guide asks for, and waits until the guide has noticed it.

    Parameters
    ----------
    parts
        The whole window.
    retrain
        Starts the training; by default the key does.
    ready
        Whether the step of this name may end; the keys stay down until then.
    noticed
        Called with the name of each step that was done, just before its keys are released; for pictures.
    """

    def __init__(
        self,
        parts: Composition,
        *,
        retrain: Callable[[], object] | None = None,
        ready: Callable[[str], bool] | None = None,
        noticed: Callable[[str], object] | None = None,
    ) -> None:
        self._parts = parts
        self._retrain = retrain
        self._ready = ready or _always
        self._noticed = noticed or _nothing
        self._down: list[Qt.Key] = []

    def run(self) -> Iterator[Condition]:
        """Perform every step; yield the condition that the next action waits for."""
        guide = self._parts.guide
        guide.begin()
        while (step := guide.step) is not None:
            if step.in_episode and not self._in_episode():
                yield self._starts(step)
                continue
            self._act(step)
            yield self._waits_for(step)
            self._noticed(step.name)
            self._release()

    def _act(self, step: GuideStep) -> None:
        match step.name:
            case "take over":
                self._press(Qt.Key.Key_Space, Qt.Key.Key_S)
            case "rewind":
                self._press(Qt.Key.Key_R)
            case "save":
                # The script has moved the robot away from its task, so this is not a success.
                self._click(Qt.Key.Key_Backspace)
            case "retrain" if self._retrain is not None:
                self._retrain()
            case "retrain":
                self._click(Qt.Key.Key_T, Qt.KeyboardModifier.ControlModifier)
            case "use":
                buttons = self._parts.retrain.panel.card.findChildren(QPushButton)
                QTest.mouseClick(buttons[0], Qt.MouseButton.LeftButton)

    def _waits_for(self, step: GuideStep) -> Condition:
        """Wait until the step was noticed, or the episode has ended before it was."""

        def passed() -> bool:
            noticed = self._parts.guide.step is not step and self._ready(step.name)
            return noticed or (step.in_episode and not self._in_episode())

        return passed

    def _starts(self, step: GuideStep) -> Condition:
        """Press Start until an episode runs, or the end of the one before was noticed as the step.

        More than once: a key that comes while the one before still ends starts nothing.
        """
        pressed_at = -math.inf

        def started() -> bool:
            nonlocal pressed_at
            if self._parts.guide.step is not step or self._in_episode():
                return True
            if time.monotonic() - pressed_at > _AGAIN_S:
                pressed_at = time.monotonic()
                self._click(Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
            return False

        return started

    def _in_episode(self) -> bool:
        status = self._parts.application.worker.status
        return status is not None and status.phase in IN_EPISODE

    def _press(self, *keys: Qt.Key) -> None:
        for key in keys:
            self._down.append(key)
            QTest.keyPress(self._parts.application.window.windowHandle(), key)

    def _release(self) -> None:
        while self._down:
            QTest.keyRelease(self._parts.application.window.windowHandle(), self._down.pop())

    def _click(self, key: Qt.Key, modifier: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
        QTest.keyClick(self._parts.application.window.windowHandle(), key, modifier)


def _always(_: str) -> bool:
    return True


def _nothing(_: str) -> None:
    return
