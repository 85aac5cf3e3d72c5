"""The Policies page of the whole window and a real workspace: names, archive, export and import."""

from pathlib import Path

import pytest

from mile_desktop.learning.progress import Progress
from mile_desktop.learning.run_log import RunLog
from mile_desktop.paths import bundled_models
from mile_desktop.policies.parcel import write_parcel
from mile_desktop.rollout.messages import LoadSession
from mile_desktop.storage.records import PolicyRecord
from mile_desktop.ui.policies.page import PoliciesPage
from tests.ui.application.conftest import OpenWindow
from tests.ui.application.live_window import LiveWindow
from tests.ui.ui_children import viewer, worker

PEG = "peg-insertion"


def a_policy(policy_id: str, name: str, parent: str | None = None, run_id: str | None = None) -> PolicyRecord:
    return PolicyRecord(policy_id, PEG, name, "mile", parent, run_id, f"2026-11-2{name[1]}T08:00:00+00:00", {}, ())


@pytest.fixture(scope="module")
def started(open_window: OpenWindow, tmp_path_factory: pytest.TempPathFactory) -> LiveWindow:
    folder = tmp_path_factory.mktemp("keeping")
    started = open_window(
        folder, LoadSession(workspace=str(folder / "workspace"), scene=PEG, policy="p1"), worker, viewer_target=viewer
    )
    write_parcel(bundled_models(PEG) / "initial", started.workspace.workspace.policy_folder("p1"))
    with RunLog(started.workspace.workspace.run_folder("r1")) as log:
        for epoch, loss in enumerate((3.0, 2.0, 1.5), 1):
            log.event(Progress(stage="policy", fraction=epoch / 3, epoch=epoch, losses={"total": loss}))
    for record in (a_policy("p0", "v0"), a_policy("p1", "v1", "p0", "r1"), a_policy("p2", "v2", "p1")):
        started.workspace.catalogue.add_policy(record)
    started.until(lambda: started.application.worker.session is not None)
    started.application.refresh_policies()
    return started


@pytest.fixture
def page(started: LiveWindow) -> PoliciesPage:
    started.forget()
    started.window.show_page("policies")
    return started.parts.policies.page


def names(page: PoliciesPage) -> list[str]:
    return [entry.name for entry in page._model.entries]


def test_the_policy_in_use_is_selected_with_its_curve(started: LiveWindow, page: PoliciesPage) -> None:
    assert names(page) == ["v2", "v1", "v0"]
    assert page.selected is not None
    assert page.selected.entry.name == "v1"
    assert page.about._curves.plots["total"].series[0].points == ((1.0, 3.0), (2.0, 2.0), (3.0, 1.5))
    assert page._model.lanes[1].from_above == (0,)


def test_an_archived_policy_is_restored_by_one_click(started: LiveWindow, page: PoliciesPage) -> None:
    page.archive_requested.emit("p2", True)
    assert names(page) == ["v1", "v0"]
    started.choose("Undo")
    assert names(page) == ["v2", "v1", "v0"]
    page.archive_requested.emit("p1", True)
    assert started.said("v1 is in use")
    assert not started.workspace.catalogue.policy("p1").archived


def test_names_are_changed_and_duplicates_refused(started: LiveWindow, page: PoliciesPage) -> None:
    page.renamed.emit("p2", "steady")
    assert names(page)[0] == "steady"
    page.renamed.emit("p2", "v1")
    assert started.said("There is already a policy v1")
    page.renamed.emit("p2", "")
    assert started.said("1 to 40 characters")
    assert started.workspace.catalogue.policy("p2").name == "steady"
    page.note_changed.emit("p2", "for the corners")
    assert started.workspace.catalogue.policy("p2").note == "for the corners"


def test_an_exported_policy_is_imported_under_another_name(
    started: LiveWindow, page: PoliciesPage, tmp_path: Path
) -> None:
    archive = tmp_path / "out.zip"
    started.parts.policies.export_to("p1", str(archive))
    started.until(lambda: started.said("was exported to", str(archive), level="success"))
    page.dropped.emit(str(archive))
    started.until(lambda: started.said("v0-2 was imported", level="success"))
    assert page.selected is not None
    assert page.selected.entry.name == "v0-2"
    archive.write_bytes(b"no archive at all")
    page.dropped.emit(str(archive))
    started.until(lambda: started.said("out.zip is damaged", "copy it again", level="error"))


def test_the_comparison_leads_to_the_evaluate_page(started: LiveWindow, page: PoliciesPage) -> None:
    page.compare("p0", "p1")
    assert "no finished episode in common" in page.comparison.text()
    page.comparison._evaluate.click()
    assert started.window.page == "evaluate"
    assert set(started.parts.evaluate.page.setup.ticked) == {"p0", "p1"}


def test_training_episodes_are_found_by_a_search(started: LiveWindow, page: PoliciesPage) -> None:
    page.about.episodes_requested.emit("p1")
    assert started.window.page == "inspect"
    assert started.parts.inspect.page.episodes.filter.text == "learned-by:p1"
