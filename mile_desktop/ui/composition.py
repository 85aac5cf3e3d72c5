"""What a desk is furnished with beyond supervision: learning, inspecting, evaluating, cameras, robots."""

from mile_desktop.ui.application import Application
from mile_desktop.ui.cameras.controller import Cameras
from mile_desktop.ui.cameras.replay_controller import ReplayController
from mile_desktop.ui.evaluate.controller import EvaluateController
from mile_desktop.ui.inspect.controller import InspectController
from mile_desktop.ui.inspect.scorecard.controller import ScorecardController
from mile_desktop.ui.learn.calibration_controller import CalibrationController
from mile_desktop.ui.learn.controller import RetrainController
from mile_desktop.ui.learn.forecast_refitter import ForecastRefitter
from mile_desktop.ui.policies.controller import PoliciesController
from mile_desktop.ui.robots.controller import Robots


def compose(application: Application) -> RetrainController:
    """Add every page and part to ``application``, which owns them from then on; return what trains."""
    retraining = RetrainController(application)
    application.window.set_panel(retraining.panel)
    retraining.panel.add_part(CalibrationController(application).part)
    ForecastRefitter(application)
    inspecting = InspectController(application)
    ScorecardController(application, inspecting)
    ReplayController(application, inspecting)
    cameras = Cameras(application)
    PoliciesController(application, EvaluateController(application)).episodes_requested.connect(inspecting.search_for)
    Robots(application, cameras.live)
    application.window.closing.connect(retraining.leave)
    return retraining
