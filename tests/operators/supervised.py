"""Simulated supervisors in tests: an expert, what they see, and when they took over."""

from dataclasses import replace

import numpy as np
from hypothesis import strategies as st

from mile_desktop.arrays import Float32Array
from mile_desktop.operators.no_operator import NoOperator
from mile_desktop.operators.operator import Operator, OperatorContext, OperatorReading
from mile_desktop.operators.segment import SegmentSettings
from tests.operators.conftest import context

GOAL = np.array([1.0, 0.0, 0.0, -1.0], np.float32)
STEADY = SegmentSettings(tremor=0.0, lean=0.0)
stories = st.lists(st.lists(st.floats(-1.0, 1.0, width=32), min_size=4, max_size=4), min_size=1, max_size=80)


def expert(observation: Float32Array) -> Float32Array:
    """Always the same wish."""
    return GOAL.copy()


def seen(proposal: Float32Array, std: float = 0.1) -> OperatorContext:
    proposal = np.asarray(proposal, np.float32)
    return replace(
        context(len(proposal)),
        proposal=proposal,
        policy_mean=proposal,
        policy_std=np.full(len(proposal), std, np.float32),
    )


def drive(operator: Operator, proposals: list[Float32Array]) -> list[OperatorReading]:
    return [operator.poll(seen(proposal)) for proposal in proposals]


def spans(readings: list[OperatorReading]) -> list[tuple[int, int]]:
    """Return (first step, length) of every takeover."""
    found: list[tuple[int, int]] = []
    for step, reading in enumerate(readings):
        if reading.takeover and found and sum(found[-1]) == step:
            found[-1] = (found[-1][0], found[-1][1] + 1)
        elif reading.takeover:
            found.append((step, 1))
    return found


class Watcher(NoOperator):
    """Keeps what it was shown."""

    def __init__(self) -> None:
        self.shown: list[OperatorContext] = []

    def poll(self, context: OperatorContext) -> OperatorReading:
        self.shown.append(context)
        return super().poll(context)
