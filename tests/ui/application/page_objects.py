"""What a person reads and presses on the pages; the only place where these tests touch private parts of pages."""

from mile_desktop.evaluation.run import EvaluationRun
from mile_desktop.ui.evaluate.controller import EvaluateController
from mile_desktop.ui.learn.calibration_card import CalibrationPart
from mile_desktop.ui.learn.page import LearnPanel
from mile_desktop.ui.widgets.policy_results import EpisodeRow, PolicyResults


class EvaluateScreen:
    """The Evaluate page of a window."""

    def __init__(self, controller: EvaluateController) -> None:
        self.controller = controller
        self.page = controller.page

    # ── what is read ─────────────────────────────────────────────────────────────────────────────────────────────

    @property
    def offered(self) -> list[str]:
        policies = self.page.setup._policies
        return [policies.item(row).text() for row in range(policies.count())]

    @property
    def can_start(self) -> bool:
        return self.page.setup._run.isEnabled()

    @property
    def results(self) -> tuple[PolicyResults, ...]:
        return self.page.results._model.rows

    @property
    def rates(self) -> dict[str, str]:
        return {row.name: row.success_text for row in self.results}

    @property
    def episodes(self) -> tuple[EpisodeRow, ...]:
        return self.page.episodes._model.rows

    @property
    def past_count(self) -> int:
        return len(self.page.history._model.rows)

    @property
    def past_policies(self) -> set[str]:
        shown = self.page.history._filter
        return {shown.index(row, 1).data() for row in range(shown.rowCount())}

    @property
    def can_stop_watching(self) -> bool:
        return self.page.episodes._stop.isEnabled()

    @property
    def is_watching(self) -> bool:
        return self.controller._watch_controller.watched is not None

    @property
    def has_running_episode(self) -> bool:
        run: EvaluationRun | None = self.controller._run
        return run is not None and bool(run.running)

    @property
    def worker_pid(self) -> int:
        assert self.controller._pool is not None
        return self.controller._pool.pids[0]

    # ── what is pressed ──────────────────────────────────────────────────────────────────────────────────────────

    def press_cancel(self) -> None:
        self.page.setup._cancel.click()

    def press_watch(self) -> None:
        self.page.episodes._watch.click()

    def press_show_together(self) -> None:
        self.page.history.table.selectAll()
        self.page.history._show.click()

    def search_history(self, text: str) -> None:
        self.page.history._text.setText(text)


class LearnScreen:
    """The Learn panel of a window, with its calibration part."""

    def __init__(self, panel: LearnPanel, calibration: CalibrationPart) -> None:
        self.panel = panel
        self.calibration = calibration

    @property
    def facts(self) -> str:
        return "\n".join(line.text() for line in self.panel._lines)

    @property
    def stage(self) -> str:
        return self.panel._run.stage

    @property
    def trained_policy(self) -> str:
        trained = self.panel._run.trained
        return trained.policy if trained else ""

    @property
    def calibration_note(self) -> str:
        return self.calibration.note.text()

    def press_retrain(self) -> None:
        self.panel._retrain.click()

    def press_cancel(self) -> None:
        self.panel._cancel.click()

    def press_calibrate(self) -> None:
        self.calibration.button.click()

    def press_use_calibration(self) -> None:
        self.calibration.card._use.click()

    def press_undo_calibration(self) -> None:
        self.calibration.back.click()
