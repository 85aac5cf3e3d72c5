import json
import xml.etree.ElementTree as ET
from pathlib import Path

import msgspec
import numpy as np
import pytest
from statsmodels.stats.multitest import multipletests

from mile_desktop.cli import main
from mile_desktop.study.analysis import AnalysisError, write_results
from mile_desktop.study.comparisons import Estimate
from mile_desktop.study.figures import interval_plot
from mile_desktop.study.power import PersonEpisodes, PowerError, holm_rejects, study_power
from mile_desktop.study.protocol import decode_protocol
from mile_desktop.study.results import AnalysisResult
from tests.study.conftest import SHORT, MakeStudy

PREDICTORS = {
    *("majority", "stopwatch", "history logistic", "neural classifier"),
    *("mile, single", "mile, ensemble", "temporal", "forecast", "stall"),
}


def test_a_study_is_analysed_from_end_to_end(copied: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["study", "analyse", str(copied), "--json"]) == 0
    found = json.loads(capsys.readouterr().out.splitlines()[-1])
    report = (copied / "analysis" / "report.html").read_text("utf-8")
    assert report.index("<h2>Planned</h2>") < report.index("<h2>Looked at afterwards</h2>")
    assert "simulated supervisors" in report
    assert found["participants"] == 2
    assert [each["planned"] for each in found["comparisons"]][:2] == [True, False]
    # Two participants with a handful of takeovers: what could not be scored is said, and nothing is tested.
    assert all(each["p"] is None for each in found["comparisons"])
    for each in found["prediction"]:
        assert {row["name"] for row in each["estimates"]["auroc"]} <= PREDICTORS
    for figure in (name for name in found["files"] if name.endswith(".svg")):
        ET.parse(copied / "analysis" / figure)
    again = msgspec.json.decode((copied / "analysis" / "results.json").read_bytes(), type=AnalysisResult)
    assert again.episodes == 8
    with pytest.raises(AnalysisError, match="not empty"):
        write_results(again, copied / "episodes")


def test_an_empty_study_is_no_traceback(make_study: MakeStudy, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["study", "analyse", str(make_study(SHORT).folder)]) == 1
    assert "nothing to analyse" in capsys.readouterr().err


def test_a_figure_shows_what_it_is_given_and_survives_odd_names() -> None:
    rows = [
        Estimate(name="a < b & c", participants=2, mean=0.5, low=0.4, high=0.6, values=(0.45, 0.55)),
        Estimate(name="none", participants=0, mean=None),
    ]
    root = ET.fromstring(interval_plot("T & t", "x", rows, mark=0.5))
    texts = [each.text for each in root.iter("{http://www.w3.org/2000/svg}text")]
    assert "a < b & c" in texts
    assert "none" not in texts
    ET.fromstring(interval_plot("empty", "x", []))


def person(rng: np.random.Generator) -> PersonEpisodes:
    return PersonEpisodes(
        success=(rng.random(8) < 0.6).astype(float),
        human_steps=rng.integers(10, 60, 8).astype(float),
        takeovers=rng.integers(1, 4, 8).astype(float),
        minutes=rng.uniform(0.08, 0.17, 8),
        tlx=rng.normal(40, 8, 2),
    )


def test_power_grows_with_size_and_participants_and_false_alarms_stay_rare() -> None:
    protocol = decode_protocol(SHORT.encode(), Path("p.toml"))
    rng = np.random.default_rng(1)
    persons = [person(rng) for _ in range(8)]
    rows = study_power(protocol, persons, [8, 24], [0.0, 1.0], studies=60, seed=0)
    found = {(each.participants, each.share): each.found for each in rows}
    assert found[8, 0.0] <= 0.2
    assert found[24, 0.0] <= 0.2
    assert found[24, 1.0] > max(0.5, found[24, 0.0])
    assert found[24, 1.0] >= found[8, 1.0]


def test_holm_for_many_studies_is_statsmodels_for_each() -> None:
    p = np.random.default_rng(0).uniform(0, 0.06, (5, 40))
    expected = [multipletests(p[:, each], alpha=0.05, method="holm")[0] for each in range(40)]
    rejected = holm_rejects(p, 0.05)
    assert rejected.any()
    assert not rejected.all()
    np.testing.assert_array_equal(rejected, np.array(expected).T)


def test_power_without_a_plan_or_persons_is_refused() -> None:
    protocol = decode_protocol(SHORT.encode(), Path("p.toml"))
    with pytest.raises(PowerError, match="at least 2"):
        study_power(protocol, [], [8], [0.1], studies=10, seed=0)
    bare = msgspec.structs.replace(protocol, planned=())
    with pytest.raises(PowerError, match="plans no comparison"):
        study_power(bare, [], [8], [0.1], studies=10, seed=0)
