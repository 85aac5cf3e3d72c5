import math
from dataclasses import fields, replace

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from mile_desktop.rollout.phases import Phase
from mile_desktop.storage.records import Step
from mile_desktop.storage.steps import decode, encode, shape_of, stack, summarise
from tests.storage.samples import a_start, a_step, some_steps


def same(first: Step, second: Step) -> bool:
    pairs = [(getattr(first, each.name), getattr(second, each.name)) for each in fields(Step)]
    return all(
        a.dtype == b.dtype and a.tobytes() == b.tobytes()
        if isinstance(a, np.ndarray)
        else a == b or (isinstance(a, float) and math.isnan(a) and math.isnan(b))
        for a, b in pairs
    )


@st.composite
def any_steps(draw: st.DrawFn) -> Step:
    floats = st.floats(width=32)
    size = draw(st.integers(1, 6))

    def vector(length: int) -> np.ndarray:
        return draw(arrays(np.float32, length, elements=floats))

    human = draw(st.booleans())
    return Step(
        timestamp=draw(st.floats(0, 1e9)),
        observation=vector(draw(st.integers(1, 9))),
        policy_action=vector(size),
        policy_mean=vector(size),
        policy_std=vector(size),
        human_action=vector(size) if human else None,
        action=vector(size),
        intervention=human,
        intervention_prob=draw(st.floats(0, 1) | st.just(float("nan"))),
        intervention_prob_low=draw(st.floats(0, 1)),
        intervention_prob_high=draw(st.floats(0, 1)),
        starts_at_row=draw(st.integers(-1, 500)),
        forecast=draw(st.floats(0, 1) | st.just(float("nan"))),
        control_phase=draw(st.text()),
        reward=draw(st.floats(allow_nan=False)),
        success=draw(st.booleans()),
        scene_state=vector(draw(st.integers(1, 9))),
    )


@given(any_steps())
def test_a_step_comes_back_from_its_bytes_bit_for_bit(step: Step) -> None:
    assert same(decode(encode(step)), step)


def test_arrays_of_another_type_are_stored_as_float32() -> None:
    step = replace(a_step(0), observation=np.array([1, 2, 3], dtype=">f8"), action=np.array([1, 2, 3, 4]))
    back = decode(encode(step))
    assert back.observation.dtype == np.float32
    assert back.observation.tolist() == [1, 2, 3]
    assert back.action.tolist() == [1, 2, 3, 4]


def test_numbers_of_numpy_and_phases_are_stored_as_plain_values() -> None:
    step = replace(
        a_step(0),
        timestamp=np.float64(2.5),
        intervention_prob=np.float32(0.25),
        reward=np.int64(1),
        success=np.bool_(True),
        starts_at_row=np.int32(3),
        control_phase=Phase.HOLD,
    )
    back = decode(encode(step))
    assert (back.timestamp, back.intervention_prob, back.reward) == (2.5, 0.25, 1.0)
    assert (back.success, back.starts_at_row, back.control_phase) == (True, 3, "hold")


def test_a_value_that_is_no_part_of_a_step_is_refused() -> None:
    with pytest.raises(TypeError, match="expected a number, a text or an array"):
        encode(replace(a_step(0), reward=object()))  # type: ignore[arg-type]


@pytest.mark.parametrize("cut", [0, 1, 20, -1])
def test_cut_bytes_are_refused(cut: int) -> None:
    with pytest.raises(msgspec.MsgspecError):
        decode(encode(a_step(0))[:cut])


@given(st.lists(st.booleans(), max_size=30))
def test_takeovers_are_the_times_control_went_to_the_operator(human: list[bool]) -> None:
    record = summarise(a_start(), some_steps(human), "failure")
    changes = "".join("h" if each else "." for each in human).split(".")
    assert record.takeovers == sum(bool(run) for run in changes)
    assert record.human_steps == sum(human)
    assert record.steps == len(human)


def test_the_mean_probability_leaves_out_steps_that_showed_none() -> None:
    steps = [a_step(0, probability=0.2), a_step(1, probability=float("nan")), a_step(2, probability=0.6)]
    assert summarise(a_start(), steps, "success").mean_intervention_prob == pytest.approx(0.4)
    assert summarise(a_start(), steps[1:2], "success").mean_intervention_prob is None


@pytest.mark.parametrize(
    "change",
    [
        {"observation": np.zeros((2, 2), np.float32)},
        {"observation": np.zeros(0, np.float32)},
        {"policy_std": np.zeros(3, np.float32)},
        {"policy_mean": np.zeros((1, 4), np.float32)},
        {"human_action": np.zeros(4, np.float32)},
        {"intervention": True},
    ],
)
def test_a_step_that_contradicts_itself_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"[Ss]tep"):
        shape_of(replace(a_step(0), **change))


def test_steps_that_differ_in_shape_make_no_episode() -> None:
    steps = [a_step(0), replace(a_step(1), scene_state=np.zeros(3, np.float32))]
    with pytest.raises(ValueError, match="differ in shape"):
        stack(summarise(a_start(), steps, "success"), steps)


def test_a_record_of_another_number_of_steps_makes_no_episode() -> None:
    steps = some_steps([False, True])
    with pytest.raises(ValueError, match="has 1 steps, its record says 2"):
        stack(summarise(a_start(), steps, "success"), steps[:1])
