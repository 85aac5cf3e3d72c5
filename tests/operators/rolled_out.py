"""Simulated supervisors in the real rollout loop, over the point on a line."""

from mile_desktop.arrays import Float32Array
from mile_desktop.operators.operator import Operator
from mile_desktop.rollout.phases import Phase
from mile_desktop.storage.records import Step
from tests.rollout.point_scene import PointRollout, vector


def to_the_right(observation: Float32Array) -> Float32Array:
    """The expert of the point scene: straight to the goal at 1."""
    return vector(1.0)


def episode(operator: Operator, *, proposal: float, seed: int = 7, max_steps: int = 200) -> list[Step]:
    """Return the recorded steps of one episode in which the policy always proposes the same."""
    rollout = PointRollout(action=proposal)
    rollout.scene.max_steps = max_steps
    rollout.loop.runner.operator = operator
    rollout.loop._next_seed = seed
    rollout.loop.start()
    while rollout.loop.phase is not Phase.IDLE:
        rollout.tick()
    assert rollout.sink.ends[-1] in {"success", "failure", "time limit"}
    return rollout.sink.steps


def takeovers(steps: list[Step]) -> list[list[Step]]:
    """Return the steps of each takeover."""
    found: list[list[Step]] = []
    before = False
    for step in steps:
        if step.intervention and not before:
            found.append([])
        if step.intervention:
            found[-1].append(step)
        before = step.intervention
    return found
