"""What an earlier build wrote opens as before: workspace, settings of people, and a scene folder of their own.

The fixture was written by the build before modules and names moved. It holds six closed episodes of button-press, one
left open by ``kill -9`` after 22 steps, three edits (one withdrawn), two policies, two intervention models, one run,
two evaluations, preferences, a camera, a pad profile, and a scene that imports modules under their old names.
"""

import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from mile_desktop.cameras.settings import CameraSettings
from mile_desktop.intervention.live_estimator import LiveEstimator
from mile_desktop.intervention.model import load_intervention_model
from mile_desktop.learning.pipeline import config as run_config
from mile_desktop.learning.progress import Finished, Warned
from mile_desktop.learning.run_log import read_events
from mile_desktop.operators.profile import load_profile
from mile_desktop.paths import SCENES_VARIABLE
from mile_desktop.policies.checkpoint import load_policy
from mile_desktop.scenes.environment import make_scene
from mile_desktop.scenes.experts import expert_flaws, load_expert
from mile_desktop.storage.catalogue import Catalogue
from mile_desktop.storage.edits import Trim, read_history
from mile_desktop.storage.episodes import read_episode, read_recording
from mile_desktop.storage.recovery import recover
from mile_desktop.storage.workspace import Workspace
from mile_desktop.ui.cameras.camera_store import CameraStore
from mile_desktop.ui.shell.preferences import load

BUNDLED = "button-press-initial-6138a957"
TRAINED = "policy-20261130-032259-777025-7027"
RUN = "run-20261130-032258-326872-d0ad"
MODELS = ("intervention-20261130-032259-777711-7eba", "intervention-20261130-032318-414352-b797")
RELABELLED = "ep-20261130-032240-644837-6496"
NOTED = "ep-20261130-032240-734134-6ce3"
TRIM_WITHDRAWN = "ep-20261130-032240-946811-f9b3"
UNTOUCHED = "ep-20261130-032241-019143-5409"
WATCHED = "ep-20261130-032350-420902-c2ce"
"""Without a takeover; the second intervention model gave its probabilities."""
LAST_CLOSED = "ep-20261130-032353-273299-cb8d"
LEFT_OPEN = "ep-20261130-032356-523580-6964"
PAD = "030000005e0400008e02000014010000"


@pytest.fixture
def earlier(tmp_path: Path) -> Path:
    with zipfile.ZipFile(Path(__file__).parent / "fixtures" / "earlier_build.zip") as archive:
        archive.extractall(tmp_path)
    return tmp_path


@pytest.fixture
def workspace(earlier: Path) -> Iterator[Workspace]:
    with Workspace.open(earlier / "ws", create=False) as opened:
        yield opened


def test_the_catalogue_lists_what_it_listed(workspace: Workspace) -> None:
    catalogue = Catalogue(workspace)

    rows = {each.episode_id: (each.outcome, each.steps, each.takeovers) for each in catalogue.episodes()}
    assert rows == {
        RELABELLED: ("failure", 37, 0),
        NOTED: ("success", 44, 1),
        TRIM_WITHDRAWN: ("success", 29, 1),
        UNTOUCHED: ("success", 39, 2),
        WATCHED: ("success", 37, 0),
        LAST_CLOSED: ("success", 44, 1),
    }
    assert [(each.policy_id, each.name, each.parent_id) for each in catalogue.policies("button-press")] == [
        (BUNDLED, "v0", None),
        (TRAINED, "v1", BUNDLED),
    ]
    assert catalogue.promoted("button-press") == TRAINED
    assert [(each.policy_id, each.outcomes) for each in catalogue.evaluations()] == [
        (BUNDLED, (True, False, True, False)),
        (TRAINED, (True, True, False, False)),
    ]
    assert [(each.model_id, each.takeovers) for each in catalogue.intervention_models()] == [
        (MODELS[0], 4),
        (MODELS[1], 4),
    ]
    run = catalogue.run(RUN)
    assert (run.state, run.method, run.policy_id) == ("finished", "mile", TRAINED)


def test_the_episode_that_was_left_open_is_recovered_with_every_step(workspace: Workspace) -> None:
    (record,) = recover(workspace)

    assert (record.episode_id, record.outcome, record.steps, record.recovered) == (LEFT_OPEN, "aborted", 22, True)
    episode = read_episode(workspace, LEFT_OPEN)
    assert episode.observation.shape == (22, 36)
    assert episode.action.shape == (22, 4)
    assert np.isfinite(episode.intervention_prob).all()
    assert set(episode.control_phase) == {"autonomous"}
    assert (np.diff(episode.timestamp) > 0).all()
    assert Catalogue(workspace).episode_count() == 7


def test_edits_are_in_force_and_recordings_are_as_they_were(workspace: Workspace) -> None:
    assert read_episode(workspace, RELABELLED).record.outcome == "failure"
    assert read_recording(workspace, RELABELLED).record.outcome == "success"
    assert read_history(workspace.edits_path(NOTED), NOTED).note == "slipped once"
    withdrawn = read_history(workspace.edits_path(TRIM_WITHDRAWN), TRIM_WITHDRAWN)
    assert withdrawn.edits[0].change == Trim(2, 25)
    assert withdrawn.trim is None
    assert len(read_episode(workspace, TRIM_WITHDRAWN)) == 29


def test_takeovers_are_read_with_their_commands(workspace: Workspace) -> None:
    episode = read_episode(workspace, LAST_CLOSED)

    human = episode.intervention
    assert human.sum() == episode.record.human_steps == 18
    assert episode.record.drivers == ("segment",)
    assert np.isfinite(episode.human_action[human]).all()
    assert np.isnan(episode.human_action[~human]).all()
    assert {who for who, driven in zip(episode.operator, human, strict=True) if driven} == {"segment"}


def test_the_bundled_policy_says_again_what_was_recorded(workspace: Workspace) -> None:
    policy, episode = load_policy(workspace.policy_folder(BUNDLED)), read_episode(workspace, WATCHED)
    policy.reset(seed=episode.record.start.seed)

    outputs = [policy.act(observation) for observation in episode.observation]
    assert np.array([output.mean for output in outputs]) == pytest.approx(episode.policy_mean, abs=1e-5)
    assert np.array([output.std for output in outputs]) == pytest.approx(episode.policy_std, abs=1e-5)


def test_the_trained_policy_acts(workspace: Workspace) -> None:
    policy = load_policy(workspace.policy_folder(TRAINED))

    output = policy.act(read_episode(workspace, WATCHED).observation[0])
    assert policy.policy_id == TRAINED
    assert output.mean.shape == (4,)
    assert np.isfinite(output.mean).all()
    assert ((output.std >= 0.1 - 1e-6) & (output.std <= 1.0 + 1e-6)).all()


def test_the_intervention_model_says_again_what_was_shown(workspace: Workspace) -> None:
    model, episode = load_intervention_model(workspace.intervention_folder(MODELS[1])), read_episode(workspace, WATCHED)
    policy = load_policy(workspace.policy_folder(BUNDLED))
    estimator = LiveEstimator(model, running_policy_id=BUNDLED, episodes_with_policy=4)
    estimator.reset()

    shown = [estimator.estimate(each, policy.act(each), intervening=False) for each in episode.observation]
    assert [each.probability for each in shown] == pytest.approx(episode.intervention_prob.tolist(), abs=1e-4)
    assert [each.forecast for each in shown] == pytest.approx(episode.forecast.tolist(), abs=1e-4)


def test_the_other_intervention_model_loads(workspace: Workspace) -> None:
    config = load_intervention_model(workspace.intervention_folder(MODELS[0])).config

    assert (config.model_id, config.scene, config.policy_id, config.takeovers) == (
        MODELS[0],
        "button-press",
        BUNDLED,
        4,
    )
    assert (config.cost, config.cdf_scale) == pytest.approx((5.263557790760763, 4.974594062811056))


def test_the_run_says_what_it_was_asked_and_how_it_went(workspace: Workspace) -> None:
    folder = workspace.run_folder(RUN)

    asked = run_config.read_run_config(folder)
    assert asked.scene == "button-press"
    assert asked.episode_ids == (RELABELLED, NOTED, TRIM_WITHDRAWN, UNTOUCHED)
    settings = asked.settings
    assert (settings.method, settings.epochs, settings.balance, settings.ensemble) == ("mile", 3, 0.1, 8)
    assert (settings.hidden, settings.cost, settings.follow_through) == ((256, 256), None, 10)
    events, end = read_events(folder / "progress.jsonl")
    whole = (folder / "progress.jsonl").read_bytes()
    assert (len(events), end) == (whole.count(b"\n"), len(whole))
    assert any(isinstance(event, Warned) and "Only 4 takeovers" in event.text for event in events)
    assert isinstance(events[-1], Finished)


def test_preferences_keep_their_values(earlier: Path) -> None:
    value, problem = load(earlier / "config" / "preferences.json")

    assert problem == ""
    assert (value.theme, value.scene, value.rate_hz) == ("light", "button-press", 30)
    assert (value.alert_threshold, value.ask_me, value.layouts) == (0.35, True, {"supervise": "00"})


def test_cameras_keep_their_addresses(earlier: Path) -> None:
    store = CameraStore(earlier / "config" / "cameras.json")

    assert store.problem == ""
    assert store.cameras == (CameraSettings(name="Bench", address="http://127.0.0.1:9/stream.mjpg"),)


def test_the_pad_profile_keeps_its_bindings(earlier: Path) -> None:
    profile = load_profile(earlier / "config" / "pads", PAD)

    assert (profile.name, profile.mode) == ("Xbox 360 pad", "hold")
    assert (profile.dead_zone, profile.expo, profile.release_delay_s) == (0.12, 0.35, 0.6)
    assert (profile.x.positive, profile.x.invert) == ("lefty", True)
    assert (profile.buttons.takeover, profile.buttons.stop) == ("rightshoulder", "back")


def test_a_scene_of_a_person_runs_unchanged(earlier: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(SCENES_VARIABLE, str(earlier / "scenes"))

    with pytest.warns(DeprecationWarning, match=r"scenes\.steering is now mile_desktop\.scenes\.expert_moves"):
        expert = load_expert("own-reach")
    assert expert_flaws("own-reach") == ("pushes-beside",)
    env = make_scene("own-reach")
    try:
        observation, _ = env.reset(seed=0)
        start = observation
        for _ in range(20):
            observation, *_ = env.step(expert(observation))
    finally:
        env.close()
    assert observation.shape == start.shape
    assert np.isfinite(observation).all()
    assert not np.allclose(observation, start)
