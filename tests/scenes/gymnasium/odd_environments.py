"""Environments with one fault each, registered under ``odd/…`` when this module is imported."""

import os
import time
from typing import Any

import gymnasium
import numpy as np
from gymnasium import spaces

NAME = "tests.scenes.gymnasium.odd_environments"


class Walk(gymnasium.Env[Any, Any]):
    """A point on a line; ``fault`` says what goes wrong in the third step."""

    metadata = {"render_modes": [], "render_fps": 10}  # noqa: RUF012 - gymnasium's own form

    def __init__(self, fault: str = "", render_mode: str | None = None, bounds: float = 1.0) -> None:
        self.fault, self.render_mode = fault, render_mode
        self.action_space = spaces.Box(-bounds, bounds, (2,), np.float32)
        self.observation_space = spaces.Dict(
            {
                "camera": spaces.Box(0, 255, (48, 64, 3), np.uint8),
                "gear": spaces.Discrete(3, start=1),
                "place": spaces.Box(-10.0, 10.0, (2,), np.float64),
            }
        )

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        super().reset(seed=seed)
        self.place, self.steps = self.np_random.uniform(-1.0, 1.0, 2), 0
        return self._seen(), {}

    def step(self, action: object) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        self.steps += 1
        if self.steps == 3:
            self._go_wrong()
        self.place = self.place + 0.5 * np.asarray(action, np.float64)
        if self.fault == "unrepeatable":
            self.place = self.place + np.random.default_rng().uniform(-0.1, 0.1, 2)
        far = bool(np.abs(self.place).max() > 3.0)
        reward: Any = -float(np.abs(self.place).sum())
        info: Any = {"is_success": far, "steps": self.steps}
        seen = self._seen()
        if self.steps >= 3:
            reward, info, seen = self._spoilt(reward, info, seen)
        return seen, reward, False, False, info

    def _spoilt(self, reward: object, info: object, seen: dict[str, Any]) -> tuple[Any, Any, Any]:
        match self.fault:
            case "no info":
                info = None
            case "text as success":
                info = {"is_success": "maybe"}
            case "two rewards":
                reward = np.array([0.5, 1.0])
            case "nan reward":
                reward = np.nan
            case "masked":
                seen["place"] = np.ma.masked_array([0.0, 1.0], mask=[False, True])  # type: ignore[no-untyped-call]
            case "complex":
                seen["place"] = np.array([1.0 + 2.0j, 0.0])
            case "longer":
                seen["place"] = np.zeros(3)
            case "no key":
                del seen["gear"]
        return reward, info, seen

    def _go_wrong(self) -> None:
        match self.fault:
            case "raises":
                raise KeyError("gripper")
            case "exits":
                os._exit(0)
            case "interrupts":
                raise KeyboardInterrupt
            case "loops":
                while True:
                    time.sleep(0.01)
            case "nan":
                self.place = np.array([np.nan, 0.0])
            case "prints":
                print("three steps done")  # noqa: T201 - what is tested

    def _seen(self) -> dict[str, Any]:
        camera = np.zeros((48, 64, 3), np.uint8)
        return {"camera": camera, "gear": 1 + self.np_random.integers(3), "place": self.place}


class OnlyPictures(Walk):
    """An environment without numbers."""

    def __init__(self, render_mode: str | None = None) -> None:
        super().__init__(render_mode=render_mode)
        self.observation_space = spaces.Box(0, 255, (96, 96, 3), np.uint8)


gymnasium.register("odd/Walk-v0", f"{NAME}:Walk", max_episode_steps=40)
gymnasium.register("odd/OnlyPictures-v0", f"{NAME}:OnlyPictures")
