import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mile_desktop.operators.probit import (
    ProbitSettings,
)
from mile_desktop.operators.segment import SegmentSettings
from mile_desktop.operators.supervisors import SUPERVISORS, UnknownSupervisorError, make_supervisor
from tests.operators.supervised import drive, expert, stories


@pytest.mark.parametrize("name", SUPERVISORS)
def test_every_supervisor_is_repeatable_from_its_seed(name: str) -> None:
    rng = np.random.default_rng(0)
    story = [rng.uniform(-1, 1, 4).astype(np.float32) for _ in range(120)]

    def run(seed: int) -> list[tuple[bool, list[float]]]:
        supervisor = make_supervisor(name, expert)
        supervisor.reset(99)
        drive(supervisor, story[:30])
        supervisor.reset(seed)
        told = [(reading.takeover, reading.action.tolist()) for reading in drive(supervisor, story)]
        supervisor.close()
        return told

    assert run(7) == run(7)
    if name != "none":
        assert run(7) != run(8)
        assert any(takeover for takeover, _ in run(7))


@pytest.mark.parametrize("name", SUPERVISORS)
@settings(max_examples=20, deadline=None)
@given(story=stories, seed=st.integers(0, 2**31))
def test_every_action_is_in_the_box(name: str, story: list[list[float]], seed: int) -> None:
    supervisor = make_supervisor(name, expert)
    supervisor.reset(seed)
    for reading in drive(supervisor, [np.array(each, np.float32) for each in story]):
        assert reading.action.dtype == np.float32
        assert reading.action.shape == (4,)
        assert np.all(np.abs(reading.action) <= 1.0)
        assert reading.connected


@pytest.mark.parametrize("name", SUPERVISORS)
def test_every_supervisor_is_recorded_under_its_name(name: str) -> None:
    supervisor = make_supervisor(name, expert)
    assert supervisor.kind == name
    assert supervisor.device


def test_unknown_names_list_those_there_are() -> None:
    with pytest.raises(UnknownSupervisorError, match="'robot'; there are none, probit, segment, inaccurate-probit"):
        make_supervisor("robot", expert)


@pytest.mark.parametrize(("name", "wrong"), [("probit", SegmentSettings()), ("segment", ProbitSettings())])
def test_settings_have_to_be_the_supervisors_own(name: str, wrong: ProbitSettings | SegmentSettings) -> None:
    with pytest.raises(UnknownSupervisorError, match=f"not {type(wrong).__name__}"):
        make_supervisor(name, expert, wrong)
