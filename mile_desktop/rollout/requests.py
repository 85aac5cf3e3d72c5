"""What each request of an operator asks of the rollout loop."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from mile_desktop.operators.operator import OperatorRequest
from mile_desktop.rollout.messages import CameraRequest, Event
from mile_desktop.rollout.phases import Phase

if TYPE_CHECKING:
    from mile_desktop.rollout.loop import RolloutLoop


def heed_request(loop: "RolloutLoop", request: OperatorRequest, publish: Callable[[Event], None]) -> None:
    """Do what the operator asks; requests for the window are passed on."""
    match request:
        case OperatorRequest.STOP:
            loop.stop()
        case OperatorRequest.START if loop.supervision.phase is Phase.STOPPED:
            loop.reset()
        case OperatorRequest.START:
            loop.start()
        case OperatorRequest.TOGGLE_HOLD:
            loop.toggle_hold()
        case OperatorRequest.SUCCESS:
            loop.end_episode("success")
        case OperatorRequest.FAILURE:
            loop.end_episode("failure")
        case OperatorRequest.DISCARD:
            loop.discard_episode()
        case OperatorRequest.NEXT_CAMERA:
            publish(CameraRequest(direction=1))
        case OperatorRequest.PREVIOUS_CAMERA:
            publish(CameraRequest(direction=-1))
