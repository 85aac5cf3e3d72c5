"""The simulated person who only has words: commands for an intent, time for typing, and what drives in the end."""

from dataclasses import dataclass

import numpy as np
import pytest

from mile_desktop.arrays import Float32Array
from mile_desktop.operators.operator import OperatorContext, OperatorReading
from mile_desktop.operators.words.operator import DrivenBody, WordsOperator
from mile_desktop.operators.words.scripted_user import TypingSettings, WordsSupervisor
from mile_desktop.operators.words.segment import Segment
from mile_desktop.rollout.scene import GymScene
from mile_desktop.scenes.catalogue import scene_info
from mile_desktop.scenes.experts import load_expert

ARM = DrivenBody(20.0, 0.25, ())
LANDER = DrivenBody(20.0, 0.0, (), ("rest", "left", "up", "right"))
INTENT = np.array([0.5, -1.0, 0.05, 1.0], np.float32)


@dataclass
class Watcher:
    """Would take over while ``wants``."""

    wants: bool = True
    kind: str = "watcher"
    device: str = ""
    instruction: str = ""

    def reset(self, seed: int) -> None:
        """Change nothing."""

    def poll(self, context: OperatorContext) -> OperatorReading:
        """Say whether it would take over."""
        return OperatorReading(takeover=self.wants, action=context.proposal)

    def close(self) -> None:
        """Release nothing."""


def user(intent: Float32Array = INTENT, body: DrivenBody = ARM, watcher: Watcher | None = None) -> WordsSupervisor:
    made = WordsSupervisor(lambda _: intent, watcher or Watcher(), body)
    made.reset(0)
    return made


def ticks(supervisor: WordsSupervisor, count: int, size: int = 4) -> list[OperatorReading]:
    readings: list[OperatorReading] = []
    zero = np.zeros(size, np.float32)
    for step in range(count):
        intervening = bool(readings) and readings[-1].takeover
        readings.append(supervisor.poll(OperatorContext(step, zero, zero, zero, zero, intervening=intervening)))
    return readings


def test_an_intent_becomes_a_command_of_the_longest_way_and_the_grip() -> None:
    assert user().command(INTENT) == "7.5 cm right, close"
    assert user().command(np.array([0, 0, -0.2, -1], np.float32)) == "1.5 cm down, open"
    assert user().command(np.zeros(4, np.float32)) == ""
    assert user(body=LANDER).command(np.array([0, 0, 1, 0], np.float32)) == "up for 0.3 s"
    assert user(body=LANDER).command(np.array([1, 0, 0, 0], np.float32)) == ""


def test_nothing_moves_while_the_person_types() -> None:
    readings = ticks(user(), 200)
    typed_s = TypingSettings().think_s + len("7.5 cm right, close") / TypingSettings().characters_s
    first = next(at for at, each in enumerate(readings) if each.takeover)
    assert first == round(typed_s * 20)
    assert readings[first].words.startswith("7.5 cm right, close → right 7.5 cm (robot), then close")
    # In the first command only y moves: the robot's right is −y.
    assert readings[first].action[1] < 0
    assert readings[first].action[0] == 0


def test_the_person_types_nothing_while_the_robot_does_well() -> None:
    assert not any(each.takeover for each in ticks(user(watcher=Watcher(wants=False)), 300))


def test_impossible_times_are_refused() -> None:
    with pytest.raises(ValueError, match="time that is not above 0"):
        TypingSettings(characters_s=0.0)


def test_words_choose_an_engine_for_a_time() -> None:
    operator = WordsOperator()
    operator.begin_session(LANDER)
    assert operator.problem((Segment("left", 0.5, "s"), Segment("up", 0.02, "m", "robot"))) == ""
    assert operator.problem((Segment("forward", 0.5, "s"),)) == (
        "“forward” selects nothing in this scene; there are left, right, up, each for a time."
    )
    operator.drive((Segment("left", 0.5, "s"), Segment("up", 0.02, "m")), words="typed", view_yaw_deg=30.0)
    zero, taken = np.zeros(4, np.float32), []
    for step in range(20):
        context = OperatorContext(step, zero, zero, zero, zero, intervening=bool(taken), discrete=True)
        reading = operator.poll(context)
        if not reading.takeover:
            break
        taken.append(int(reading.action.argmax()))
        assert sorted(reading.action.tolist()) == [0.0, 0.0, 0.0, 1.0]
    # 10 steps for half a second, then 4 for two centimetres, which stand for two tenths of a second.
    assert taken == [1] * 10 + [2] * 4


def test_words_alone_move_a_real_arm_the_way_that_the_expert_would() -> None:
    info, expert = scene_info("button-press"), load_expert("button-press")
    env = GymScene.make(info.name)
    try:
        observation, _ = env.reset(seed=3)
        body = DrivenBody(info.rate_hz, 0.25, env.observation_labels)
        supervisor = WordsSupervisor(expert, Watcher(), body)
        supervisor.reset(3)
        intended, before = expert(observation)[:3], env.end_effector().copy()
        drove = [False]
        rest = np.zeros(4, np.float32)
        for step in range(120):
            context = OperatorContext(step, observation, rest, rest, rest + 0.1, intervening=drove[-1])
            reading = supervisor.poll(context)
            drove.append(reading.takeover)
            observation, *_ = env.step(reading.action if drove[-1] else rest)
        moved = env.end_effector() - before
    finally:
        env.close()
    assert any(drove)
    assert float(moved @ intended) > 0.02
