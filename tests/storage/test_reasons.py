import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mile_desktop.storage.alarms import ReasonCount, alarm_events, count_by_reason
from mile_desktop.storage.reasons import (
    KINDS,
    SHORT_NAMES,
    Reason,
    decode_reasons,
    encode_reasons,
    moment_name,
    reasons_text,
    split_moment,
)

_reasons = st.builds(
    Reason,
    kind=st.sampled_from(KINDS),
    value=st.integers(0, 999).map(float),
    share=st.sampled_from((0.15, 0.5, 1.0)),
    moments=st.lists(
        st.builds(moment_name, st.from_regex(r"ep-[0-9a-z-]{1,20}", fullmatch=True), st.integers(0, 9999)), max_size=3
    ).map(tuple),
)


@given(st.lists(_reasons, max_size=3).map(tuple))
def test_reasons_survive_being_stored(reasons: tuple[Reason, ...]) -> None:
    assert decode_reasons(encode_reasons(reasons)) == reasons


@given(st.text(max_size=80))
def test_a_damaged_text_is_never_an_error(text: str) -> None:
    for each in decode_reasons(text):
        assert math.isfinite(each.value)
        assert isinstance(each.text(), str)


def test_every_kind_has_a_sentence_and_a_name() -> None:
    assert set(SHORT_NAMES) == set(KINDS)
    assert all(Reason(kind, 12.0, 0.5).text() for kind in KINDS)


@pytest.mark.parametrize(
    ("reason", "text"),
    [
        (Reason("stalled", 12, 0.5), "no progress for 0.6 s"),
        (Reason("near", 3, 0.5), "like 3 moments you corrected"),
        (Reason("near", 1, 0.5), "like a moment you corrected"),
        (Reason("disagreement", 0.4, 0.5), "the models of you disagree"),
        (Reason("from a later version", 1, 0.5), "from a later version"),
    ],
)
def test_reasons_are_plain_sentences(reason: Reason, text: str) -> None:
    assert reason.text(20.0) == text


def test_the_largest_reason_comes_first() -> None:
    stored = "stalled=40*0.6;near=2*0.3:ep-a@41,ep-b@7"
    assert reasons_text(decode_reasons(stored), 20.0) == "no progress for 2.0 s · like 2 moments you corrected"
    assert decode_reasons(stored)[1].moments == ("ep-a@41", "ep-b@7")


@pytest.mark.parametrize(("moment", "found"), [("ep-1@3", ("ep-1", 3)), ("ep-1", None), ("@3", None), ("ep@x", None)])
def test_a_moment_names_episode_and_step(moment: str, found: tuple[str, int] | None) -> None:
    assert split_moment(moment) == found


def test_an_alarm_counts_for_each_of_its_reasons() -> None:
    p = np.array([0.1, 0.9, 0.1, 0.1, 0.9, 0.9, 0.9])
    nu = np.array([False] * 6 + [True])
    kinds = [("stalled",)] * 4 + [("near", "stalled")] * 3
    events = alarm_events(p, nu, 0.5, success=True, horizon_steps=3)
    assert events.hits == (4,)
    assert count_by_reason([(events, kinds)]) == (ReasonCount("stalled", 1, 1), ReasonCount("near", 1, 0))


def test_a_call_in_an_episode_that_failed_is_neither_right_nor_wrong() -> None:
    p, nu = np.array([0.1, 0.9, 0.1, 0.1]), np.zeros(4, dtype=bool)
    events = alarm_events(p, nu, 0.5, success=False)
    assert (events.false_alarms, events.unanswered, events.calls) == ((), (1,), (1,))
    (count,) = count_by_reason([(events, [("stalled",)] * 4)])
    assert count == ReasonCount("stalled", 0, 0, 1)
    assert math.isnan(count.right)
