"""Runs a study in the window: overview for the experimenter, one step after the other for the participant."""

from pathlib import Path

from PySide6.QtCore import QObject, QTimer, Signal
from PySide6.QtWidgets import QInputDialog

from mile_desktop.errors import UserError
from mile_desktop.rollout import messages as m
from mile_desktop.study.block import condition_of, view_of
from mile_desktop.study.folder import StudyFolder
from mile_desktop.study.names import StudyFileError
from mile_desktop.study.plan import PlannedStep, progress_text, questionnaire_of
from mile_desktop.study.questionnaires import AnswerError
from mile_desktop.study.session import ParticipantSession
from mile_desktop.ui.application import Application
from mile_desktop.ui.shell.close_question import RunningWork
from mile_desktop.ui.shell.page_refresh import PageRefresh
from mile_desktop.ui.study.bar import ExperimenterMenu, StudyBar
from mile_desktop.ui.study.episode_runner import StudyEpisodeRunner
from mile_desktop.ui.study.model import episode_prompt, overview
from mile_desktop.ui.study.page import StudyPage
from mile_desktop.ui.study.results_controller import ResultsController
from mile_desktop.ui.study.retraining_controller import RetrainingController
from mile_desktop.ui.study.withdrawal_controller import WithdrawalController
from mile_desktop.ui.workspace_session import WorkspaceSession

_PAGES = frozenset({"study", "supervise"})
_SECOND_MS = 1000
_REST_MS = 200


class StudyController(QObject):
    """Owns the Study page and the line of a study under the view; everything runs on the window's thread."""

    view_changed = Signal(object)
    """What the participant may see: a ``ParticipantView``, or None for everything."""
    session_changed = Signal(bool)
    """A session begins (True) or is over: parts of the window that are not for a participant go and come back."""
    step_shown = Signal(object)
    """The ``PlannedStep`` that waits for the participant now; None: the session is over."""

    def __init__(self, application: Application) -> None:
        super().__init__(application)
        self._application = application
        self.study: StudyFolder | None = None
        self.session: ParticipantSession | None = None
        self.page = StudyPage()
        self.bar = StudyBar()
        self.runner = StudyEpisodeRunner(application)
        self.results = ResultsController(application, self.page.overview)
        self.retraining = RetrainingController(application, self.bar, self.runner, self.results)
        self.withdrawal = WithdrawalController(application, self.results, self)
        self._rest_s = 0
        self._rest = QTimer(self)
        self._rest.setInterval(_SECOND_MS)
        self._rest.timeout.connect(self._count_down)
        application.window.add_page("study", self.page)
        self._refresh = PageRefresh(application.window, "study", self._show, self)
        self._connect()

    def _connect(self) -> None:
        application, page, overview_panel = self._application, self.page, self.page.overview
        application.workspace_opened.connect(self._workspace_opened)
        application.episodes_changed.connect(self._refresh.mark_stale)
        page.setup.create_asked.connect(self.create)
        page.setup.open_asked.connect(self._open)
        overview_panel.new_asked.connect(self.add_participant)
        overview_panel.run_asked.connect(self.run)
        overview_panel.withdraw_asked.connect(self.withdrawal.ask)
        self.withdrawal.erasing.connect(self._erasing)
        self.withdrawal.erased.connect(self._show)
        page.session.went_on.connect(self._went_on)
        page.session.declined.connect(self._declined)
        page.session.answered.connect(self._answered)
        self.bar.begin_asked.connect(self._begin)
        self.runner.changed.connect(self._show_prompt)
        self.runner.counted.connect(self._advance)
        self.retraining.ended.connect(self._advance)
        for menu in (page.menu, self.bar.menu):
            self._connect_menu(menu)

    def _connect_menu(self, menu: ExperimenterMenu) -> None:
        menu.paused.connect(self._pause)
        menu.practice_again.connect(self._practise_again)
        menu.practice_passed.connect(self._pass_practice)
        menu.training_skipped.connect(self.retraining.skip)
        menu.noted.connect(self._ask_note)
        menu.left.connect(self.leave)
        menu.aborted.connect(self._ask_reason)
        menu.withdrawn.connect(self._ask_withdrawal)

    def running_work(self) -> RunningWork | None:
        """Return the open session, for the question before the window closes."""
        if self.session is None:
            return None
        return RunningWork(f"The session of {self.session.code} is open. It can go on later at the same step.")

    # ── studies ──────────────────────────────────────────────────────────────────────────────────────────────────

    def create(self, folder: str, protocol: str) -> None:
        """Make a study and open it."""
        if not folder:
            self.page.setup.show_problem("Choose a folder for the study first.")
            return
        try:
            made = StudyFolder.create(Path(folder), protocol)
        except UserError as error:
            self.page.setup.show_problem(str(error))
            return
        self.page.setup.show_problem("")
        self._application.open_workspace(made.folder)

    def _open(self, folder: str) -> None:
        if not StudyFolder.is_study(Path(folder)):
            self.page.setup.show_problem(f"{folder} is no study; choose the folder that was made with the protocol.")
            return
        self.page.setup.show_problem("")
        self._application.open_workspace(Path(folder))

    def _workspace_opened(self, workspace: WorkspaceSession) -> None:
        self.study = None
        self.results.use_study(None)
        self.withdrawal.use_study(None)
        if StudyFolder.is_study(workspace.folder):
            with self._application.errors_shown():
                self.study = StudyFolder(workspace.folder)
                self.results.use_study(workspace.folder)
                self.withdrawal.use_study(self.study)
        self._refresh.mark_stale()

    def _show(self) -> None:
        """Show what is open now, unless a participant sits there."""
        if self.session is not None:
            return
        if self.study is None:
            self.page.show_setup()
            return
        with self._application.errors_shown():
            self.page.show_overview(overview(self.study))

    # ── a session ────────────────────────────────────────────────────────────────────────────────────────────────

    def add_participant(self) -> None:
        """Add a participant and begin the session."""
        if self.study is None or self._application.is_busy("A session can begin when the episode has ended."):
            return
        with self._application.errors_shown():
            self.run(self.study.add_participant().code)

    def run(self, code: str) -> None:
        """Begin a session, or go on where it was interrupted."""
        workspace = self._application.workspace
        if self.study is None or workspace is None or self.session is not None:
            return
        if self._application.is_busy("A session can begin when the episode has ended."):
            return
        with self._application.errors_shown():
            session = ParticipantSession(self.study, code)
            # What a killed worker left becomes an episode first, and a whole one counts.
            self._application.recover_episodes()
            session.settle(workspace.catalogue)
            self.session = session
            self.runner.begin_session(session)
            self.retraining.begin_session(session)
            self._application.window.limit_pages(_PAGES)
            self.session_changed.emit(True)
            self._advance()

    def leave(self) -> None:
        """Leave the session; it can be continued later. While an episode runs, it has to end first."""
        if self.session is None:
            return
        if self._application.in_episode:
            self._application.window.say("warning", "An episode is running: stop it first, then leave the session.")
            return
        self._end_session()

    def _end_session(self) -> None:
        """Give the window back to the experimenter."""
        self._rest.stop()
        self.session = None
        self.runner.begin_session(None)
        self.retraining.begin_session(None)
        self.view_changed.emit(None)
        self.bar.show_prompt(None)
        self._application.window.limit_pages(frozenset())
        self.session_changed.emit(False)
        self._application.window.show_page("study")
        self._supervise_freely()
        self._show()

    def _supervise_freely(self) -> None:
        """Load the scene without the study: with the promoted policy, and the alarm as the preferences say."""
        if self.session is not None:
            return
        if self._application.in_episode:
            # The stop of a session that ends early is on its way; nothing can be loaded before.
            QTimer.singleShot(_REST_MS, self, self._supervise_freely)
        else:
            self._application.load_scene(self._application.scene)

    def _advance(self) -> None:
        """Show the next step of the session."""
        session = self.session
        if session is None:
            return
        self._rest.stop()
        step = session.step
        if step is not None and self.runner.time_is_over(step):
            with self._application.errors_shown():
                session.cut_block("The time of the block was over.")
            step = session.step
        if step is None:
            self.step_shown.emit(None)
            code = session.code
            self.leave()
            self._application.window.say("success", f"The session of {code} is finished. Everything is saved.")
            return
        if step.kind in {"episode", "practice", "training"}:
            self._show_episode(session, step)
        else:
            self._show_reading(session, step)
        self.step_shown.emit(step)

    def _show_reading(self, session: ParticipantSession, step: PlannedStep) -> None:
        view, texts = self.page.session, session.protocol.texts
        self.bar.show_prompt(None)
        match step.kind:
            case "consent":
                view.show_text(texts.consent, consent=True)
            case "instructions":
                view.show_text(texts.instructions, button="I have read this")
            case "break":
                view.show_text(f"# A break\n\n{step.text}")
                # Nobody waits for a simulated person.
                self._rest_s = 0 if self.runner.person is not None else round(60 * step.minutes)
                if self._rest_s:
                    self._rest.start()
                    self._count_down()
            case "questionnaire":
                view.ask(questionnaire_of(session.protocol, step))
            case _:
                view.show_text(texts.debriefing, button="End of the session")
        self.page.show_session(progress_text(session.protocol, step))
        self._application.window.show_page("study")

    def _show_episode(self, session: ParticipantSession, step: PlannedStep) -> None:
        self.bar.offer_without_training(offered=step.kind == "training")
        if step.kind == "training":
            self.retraining.train()
        else:
            self.view_changed.emit(view_of(condition_of(session, step)))
            self.runner.prepare(step)
        self._application.window.show_page("supervise")

    def _show_prompt(self) -> None:
        session = self.session
        step = session.step if session is not None else None
        if session is None or step is None or step.kind not in {"episode", "practice"}:
            return
        state = self.runner.state.value
        self.bar.show_prompt(episode_prompt(session, step, "running" if state == "starting" else state))

    def _begin(self) -> None:
        """Do what the button in the line under the view says."""
        if self.retraining.step is not None:
            self.retraining.train()
        else:
            self.runner.begin_episode()

    # ── the participant ──────────────────────────────────────────────────────────────────────────────────────────

    def _went_on(self) -> None:
        session = self.session
        step = session.step if session is not None else None
        if session is None or step is None:
            return
        with self._application.errors_shown():
            if step.kind == "consent":
                session.consent()
            else:
                session.go_on()
            self._advance()

    def _declined(self) -> None:
        if self.session is not None:
            with self._application.errors_shown():
                self.session.decline()
            self.leave()

    def _answered(self, answers: dict[str, int | str | None]) -> None:
        if self.session is None:
            return
        try:
            self.session.answer(answers)
        except AnswerError as error:
            self.page.session.show_problem(str(error))
            return
        except (UserError, StudyFileError) as error:
            self._application.show_error(error)
            return
        self._advance()

    def _count_down(self) -> None:
        button = self.page.session.go_on
        button.setEnabled(self._rest_s <= 0)
        minutes, seconds = divmod(max(0, self._rest_s), 60)
        button.setText("Go on" if self._rest_s <= 0 else f"Go on in {minutes}:{seconds:02d}")
        if self._rest_s <= 0:
            self._rest.stop()
        self._rest_s -= 1

    # ── the experimenter ─────────────────────────────────────────────────────────────────────────────────────────

    def _pause(self) -> None:
        if self.session is None:
            return
        if self._application.in_episode:
            self._application.worker.send(m.ToggleHold())
        elif self._rest.isActive():
            self._rest_s = 0  # the experimenter ends the break
        with self._application.errors_shown():
            self.session.note("", "pause")

    def _practise_again(self) -> None:
        self._change_practice(again=True)

    def _pass_practice(self) -> None:
        self._change_practice(again=False)

    def _change_practice(self, *, again: bool) -> None:
        if self.session is None or self._application.is_busy("Wait until the episode has ended."):
            return
        with self._application.errors_shown():
            if again:
                self.session.practise_again()
            else:
                self.session.pass_practice("")
            self._advance()

    def _ask_note(self) -> None:
        self._ask_line("Note of the experimenter", "Write no names.", self._note)

    def _note(self, text: str) -> None:
        if self.session is not None and text.strip():
            with self._application.errors_shown():
                self.session.note(text.strip())

    def _ask_reason(self) -> None:
        self._ask_line("End the session early", "Reason. What was recorded is kept.", self.abort)

    def abort(self, reason: str) -> None:
        """End the session early; the running episode is stopped."""
        session = self.session
        if session is None:
            return
        with self._application.errors_shown():
            # First: the robot must not go on because the reason cannot be written.
            self._application.stop_episode()
            session.abort(reason)
            self._end_session()

    def _ask_line(self, title: str, label: str, done: object) -> None:
        """Ask for a line of text; the robot holds meanwhile, because the question covers the window."""
        worker = self._application.worker
        dialog = QInputDialog(self._application.window)
        dialog.setWindowTitle(title)
        dialog.setLabelText(label)
        dialog.textValueSelected.connect(done)
        dialog.finished.connect(lambda _: worker.send(m.PauseRobot(paused=False)))
        dialog.finished.connect(dialog.deleteLater)
        worker.send(m.PauseRobot(paused=True))
        dialog.open()

    def _ask_withdrawal(self) -> None:
        if self.session is not None:
            self.withdrawal.ask(self.session.code)

    def _erasing(self, code: str) -> None:
        if self.session is not None and self.session.code == code:
            self._end_session()
