import json
import subprocess
import sys

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mile_desktop.learning.data_hygiene import TakeoverPlace
from mile_desktop.learning.progress import Cancelled, Failed, Finished, Trained, Warned
from mile_desktop.learning.settings import MentalModel, TrainingSettings, settings_from_json, settings_to_json
from mile_desktop.ui.learn.model import (
    MAX_CURVE_POINTS,
    LearnSummary,
    RetrainRequest,
    RunModel,
    RunState,
    difference_text,
    share_text,
    verdict,
)
from mile_desktop.ui.widgets.dates import time_text
from tests.ui.learn.learn_events import compared, paired, progress


def summary(**changes: object) -> LearnSummary:
    values = {"episodes": 14, "steps": 2812, "takeovers": 31, "human_steps": 604, "demonstrations": 40}
    return LearnSummary(**{**values, "new_episodes": 3, "policy_name": "v3", **changes})


@pytest.mark.parametrize("mental_model", ["frozen", "joint", "published"])
def test_the_trainer_reads_what_the_panel_asks_for(mental_model: MentalModel) -> None:
    settings = TrainingSettings(method="iwr", mental_model=mental_model, epochs=7, anchor_share=0.3, seed=5)
    method, named, evaluate, at_most = RetrainRequest(settings).arguments()[1::2]
    read = settings_from_json({**settings_to_json(TrainingSettings(method=method)), **json.loads(named)})
    assert read == settings
    assert (evaluate, at_most) == ("20", "100")


def test_takeovers_that_are_left_out_are_told_to_the_trainer() -> None:
    request = RetrainRequest(left_out=(TakeoverPlace("ep-1", 57), TakeoverPlace("ep-2", 3)))
    assert request.arguments()[-4:] == ["--leave-out", "ep-1:57", "--leave-out", "ep-2:3"]
    assert RetrainRequest(evaluation_episodes=0).arguments()[-1] == "0", "no comparison at all"


def test_the_learn_panel_imports_no_heavy_library() -> None:
    program = (
        "import importlib, pkgutil, sys\n"
        "import mile_desktop.ui.learn, mile_desktop.ui.clients.trainer_client, mile_desktop.ui.supervise.page\n"
        "for each in pkgutil.iter_modules(mile_desktop.ui.learn.__path__, 'mile_desktop.ui.learn.'):\n"
        "    importlib.import_module(each.name)\n"
        "print(*(name for name in ('torch', 'pybullet', 'sklearn', 'pygame') if name in sys.modules))"
    )
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == ""


def test_one_line_for_each_thing_there_is() -> None:
    assert [line.replace("\N{NARROW NO-BREAK SPACE}", " ") for line in summary().lines()] == [
        "14 episodes · 2 812 steps",
        "31 takeovers of 604 steps",
        "40 demonstrations replayed in training",
        "3 new since v3",
    ]
    both = summary(simulated_takeovers=30, simulated_steps=600).lines()[1]
    assert both == "1 takeover of 4 steps by a person · 30 takeovers of 600 steps by a simulated supervisor"
    alone = summary(simulated_takeovers=31, simulated_steps=604).lines()[1]
    assert alone == "31 takeovers of 604 steps by a simulated supervisor"
    assert summary(episodes=1, takeovers=1).lines()[0].startswith("1 episode ·")


def test_few_takeovers_and_missing_demonstrations_are_warned_of() -> None:
    assert summary().warnings() == ()
    few, none = summary(takeovers=4, demonstrations=0).warnings()
    assert "4 takeovers" in few
    assert "No demonstrations" in none
    assert not summary(episodes=0).can_train


def test_a_run_from_start_to_end() -> None:
    run = RunModel(state=RunState.RUNNING)
    run.apply(progress(1, 0.1, total=2.0))
    run.apply(progress(2, 0.2, total=1.5, held_out=0.1))
    run.apply(progress(2, 0.15))
    assert run.fraction == 0.2
    assert run.curves == {"total": [(1.0, 2.0), (2.0, 1.5)], "held_out": [(2.0, 0.1)]}
    assert run.progress_text() == "20 % · 40 s left · Training the policy"
    run.apply(Warned(text="few takeovers"))
    run.apply(Trained(policy="p4", method="mile", loss=0.5))
    run.apply(compared())
    assert run.running
    run.apply(Finished(policy="p4", method="mile", loss=0.5))
    assert (run.state, run.warnings) == (RunState.DONE, ["few takeovers"])


def test_the_success_on_the_same_starts_is_a_curve_that_a_larger_comparison_continues() -> None:
    run = RunModel(state=RunState.RUNNING)
    for starts, before, after in ((0, 0, 0), (1, 0, 1), (2, 1, 1), (2, 1, 1)):
        run.apply(paired(starts, before, after))
    run.apply(Finished(policy="p4", method="mile", loss=0.5))
    run.apply(paired(4, 1, 2))
    assert run.success == {"before": [(1, 0), (2, 0.5), (4, 0.25)], "after": [(1, 1), (2, 0.5), (4, 0.5)]}


def test_evaluating_more_comes_back_to_the_result() -> None:
    run = RunModel(state=RunState.RUNNING)
    run.apply(Finished(policy="p4", method="mile", loss=0.5))
    run.apply(progress(0, 0.1))
    assert run.running
    run.apply(compared("keep"))
    assert run.state is RunState.DONE
    assert run.trained is not None
    assert run.trained.policy == "p4"


@pytest.mark.parametrize(
    ("event", "state"), [(Cancelled(), RunState.CANCELLED), (Failed(text="no disk"), RunState.FAILED)]
)
def test_other_ends(event: Cancelled | Failed, state: RunState) -> None:
    run = RunModel(state=RunState.RUNNING)
    run.apply(event)
    assert run.state is state
    assert not run.running


@given(st.lists(st.floats(0, 1), max_size=30))
def test_progress_never_falls(fractions: list[float]) -> None:
    run = RunModel(state=RunState.RUNNING)
    seen = []
    for fraction in fractions:
        run.apply(progress(1, fraction))
        seen.append(run.fraction)
    assert seen == sorted(seen)


def test_curves_stay_bounded() -> None:
    run = RunModel(state=RunState.RUNNING)
    for epoch in range(3 * MAX_CURVE_POINTS):
        run.apply(progress(epoch, 0.5, total=1.0))
    curve = run.curves["total"]
    assert len(curve) <= MAX_CURVE_POINTS
    assert curve[-1][0] >= 3 * MAX_CURVE_POINTS - 2


def test_words_for_figures() -> None:
    assert [time_text(seconds) for seconds in (-1, 40, 100, 4800)] == ["0 s", "40 s", "2 min", "1 h 20 min"]
    assert share_text(15, 20, (0.53, 0.89)) == "15/20 = 75 % [53–89]"
    assert share_text(0, 0, (0.0, 1.0)) == "no episodes"
    assert verdict(compared()) == "Use it: more of the same starts succeed"
    assert verdict(compared("keep")).startswith("Keep the old one")
    assert difference_text(compared(crashes=1)) == "+20 points [−3 … +43] on the same 20 seeds; 1 crash left out"
    tested = msgspec.structs.replace(compared(), p_value=0.125)
    assert difference_text(tested) == "+20 points [−3 … +43] on the same 20 seeds, p = 0.12 (exact McNemar)"
