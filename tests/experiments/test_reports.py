from pathlib import Path

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
    assert "(../learning/peg-insertion-attentive-1x1.svg)" in text
    drawn = (figures / "peg-insertion-attentive-1x1.svg").read_bytes()
    report_learning(store, figures, document)
    assert (figures / "peg-insertion-attentive-1x1.svg").read_bytes() == drawn


def test_document_without_a_place_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text("nothing", "utf-8")
    with pytest.raises(DocumentError, match="begin learning"):
        fill_section(tmp_path / "a.md", "learning", "text")
