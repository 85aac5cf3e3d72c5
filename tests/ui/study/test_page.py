"""The Study page without a worker: what it shows of a study, a questionnaire, a consent."""

from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from mile_desktop.study.folder import StudyFolder
from mile_desktop.study.protocol import find_protocol, read_protocol
from mile_desktop.study.questionnaires import TLX_ITEMS
from mile_desktop.study.session import ParticipantSession
from mile_desktop.ui.study.model import episode_prompt, overview
from mile_desktop.ui.study.page import StudyPage
from tests.study.conftest import SHORT

SHIPPED = read_protocol(find_protocol("takeover-prediction"))


@pytest.fixture
def page(themed: QApplication, qtbot: QtBot) -> StudyPage:
    made = StudyPage()
    qtbot.addWidget(made)
    made.resize(1100, 800)
    made.show()
    return made


@pytest.fixture
def study(tmp_path: Path) -> StudyFolder:
    (tmp_path / "p.toml").write_text(SHORT, encoding="utf-8")
    return StudyFolder.create(tmp_path / "study", str(tmp_path / "p.toml"))


def test_the_consent_needs_its_box(page: StudyPage, qtbot: QtBot) -> None:
    view = page.session
    view.show_text("# Text", consent=True)
    page.show_session("Before the first of 4 blocks")
    assert not view.go_on.isEnabled()
    view.agree.setChecked(True)
    with qtbot.waitSignal(view.went_on):
        view.go_on.click()
    # The next participant must not find the box ticked.
    view.show_text("# Text", consent=True)
    assert not view.agree.isChecked()
    assert not view.go_on.isEnabled()
    with qtbot.waitSignal(view.declined):
        view.decline.click()


def test_a_scale_that_was_not_touched_is_no_answer(page: StudyPage, qtbot: QtBot) -> None:
    view, asked = page.session, SHIPPED.questionnaires[0]
    view.ask(asked)
    form = view.form
    assert form is not None
    assert set(form.answers.values()) == {None}
    full: dict[str, int | str | None] = {**{item.name: 35 for item in TLX_ITEMS}, "trust": 6}
    form.fill(full)
    assert form.answers == full
    with qtbot.waitSignal(view.answered) as answered:
        view.go_on.click()
    assert answered.args == [full]


def test_the_overview_shows_participants_and_the_square(page: StudyPage, study: StudyFolder, qtbot: QtBot) -> None:
    study.add_participant()
    second = ParticipantSession(study, study.add_participant().code)
    second.consent()
    second.abort("felt unwell")
    page.show_overview(overview(study))
    panel = page.overview
    assert panel.square.item(1, 1).text() == "on"
    assert [panel.table.item(row, 2).text() for row in range(2)] == ["not begun", "ended early"]
    panel.table.selectRow(1)
    assert not panel.run.isEnabled()
    panel.table.selectRow(0)
    with qtbot.waitSignal(panel.run_asked) as asked:
        panel.run.click()
    assert asked.args == ["P01"]


def test_a_wrong_protocol_is_explained(page: StudyPage) -> None:
    page.setup.show_problem("p.toml: format: found 2, expected 1.")
    assert page.setup.problem.isVisible()
    page.setup.show_problem("")
    assert not page.setup.problem.isVisible()


def test_the_prompt_names_no_condition(study: StudyFolder) -> None:
    session = ParticipantSession(study, study.add_participant().code)
    for step in session.plan:
        if step.kind in {"episode", "practice", "training"}:
            for state in ("loading", "ready", "running", "saving", "again", "failed"):
                prompt = episode_prompt(session, step, state)
                assert not {"on", "off"} & set(f"{prompt.progress} {prompt.text}".replace(".", "").split())
                assert bool(prompt.button) == (state in {"ready", "again", "failed"})
