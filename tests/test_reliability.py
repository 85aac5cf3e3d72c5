"""The table of faults names tests and sentences that exist, and the document is made of it."""

import ast
import re
from collections.abc import Iterator

import pytest

from faults import soak_document
from faults.soak_samples import Figures, Sample
from faults.soak_verdict import grown
from faults.table import (
    BEGIN,
    DOCUMENT,
    END,
    ROOT,
    FaultRow,
    missing_nodes,
    read_results,
    read_rows,
    rendered,
    replaced,
    unknown_sentences,
)

NEVER_SAID = "A sentence that the program never says."
ROW = FaultRow("Area", "fault", "holds", (NEVER_SAID,), "all", ("tests/test_x.py::test_y",))
EVERY_S = 10.0


def test_every_row_names_tests_that_exist() -> None:
    assert missing_nodes(read_rows()) == []
    assert missing_nodes([ROW]) == ["tests/test_x.py::test_y"]


def test_every_sentence_is_one_that_the_program_says() -> None:
    assert unknown_sentences(read_rows()) == []
    assert unknown_sentences([ROW]) == [NEVER_SAID]


def test_there_are_enough_rows_and_none_twice() -> None:
    faults = [(row.area, row.fault) for row in read_rows()]
    assert len(faults) >= 60
    assert len(set(faults)) == len(faults)
    assert all(row.tests and row.happens and row.kept for row in read_rows())


def test_the_document_is_what_rows_and_results_say() -> None:
    """After a change of a row or a test's name: ``python -m faults --show`` writes it again."""
    document = DOCUMENT.read_text("utf-8")
    assert document == soak_document.with_figures(replaced(document, BEGIN, END, rendered(read_rows(), read_results())))


def test_a_document_without_its_place_is_refused() -> None:
    with pytest.raises(ValueError, match="no place"):
        replaced("nothing here", BEGIN, END, "table")


def test_a_failed_and_a_missing_test_are_shown() -> None:
    assert "| not run |" in rendered([ROW], {})
    assert "| **failed** |" in rendered([ROW], {ROW.tests[0]: False})
    assert "| passed |" in rendered([ROW], {ROW.tests[0]: True})


def calls(folder: str) -> Iterator[tuple[str, str]]:
    """Yield file and called name of every call in the sources under ``folder``."""
    for path in sorted((ROOT / folder).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call):
                yield path.relative_to(ROOT).as_posix(), ast.unparse(node.func)


UNWATCHED = re.compile(r"(threading\.)?(Thread|Timer)|_thread\.start_new_thread|(QtCore\.)?QThread(\.create)?")
WATCHED_IN = "mile_desktop/channels/watched_thread.py"


def test_every_thread_is_watched() -> None:
    """A thread that fails unseen leaves everything that waits for it waiting: start a ``WatchedThread``."""
    bare = {file for file, name in calls("mile_desktop") if UNWATCHED.fullmatch(name)}
    assert bare == {WATCHED_IN}


def test_the_document_names_every_thread_and_what_depends_on_it() -> None:
    starting = {file for file, name in calls("mile_desktop") if name.rpartition(".")[2] == "WatchedThread"}
    _, _, section = DOCUMENT.read_text("utf-8").partition("## Threads and processes that something depends on")
    table = [line for line in section.partition("\n## ")[0].splitlines() if line.startswith("| ")]
    assert starting == {found[1] for line in table if (found := re.search(r"\| `(mile_desktop/\S+\.py)` \|", line))}


def sample(number: int, *, window_mb: float = 200.0, handles: int = 60, worker_mb: float = 400.0) -> Sample:
    at_s = EVERY_S * number
    worker = Figures(pid=2, age_s=at_s, memory_mb=worker_mb, threads=8, handles=20)
    window = Figures(pid=1, age_s=at_s, memory_mb=window_mb, threads=12, handles=handles)
    return Sample(at_s, window, widgets=2000, processes=9, blocks=11, children={"worker": worker})


def test_a_soak_in_which_nothing_grows_passes() -> None:
    assert grown([sample(number) for number in range(200)]) == []


def test_a_soak_names_what_grew() -> None:
    found = grown([sample(number, window_mb=200.0 + 0.2 * number, handles=60 + number) for number in range(200)])
    assert [text.partition(":")[0] for text in found] == ["window", "window"]
    assert "handles" in found[1]
    leak = grown([sample(number, worker_mb=400.0 + 0.5 * number) for number in range(200)])
    assert [text[:11] for text in leak] == ["worker: 3.0"]


def test_a_child_that_is_started_again_and_again_at_the_same_size_does_not_grow() -> None:
    samples = []
    for number in range(300):
        age_s = EVERY_S * (number % 60)
        worker = Figures(number // 60, age_s, 400.0 + min(age_s, 100.0), 8, 20)
        samples.append(Sample(EVERY_S * number, worker, 2000, 9, 11, {"worker": worker}))
    assert not [text for text in grown(samples) if "worker" in text]
