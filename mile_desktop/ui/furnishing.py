"""What a desk is furnished with beyond supervision: learning, inspecting, evaluating, cameras, robots."""

from mile_desktop.ui.calibrating import Calibrating
from mile_desktop.ui.cameras.cameras import Cameras
from mile_desktop.ui.cameras.replaying import Replaying
from mile_desktop.ui.desk import Desk
from mile_desktop.ui.evaluating import Evaluating
from mile_desktop.ui.foreseeing import Foreseeing
from mile_desktop.ui.inspect.inspecting import Inspecting
from mile_desktop.ui.inspect.scorecard_keeping import ScorecardKeeping
from mile_desktop.ui.policies.keeping import PolicyKeeping
from mile_desktop.ui.retraining import Retraining
from mile_desktop.ui.robots.robots import Robots


def furnish(desk: Desk) -> Retraining:
    """Add every page and part to ``desk``, which owns them from then on; return what trains."""
    retraining = Retraining(desk)
    desk.window.set_panel(retraining.panel)
    retraining.panel.add_part(Calibrating(desk).part)
    Foreseeing(desk)
    inspecting = Inspecting(desk)
    ScorecardKeeping(desk, inspecting)
    Replaying(desk, inspecting)
    cameras = Cameras(desk)
    PolicyKeeping(desk, Evaluating(desk)).episodes_asked.connect(inspecting.search_for)
    Robots(desk, cameras.live)
    desk.window.closing.connect(retraining.leave)
    return retraining
