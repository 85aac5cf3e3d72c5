from pathlib import Path

import msgspec
import pytest

from experiments.documents import DocumentError, fill_section
from experiments.reports import report_learning
from experiments.results import ResultStore
from tests.experiments.examples import point, result, tiny


@pytest.fixture
def store(tmp_path: Path) -> ResultStore:
    store = ResultStore(tmp_path / "work")
    for method, last in (("mile", "1111"), ("iwr", "0111")):
        for seed in range(3):
            store.write(result(tiny(method, seed), point(0, 0, "0011"), point(1, 40, last)))
    return store


def test_tables_and_figures_are_made_from_the_results(store: ResultStore, tmp_path: Path) -> None:
    figures = tmp_path / "learning"
    document = tmp_path / "docs" / "results.md"
    document.parent.mkdir()
    document.write_text("# Results\n\n<!-- begin learning -->\nold\n<!-- end learning -->\n\nWords.\n", "utf-8")
    report_learning(store, figures, document)
    text = document.read_text("utf-8")
    assert "old" not in text
    assert text.startswith("# Results")
    assert text.endswith("Words.\n")
    row, over_all = [line for line in text.splitlines() if "| mile " in line]
    assert "+0.125 [+0.125, +0.125]" in row
    assert over_all.split("|")[3].strip() == "3"
    assert "+0.125 [+0.125, +0.125]" in over_all
    assert "(../learning/peg-insertion-attentive-1x1-1-starts.svg)" in text
    drawn = (figures / "peg-insertion-attentive-1x1-1-starts.svg").read_bytes()
    report_learning(store, figures, document)
    assert (figures / "peg-insertion-attentive-1x1-1-starts.svg").read_bytes() == drawn


def test_document_without_a_place_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text("nothing", "utf-8")
    with pytest.raises(DocumentError, match="begin learning"):
        fill_section(tmp_path / "a.md", "learning", "text")


def test_gains_over_the_controls_come_first_and_are_corrected(tmp_path: Path) -> None:
    store = ResultStore(tmp_path / "work")
    for method, last in (("demonstrations-only", "0011"), ("bc", "0011"), ("mile", "1111")):
        for seed in range(6):
            store.write(result(tiny(method, seed), point(0, 0, "0011"), point(1, 40, last)))
    text = report_learning(store, tmp_path / "figures")
    assert text.startswith("What the methods add over the control arms")
    rows = {row.split("|")[1].strip(): row.split("|") for row in text.splitlines() if "| demonstrations-only |" in row}
    assert rows["mile"][5].strip().startswith("+0.500")
    # 2 of 64 sign patterns; the first of two learners is doubled by Holm
    assert (rows["mile"][6].strip(), rows["mile"][7].strip()) == ("0.031", "0.062")
    assert rows["bc"][7].strip() == "1.000"


def test_operator_minutes_have_a_column_where_they_were_measured(tmp_path: Path) -> None:
    old, new = ResultStore(tmp_path / "old"), ResultStore(tmp_path / "new")
    last = msgspec.structs.replace(point(1, 40, "1111"), steps=100)
    old.write(result(tiny(), point(0, 0, "0011"), last))
    timed = msgspec.structs.replace(last, watching_s=90.0, driving_s=30.0)
    new.write(result(tiny(), point(0, 0, "0011"), timed))
    assert "operator min" not in report_learning(old, tmp_path / "figures")
    (row,) = [line for line in report_learning(new, tmp_path / "figures").splitlines() if "| bc " in line]
    assert "| 2.0 " in row
