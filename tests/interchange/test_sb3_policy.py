import io
import json
import pickle
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch

from mile_desktop.cli import main
from mile_desktop.commands.import_policy import import_policy
from mile_desktop.interchange.errors import InterchangeError
from mile_desktop.interchange.native_spaces import NativeSpaces, native_spaces
from mile_desktop.interchange.sb3_policy import is_sb3, read_sb3
from mile_desktop.paths import SCENES_VARIABLE
from mile_desktop.policies.checkpoint import load_policy
from mile_desktop.scenes.gymnasium.new_scene import new_gymnasium_scene
from mile_desktop.storage.workspace import Workspace

FIXTURES = Path(__file__).parents[1] / "fixtures" / "sb3"
"""Models of Stable-Baselines3 2.9.2 with random weights, and what its ``predict`` returned (``expected.json``)."""
EXPECTED = json.loads((FIXTURES / "expected.json").read_text())
PENDULUM = NativeSpaces("pendulum", 3, 1, (1.0, 1.0, 8.0), 1, (torch.tensor([-2.0]), torch.tensor([2.0])))
CARTPOLE = NativeSpaces("cart-pole", 4, 1, (4.8, float("inf"), 0.4, float("inf")), 2, None)


def spaces_of(name: str) -> NativeSpaces:
    return PENDULUM if "pendulum" in name else CARTPOLE


def changed(tmp_path: Path, name: str, **entries: bytes) -> Path:
    """Copy a fixture with other contents of some entries."""
    target = tmp_path / f"{name}.zip"
    with zipfile.ZipFile(FIXTURES / f"{name}.zip") as source, zipfile.ZipFile(target, "w") as archive:
        for each in source.namelist():
            archive.writestr(each, entries.get(each.replace(".", "_"), source.read(each)))
    return target


def tensors_of(name: str) -> dict[str, torch.Tensor]:
    with zipfile.ZipFile(FIXTURES / f"{name}.zip") as archive:
        found: dict[str, torch.Tensor] = torch.load(io.BytesIO(archive.read("policy.pth")), weights_only=True)
    return found


def saved(tensors: object) -> bytes:
    file = io.BytesIO()
    torch.save(tensors, file)
    return file.getvalue()


@pytest.fixture(scope="module")
def scenes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("scenes")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(SCENES_VARIABLE, str(folder))
        for env_id in ("Pendulum-v1", "CartPole-v1"):
            new_gymnasium_scene(env_id, name=env_id.split("-")[0].lower())
        yield folder


@pytest.mark.parametrize("name", ["ppo_pendulum", "sac_pendulum", "td3_pendulum", "ppo_cartpole"])
def test_an_imported_model_acts_as_in_stable_baselines3(name: str, scenes: Path, tmp_path: Path) -> None:
    scene = name.split("_")[1]
    with Workspace.open(tmp_path / "w") as workspace:
        record = import_policy(workspace, FIXTURES / f"{name}.zip", scene)
        policy = load_policy(workspace.policy_folder(record.policy_id))
    assert (record.scene, record.name, record.method) == (scene, name, "stable-baselines3")
    expected = EXPECTED[f"sb3_{name}"]
    for observation, action in zip(expected["observations"], expected["actions"], strict=True):
        found = policy.act(np.array(observation, np.float32))
        ours = found.action.argmax() if "cartpole" in name else found.action * 2.0  # a torque within ± 2
        np.testing.assert_allclose(ours, np.array(action).squeeze(), atol=1e-5)
        assert (found.std > 0).all()


def test_the_newest_frame_is_the_one_that_counts(scenes: Path) -> None:
    spaces = native_spaces("pendulum")
    assert (spaces.frame_size, spaces.action_size) == (3, 1)
    two = NativeSpaces("pendulum", 3, 2, (1.0, 1.0, 8.0), 1, PENDULUM.bounds)
    one_frame = read_sb3(FIXTURES / "ppo_pendulum.zip", PENDULUM).network
    two_frames = read_sb3(FIXTURES / "ppo_pendulum.zip", two).network
    newest = torch.tensor([[0.3, -0.5, 2.0]])
    both = torch.cat([torch.tensor([[9.0, 9.0, 9.0]]), newest], 1)
    torch.testing.assert_close(two_frames(both), one_frame(newest))


def test_an_observation_far_out_is_not_limited() -> None:
    """Stable-Baselines3 limits no observation; our networks do, in units of their scale."""
    network = read_sb3(FIXTURES / "ppo_cartpole.zip", CARTPOLE).network
    far, farther = (torch.tensor([[0.0, speed, 0.0, 0.0]]) for speed in (300.0, 600.0))
    assert not torch.allclose(network(far), network(farther))


class Bomb:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return (Path.touch, (Path("it-ran"),))  # type: ignore[return-value]


def test_nothing_is_unpickled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for content in (pickle.dumps(Bomb()), saved({"action_net.weight": Bomb()})):
        with pytest.raises(InterchangeError, match="something else than tensors, which is not opened"):
            read_sb3(changed(tmp_path, "ppo_pendulum", policy_pth=content), PENDULUM)
    assert not Path("it-ran").exists()


def without(name: str, key: str) -> dict[str, torch.Tensor]:
    return {each: tensor for each, tensor in tensors_of(name).items() if each != key}


@pytest.mark.parametrize(
    ("tensors", "sentence"),
    [
        ([1, 2], "is list, expected tensors by their names"),
        ({"action_net.weight": "text"}, "is no tensor of numbers"),
        ({**tensors_of("ppo_pendulum"), "action_net.bias": torch.tensor([torch.nan])}, "holds NaN or infinity"),
        ({**tensors_of("ppo_pendulum"), "features_extractor.cnn.0.weight": torch.zeros(1)}, "networks for pictures"),
        ({**tensors_of("ppo_pendulum"), "lstm_actor.weight_ih_l0": torch.zeros(1)}, "recurrent ones"),
        (without("ppo_pendulum", "action_net.bias"), "are no linear layer"),
        ({**tensors_of("ppo_pendulum"), "action_net.weight": torch.zeros(1, 5)}, "takes 5 numbers"),
        ({"action_net.weight": torch.zeros(1, 3), "action_net.bias": torch.zeros(1)}, "no hidden layer"),
    ],
)
def test_what_is_no_plain_network_is_refused(tensors: object, sentence: str, tmp_path: Path) -> None:
    with pytest.raises(InterchangeError, match=sentence):
        read_sb3(changed(tmp_path, "ppo_pendulum", policy_pth=saved(tensors)), PENDULUM)


@pytest.mark.parametrize(
    ("kwargs", "sentence"),
    [
        ({"activation_fn": "<class 'torch.nn.modules.activation.ELU'>"}, "the activation ELU"),
        ({"squash_output": True}, "squashes its output"),
    ],
)
def test_what_would_be_computed_differently_is_refused(kwargs: object, sentence: str, tmp_path: Path) -> None:
    path = changed(tmp_path, "ppo_pendulum", data=json.dumps({"policy_kwargs": kwargs}).encode())
    with pytest.raises(InterchangeError, match=sentence):
        read_sb3(path, PENDULUM)
    custom = json.dumps({"policy_class": {"__module__": "my_project.policies"}}).encode()
    with pytest.raises(InterchangeError, match=r"policy class of my_project\.policies"):
        read_sb3(changed(tmp_path, "ppo_pendulum", data=custom), PENDULUM)


@pytest.mark.parametrize(
    ("name", "spaces", "sentence"),
    [
        ("dqn_cartpole", CARTPOLE, r"a network of values \(DQN\) and no policy"),
        ("ppo_pendulum", CARTPOLE, "is for 3 observation and 1 action entries, the scene cart-pole has 4 and 2"),
        ("ppo_cartpole", NativeSpaces("x", 4, 1, (1.0,) * 4, 2, (-torch.ones(2), torch.ones(2))), "has discrete"),
        ("sac_pendulum", NativeSpaces("x", 3, 1, (1.0,) * 3, 1, None), "has continuous"),
        ("ppo_pendulum", NativeSpaces("x", 3, 1, (1.0,) * 3, 1, None), "has continuous"),
    ],
)
def test_a_model_that_does_not_fit_the_scene_is_refused(name: str, spaces: NativeSpaces, sentence: str) -> None:
    with pytest.raises(InterchangeError, match=sentence):
        read_sb3(FIXTURES / f"{name}.zip", spaces)


def test_a_damaged_file_is_one_sentence(tmp_path: Path) -> None:
    whole = (FIXTURES / "ppo_pendulum.zip").read_bytes()
    random = np.random.default_rng(0)
    for _ in range(60):
        damaged = bytearray(whole)
        for place in random.integers(len(whole), size=20):
            damaged[place] = random.integers(256)
        path = tmp_path / "damaged.zip"
        path.write_bytes(bytes(damaged))
        if is_sb3(path):
            try:
                read_sb3(path, PENDULUM)
            except InterchangeError:
                continue


def test_the_command_asks_for_the_scene(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = str(FIXTURES / "ppo_pendulum.zip")
    assert main(["import-policy", source, "--workspace", str(tmp_path / "w")]) == 1
    assert "add --scene NAME" in capsys.readouterr().err
