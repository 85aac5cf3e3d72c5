"""Policies on disk: what is written comes back exactly, and nothing that is not a policy gets in."""

import json
import os
import pickle
import resource
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import safetensors.torch
import torch

from mile_desktop.policies.checkpoint import (
    PolicyConfig,
    PolicyFileError,
    TorchPolicy,
    load_network,
    load_policy,
    read_policy_config,
    save_policy,
)
from mile_desktop.policies.networks import CategoricalMlp, GaussianMlp
from mile_desktop.policies.torch_policy import CategoricalPolicy

OBSERVATION = np.linspace(-1, 1, 6, dtype=np.float32)


def config(**changes: object) -> PolicyConfig:
    fields = {
        "policy_id": "p-1",
        "scene": "peg-insertion",
        "name": "v1",
        "method": "bc",
        "network": "gaussian",
        "observation_size": 0,
        "action_size": 0,
        "hidden": (),
    }
    return PolicyConfig(**{**fields, **changes})  # type: ignore[arg-type]


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.fixture
def network() -> GaussianMlp:
    torch.manual_seed(3)
    made = GaussianMlp(6, 2, (16,), std_floor=0.2)
    made.fit_normalisation(torch.randn(50, 6) * 3 + 1)
    return made


@pytest.fixture
def folder(tmp_path: Path, network: GaussianMlp) -> Path:
    save_policy(tmp_path / "policy", network, config())
    return tmp_path / "policy"


def test_a_saved_policy_comes_back_bit_for_bit(folder: Path, network: GaussianMlp) -> None:
    loaded, described = load_network(folder)
    assert described.observation_size == 6
    assert described.hidden == (16,)
    assert described.std_floor == 0.2
    for name, tensor in network.state_dict().items():
        assert torch.equal(tensor, loaded.state_dict()[name]), name


def test_nothing_but_the_policy_is_left_in_its_parent(folder: Path) -> None:
    assert names_in(folder.parent) == ["policy"]
    assert names_in(folder) == ["checksums.json", "config.json", "model.safetensors"]


def test_an_existing_policy_is_replaced_only_when_asked(folder: Path, network: GaussianMlp) -> None:
    with pytest.raises(FileExistsError, match="exists already"):
        save_policy(folder, network, config(name="v2"))
    save_policy(folder, network, config(name="v2"), replace=True)
    assert read_policy_config(folder).name == "v2"
    assert names_in(folder.parent) == ["policy"]


def test_the_proposal_is_the_clipped_mean(network: GaussianMlp) -> None:
    with torch.no_grad():
        network.mean_head.bias.copy_(torch.tensor([7.0, -9.0]))
    output = TorchPolicy(network, "p").act(OBSERVATION)
    raw, _ = network(torch.from_numpy(OBSERVATION))
    assert raw.abs().max() > 5, "the network itself does not clip"
    np.testing.assert_array_equal(output.action, [1, -1])
    np.testing.assert_array_equal(output.mean, [1, -1])
    assert (output.std >= 0.2 - 1e-6).all()
    assert output.action.dtype == output.std.dtype == np.float32


def test_samples_are_seeded_and_inside_the_box(folder: Path) -> None:
    policy = load_policy(folder, sample=True)

    def episode(seed: int) -> np.ndarray:
        policy.reset(seed)
        return np.stack([policy.act(OBSERVATION).action for _ in range(200)])

    first, again, other = episode(1), episode(1), episode(2)
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)
    assert np.abs(first).max() <= 1
    assert len(np.unique(first[:, 0])) > 1


def test_a_categorical_policy_proposes_one_hot_actions(tmp_path: Path) -> None:
    save_policy(tmp_path / "c", CategoricalMlp(6, 3, (8,)), config(network="categorical"))
    policy = load_policy(tmp_path / "c", sample=True)
    assert isinstance(policy, CategoricalPolicy)
    policy.reset(0)
    output = policy.act(OBSERVATION)
    assert sorted(output.action) == [0, 0, 1]
    assert output.mean.sum() == pytest.approx(1)
    assert (output.std > 0).all()


def test_a_policy_for_another_scene_says_both_sizes(folder: Path) -> None:
    policy = load_policy(folder)
    policy.expect(6, 2)
    with pytest.raises(PolicyFileError, match="6 observation and 2 action entries, the scene has 8 and 4"):
        policy.expect(8, 4)


@pytest.mark.parametrize("name", ["config.json", "model.safetensors"])
def test_a_missing_file_is_named(folder: Path, name: str) -> None:
    (folder / name).unlink()
    with pytest.raises(PolicyFileError, match=f"{name} is missing"):
        load_policy(folder)


@pytest.mark.parametrize("kept", [0, 5, 30, 400, -1])
def test_a_truncated_model_is_refused(folder: Path, kept: int) -> None:
    model = folder / "model.safetensors"
    model.write_bytes(model.read_bytes()[:kept])
    with pytest.raises(PolicyFileError, match="truncated or damaged"):
        load_policy(folder)


def test_a_pickle_is_refused_and_not_run(folder: Path, tmp_path: Path) -> None:
    class Payload:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return os.mkdir, (str(tmp_path / "pwned"),)

    (folder / "model.safetensors").write_bytes(pickle.dumps(Payload()) + b"x" * 64)
    with pytest.raises(PolicyFileError, match="is not a safetensors file"):
        load_policy(folder)
    assert not (tmp_path / "pwned").exists()


def test_other_tensors_than_described_are_refused(folder: Path) -> None:
    safetensors.torch.save_file({"weight": torch.zeros(3)}, folder / "model.safetensors")
    with pytest.raises(PolicyFileError, match="unknown: weight"):
        load_policy(folder)


@pytest.mark.parametrize("change", [lambda t: t[:, :-1], lambda t: t.double()])
def test_tensors_of_another_shape_or_type_are_refused(folder: Path, network: GaussianMlp, change: object) -> None:
    state = network.state_dict()
    state["mean_head.weight"] = change(state["mean_head.weight"]).contiguous()  # type: ignore[operator]
    safetensors.torch.save_file(state, folder / "model.safetensors")
    with pytest.raises(PolicyFileError, match=r"tensor mean_head\.weight is"):
        load_policy(folder)


def test_weights_that_are_not_finite_are_refused_both_ways(folder: Path, network: GaussianMlp) -> None:
    with torch.no_grad():
        network.mean_head.bias[0] = float("nan")
    safetensors.torch.save_file(network.state_dict(), folder / "model.safetensors")
    with pytest.raises(PolicyFileError, match=r"mean_head\.bias holds NaN"):
        load_policy(folder)
    with pytest.raises(PolicyFileError, match=r"mean_head\.bias holds NaN"):
        save_policy(folder.parent / "other", network, config())
    assert not (folder.parent / "other").exists()


def test_a_policy_from_a_newer_version_is_refused_whatever_else_it_says(folder: Path) -> None:
    (folder / "config.json").write_text('{"schema": 99, "shape": "unheard of"}')
    with pytest.raises(PolicyFileError, match=r"newer version \(schema 99"):
        load_policy(folder)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"schema": 1}', "\x80", '{"schema": "x"}'])
def test_a_damaged_description_is_refused(folder: Path, text: str) -> None:
    (folder / "config.json").write_text(text)
    with pytest.raises(PolicyFileError, match="is not a policy description"):
        load_policy(folder)


@pytest.mark.parametrize("change", [{"hidden": []}, {"observation_size": -1}, {"std_floor": 2.0}])
def test_an_impossible_network_is_refused(folder: Path, change: dict[str, object]) -> None:
    described = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**described, **change}))
    with pytest.raises(PolicyFileError, match="impossible network"):
        load_policy(folder)


def with_changed_bit(folder: Path) -> None:
    weights = bytearray((folder / "model.safetensors").read_bytes())
    weights[-2] ^= 1
    (folder / "model.safetensors").write_bytes(weights)


def with_config(folder: Path, **changes: object) -> None:
    described = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**described, **changes}))


def nested(folder: Path) -> None:
    (folder / "config.json").write_text('{"schema": 1, "settings": ' + '{"a":' * 100_000)


DAMAGE = {
    "changed bit": with_changed_bit,
    "deep nesting": nested,
    "not UTF-8": lambda folder: (folder / "config.json").write_bytes(b'{"schema": 1, "policy_id": "\xff"}'),
    "wide": lambda folder: with_config(folder, hidden=[4_000_000, 4_000_000]),
    "wide but possible": lambda folder: with_config(folder, hidden=[400_000, 400_000]),
    "beyond torch": lambda folder: with_config(folder, hidden=[2**62, 2**62]),
    "many layers": lambda folder: with_config(folder, hidden=[1] * 100_000),
    "no weights": lambda folder: (folder / "model.safetensors").write_bytes(b""),
    "checksums that are none": lambda folder: (folder / "checksums.json").write_text("["),
    "another type": lambda folder: (folder / "model.safetensors").write_bytes(
        (folder / "model.safetensors").read_bytes().replace(b'"F32"', b'"F8X"')
    ),
    "a folder": lambda folder: ((folder / "model.safetensors").unlink(), (folder / "model.safetensors").mkdir()),
}


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE)
def test_every_damage_is_one_kind_of_error_and_costs_no_memory(folder: Path, damage: Callable[[Path], object]) -> None:
    damage(folder)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(PolicyFileError) as caught:
        load_policy(folder)
    assert str(folder) in str(caught.value)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 200_000  # KiB


def test_a_mental_model_that_is_gone_is_noticed(folder: Path, network: GaussianMlp) -> None:
    save_policy(folder, network, config(), mental=network, replace=True)
    (folder / "mental.safetensors").unlink()
    with pytest.raises(PolicyFileError, match=r"mental\.safetensors is missing"):
        load_policy(folder)


def test_a_policy_of_an_older_version_without_checksums_is_read(folder: Path) -> None:
    (folder / "checksums.json").unlink()
    with_changed_bit(folder)
    load_policy(folder)
