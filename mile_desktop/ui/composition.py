"""Builds the whole window; the only module that knows every page. The program and the tests both use it."""

from collections.abc import Callable
from dataclasses import dataclass

from mile_desktop.evaluation.pool import WorkerTarget
from mile_desktop.processes import evaluation_worker, rollout_worker, viewer
from mile_desktop.rollout.messages import LoadSession
from mile_desktop.ui.application import Application
from mile_desktop.ui.cameras.controller import CamerasController
from mile_desktop.ui.devices.controller import DevicesController
from mile_desktop.ui.evaluate.controller import EvaluateController
from mile_desktop.ui.guide.controller import GuideController
from mile_desktop.ui.inspect.alike_controller import AlikeController
from mile_desktop.ui.inspect.controller import InspectController
from mile_desktop.ui.inspect.dataset_controller import DatasetController
from mile_desktop.ui.inspect.moments_controller import MomentsController
from mile_desktop.ui.inspect.replay_controller import ReplayController
from mile_desktop.ui.inspect.scorecard.controller import ScorecardController
from mile_desktop.ui.learn.calibration_controller import CalibrationController
from mile_desktop.ui.learn.controller import RetrainController
from mile_desktop.ui.learn.data_controller import DataController
from mile_desktop.ui.learn.explanation_controller import ExplanationController
from mile_desktop.ui.learn.forecast_refitter import ForecastRefitter
from mile_desktop.ui.learn.generation_controller import GenerationController
from mile_desktop.ui.policies.controller import PoliciesController
from mile_desktop.ui.robots.controller import RobotsController
from mile_desktop.ui.scenes.controller import ScenesController
from mile_desktop.ui.settings.controller import SettingsController
from mile_desktop.ui.shell.close_question import ask_to_close
from mile_desktop.ui.shell.preferences import PreferenceStore
from mile_desktop.ui.study.controller import StudyController
from mile_desktop.ui.supervise.controller import SuperviseController


@dataclass(frozen=True, slots=True)
class Composition:
    """The window and the controllers behind its pages; all of them belong to ``application``."""

    application: Application
    supervise: SuperviseController
    devices: DevicesController
    settings: SettingsController
    retrain: RetrainController
    calibration: CalibrationController
    generation: GenerationController
    forecast: ForecastRefitter
    inspect: InspectController
    moments: MomentsController
    scorecard: ScorecardController
    replay: ReplayController
    alike: AlikeController
    datasets: DatasetController
    cameras: CamerasController
    evaluate: EvaluateController
    policies: PoliciesController
    robots: RobotsController
    scenes: ScenesController
    guide: GuideController
    study: StudyController

    def may_close(self) -> bool:
        """Ask once about everything that runs; return whether the window may close.

        Nothing is ended before the answer. The robot holds while the question is open, because the question covers the
        window, and goes on only when a person resumes it.
        """
        parts = (
            self.supervise,
            self.evaluate,
            self.retrain,
            self.calibration,
            self.generation,
            self.policies,
            self.datasets,
            self.study,
        )
        running = [work for part in parts if (work := part.running_work()) is not None]
        if not running:
            return True
        self.supervise.pause(True)
        closes = ask_to_close(self.application.window, running)
        if not closes:
            self.supervise.pause(False)
        return closes


def compose(
    preferences: PreferenceStore,
    *,
    plan: LoadSession | None = None,
    worker: Callable[..., None] = rollout_worker,
    viewer_target: Callable[..., None] = viewer,
    evaluation_target: WorkerTarget = evaluation_worker,
    early: bool = False,
) -> Composition:
    """Build the window with all its pages; nothing runs before ``application.start``, except with ``early``.

    Parameters
    ----------
    preferences, plan
        Remembered choices, and what to load at the start in place of them.
    worker, viewer_target, evaluation_target, early
        Entry points of the processes, see ``processes``; ``early``: the worker starts before the pages are built.
    """
    application = Application(preferences, plan=plan, worker=worker, viewer_target=viewer_target)
    if early:
        # It imports for seconds, on another core. What it sends is read in Qt's event loop, when all is connected.
        application.worker.start()
    supervise = SuperviseController(application)
    inspect = InspectController(application)
    retrain = RetrainController(application)
    parts = Composition(
        application=application,
        supervise=supervise,
        devices=DevicesController(application),
        settings=SettingsController(application),
        retrain=retrain,
        calibration=CalibrationController(application),
        generation=GenerationController(application, retrain.panel.data),
        forecast=ForecastRefitter(application),
        inspect=inspect,
        moments=MomentsController(application, inspect),
        scorecard=ScorecardController(application, inspect),
        replay=ReplayController(application, inspect),
        alike=AlikeController(application, inspect),
        datasets=DatasetController(application, inspect),
        cameras=CamerasController(application, supervise.page.view),
        evaluate=EvaluateController(application, worker=evaluation_target, viewer_target=viewer_target),
        policies=PoliciesController(application),
        robots=RobotsController(application),
        scenes=ScenesController(application),
        guide=GuideController(application),
        study=StudyController(application),
    )
    _connect_pages(parts)
    return parts


def _connect_pages(parts: Composition) -> None:
    """Connect pages with each other, which do not know each other."""
    window, supervise = parts.application.window, parts.supervise.page
    # Both report to parts of the panel; nothing else needs them, and the application owns them.
    DataController(parts.application, parts.retrain.panel.data)
    ExplanationController(parts.application, parts.retrain.panel)
    window.set_panel(parts.retrain.panel)
    parts.retrain.panel.add_part(parts.calibration.part)
    parts.retrain.panel.add_part(parts.generation.part)
    parts.retrain.panel.data.place_requested.connect(parts.inspect.open_at)
    parts.retrain.panel.explanation.place_requested.connect(parts.inspect.open_at)
    parts.retrain.trainer.event_read.connect(parts.guide.follow_training)
    parts.retrain.trainer.running_changed.connect(parts.guide.follow_running)
    parts.retrain.panel.keep_requested.connect(parts.guide.follow_choice)
    parts.supervise.driving_help.explained.connect(parts.devices.page.show_driving)
    supervise.pictures.cameras_asked.connect(parts.cameras.open_dialog)
    supervise.add_above_transport(parts.robots.bar)
    supervise.add_above_transport(parts.study.bar)
    parts.study.session_changed.connect(parts.guide.pause)
    parts.study.view_changed.connect(supervise.guide)
    parts.study.view_changed.connect(parts.supervise.words.guide)
    parts.robots.bar.checklist_changed.connect(supervise.controls.wait_for_start)
    parts.robots.bar.link_changed.connect(supervise.show_link)
    parts.robots.scene_drawn_changed.connect(supervise.view.set_scene_shown)
    parts.robots.cameras_connected.connect(parts.cameras.live.connect_robot)
    parts.robots.cameras_disconnected.connect(parts.cameras.live.disconnect_robot)
    for source in (supervise.strips, parts.inspect.page.timeline):
        source.moment_chosen.connect(parts.moments.show_moment)
    parts.policies.evaluation_requested.connect(parts.evaluate.prepare)
    parts.policies.evaluations_requested.connect(parts.evaluate.show_history_of)
    parts.policies.episodes_requested.connect(parts.inspect.search_for)
    # Connected last, so that it is called last: the pages remember their layouts when the window closes.
    window.closing.connect(parts.application.preferences.save)
