import pytest

from mile_desktop.learning.progress import Cancelled, Failed, Finished, Progress
from mile_desktop.rollout.messages import EpisodeClosed, PolicyAccepted
from mile_desktop.rollout.phases import Phase
from mile_desktop.ui.guide.model import STEPS, GuideModel
from tests.ui.supervise.examples import status, taken

NAMES = [step.name for step in STEPS]


def at(name: str) -> GuideModel:
    """Return a guide whose present step is ``name``, in an episode."""
    model = GuideModel()
    model.follow_status(status())
    while model.step and model.step.name != name:
        model.skip()
    return model


def name_of(model: GuideModel) -> str:
    return model.step.name if model.step else ""


def closed(**changes: object) -> EpisodeClosed:
    fields: dict[str, object] = {"episode_id": "e", "outcome": "success", "steps": 99, "takeovers": 1, "human_steps": 9}
    return EpisodeClosed(**fields | changes)  # type: ignore[arg-type]


def test_every_step_is_noticed_by_what_happens() -> None:
    model, seen = GuideModel(), []
    model.follow_status(status())
    for act in (
        lambda: [model.follow_step(taken(step)) for step in range(40)],
        lambda: [model.follow_step(taken(step, intervention=True)) for step in range(40, 50)],
        lambda: [model.follow_status(status(phase=phase)) for phase in (Phase.TAKEOVER, Phase.AUTONOMOUS)],
        lambda: model.follow_status(status(phase=Phase.HOLD, reason="Rewound to step 12")),
        lambda: model.follow_episode(closed()),
        lambda: model.follow_training(Finished(policy="p", method="mile", loss=0.1)),
        lambda: model.follow_choice(PolicyAccepted(policy="p")),
    ):
        seen.append(name_of(model))
        act()
    assert seen == NAMES
    assert model.step is None
    assert model.text == ""


def test_a_tap_is_no_takeover() -> None:
    model = at("take over")
    for phase in (Phase.TAKEOVER, Phase.AUTONOMOUS):
        model.follow_status(status(phase=phase))
    model.follow_step(taken(0, intervention=True))
    assert name_of(model) == "take over"


def test_who_takes_over_at_once_need_not_watch_first() -> None:
    model = GuideModel()
    model.follow_status(status())
    for step in range(10):
        model.follow_step(taken(step, intervention=True))
    assert name_of(model) == "hand back"


def test_the_steps_of_a_simulated_supervisor_do_not_count() -> None:
    model = at("take over")
    for phase in (Phase.TAKEOVER, Phase.AUTONOMOUS):
        model.follow_status(status(phase=phase, operator="segment"))
        for step in range(10):
            model.follow_step(taken(step, intervention=phase is Phase.TAKEOVER))
    assert name_of(model) == "take over"


@pytest.mark.parametrize("episode", [closed(discarded=True)])
def test_a_discarded_episode_is_not_saved(episode: EpisodeClosed) -> None:
    model = at("save")
    model.follow_episode(episode)
    assert name_of(model) == "save"


def test_an_early_success_leaves_the_later_steps_to_do() -> None:
    model = at("take over")
    model.follow_episode(closed())
    model.skip()
    model.skip()
    model.skip()
    assert name_of(model) == "save"


def test_without_an_episode_the_text_says_how_to_start_one() -> None:
    model = GuideModel()
    model.follow_status(status(phase=Phase.IDLE))
    assert model.text == "Press Start (on the pad, or Ctrl + Enter)."
    model.follow_step(taken(0))
    assert model.text == "The episode has ended. Press Start (on the pad, or Ctrl + Enter)."
    model.follow_status(status(phase=Phase.STOPPED))
    assert model.text == "The robot is stopped. Press Reset (Ctrl + R)."


def test_the_texts_name_the_device_in_use() -> None:
    model = at("take over")
    assert model.text.startswith("Hold RB and drive. Left stick moves")
    model.follow_status(status(operator="keyboard", device="Keyboard", instruction="hold Space"))
    assert model.text.startswith("Hold Space and drive. W A S D")


@pytest.mark.parametrize("device", [{}, {"operator": "keyboard", "device": "Keyboard", "instruction": "hold Space"}])
@pytest.mark.parametrize("phase", [Phase.IDLE, Phase.AUTONOMOUS, Phase.HOLD, Phase.TAKEOVER])
def test_every_text_fits_one_line_of_a_small_screen(device: dict[str, str], phase: Phase) -> None:
    for name in NAMES:
        model = at(name)
        model.follow_status(status(phase=phase, **device))
        # A second line would move the view under the eyes of the person. 1366 pixels have room for 115 letters.
        assert len(model.text) <= 112, model.text


def test_with_a_pad_the_texts_name_its_controls() -> None:
    pad, keys = {"phase": Phase.HOLD}, {"phase": Phase.HOLD, "operator": "keyboard", "device": "Keyboard"}
    wanted = {"rewind": (pad, "Hold LB for a second"), "save": (pad, "Press Y to go on.")}
    for name, (changes, begin) in wanted.items():
        model = at(name)
        model.follow_status(status(**changes))
        assert model.text.startswith(begin)
    model = at("save")
    assert "A success, B failure" in model.text
    model.follow_status(status(**keys))
    assert "Press H to go on" in model.text
    assert "Enter success, Backspace failure" in model.text
    model = at("rewind")
    model.follow_status(status(phase=Phase.IDLE))
    assert model.text.endswith("Press Start (on the pad, or Ctrl + Enter).")


def test_a_training_shows_its_progress_and_a_failure_can_be_tried_again() -> None:
    model = at("retrain")
    assert "Ctrl + T" in model.text
    model.follow_running(True)
    assert model.text == "The training begins …"
    model.follow_training(Progress(stage="policy", fraction=0.42))
    assert "42 %" in model.text
    for event in (Failed(text="The disk is full."), Cancelled()):
        model.follow_training(event)
        assert model.text.startswith("The training has ended without a policy. Press Retrain again")
    assert name_of(model) == "retrain"


def test_a_policy_chosen_before_the_training_does_not_count() -> None:
    model = at("retrain")
    model.follow_choice()
    model.skip()
    assert name_of(model) == "use"
