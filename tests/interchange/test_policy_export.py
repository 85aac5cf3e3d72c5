import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from mile_desktop.cli import main
from mile_desktop.interchange import onnx_policy, policy_export
from mile_desktop.interchange.errors import InterchangeError, TargetTakenError
from mile_desktop.interchange.policy_export import FORMATS, export_policy, format_of
from mile_desktop.interchange.scene_entries import Entry, SceneEntries
from mile_desktop.paths import bundled_models
from mile_desktop.policies.checkpoint import PolicyNetwork, describe_network, load_network, load_policy, save_policy
from mile_desktop.policies.config import PolicyConfig
from mile_desktop.policies.networks import CategoricalMlp, GaussianMlp

EXAMPLE = Path(__file__).parents[2] / "docs" / "examples" / "load_policy.py"
NETWORKS = {
    "gaussian": lambda: GaussianMlp(7, 3, (16, 8)),
    "squashed": lambda: GaussianMlp(7, 3, (16,), activation="tanh", squashed=True),
    "categorical": lambda: CategoricalMlp(7, 3, (16,)),
}
ENTRIES = SceneEntries(
    "a-scene", "mile/A-v0", "A task.", 20.0, tuple(Entry(f"x{number}", "m") for number in range(7)),
    (Entry("dx"), Entry("dy"), Entry("grip")),
)  # fmt: skip


@pytest.fixture(params=NETWORKS)
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    torch.manual_seed(0)
    network: PolicyNetwork = NETWORKS[request.param]()
    network.fit_normalisation(torch.randn(50, 7) * 2 + 1)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.mul_(3)
    config = PolicyConfig(policy_id="policy-a", scene="a-scene", name="v1", method="mile", **describe_network(network))
    save_policy(tmp_path / "policy", network, config)
    return tmp_path / "policy"


def observations(count: int) -> np.ndarray:
    return np.random.default_rng(1).normal(0, 5, (count, 7)).astype(np.float32)


@pytest.mark.parametrize("format_name", FORMATS)
def test_the_exported_file_computes_what_the_policy_does(folder: Path, tmp_path: Path, format_name: str) -> None:
    pytest.importorskip("onnx")
    target = export_policy(folder, tmp_path / "policy.out", format_name, ENTRIES)
    given = observations(5)
    policy = load_policy(folder)
    found = FORMATS[format_name].compute(target, given)
    for number, row in enumerate(given):
        ours = policy.act(row)
        for part, expected in zip(found, (ours.action, ours.mean, ours.std), strict=True):
            np.testing.assert_allclose(part[number], expected, atol=1e-5)


def test_the_file_says_what_it_is(folder: Path, tmp_path: Path) -> None:
    onnx = pytest.importorskip("onnx")
    export_policy(folder, tmp_path / "policy.onnx", "onnx", ENTRIES)
    model = onnx.load(tmp_path / "policy.onnx")
    about = {each.key: each.value for each in model.metadata_props}
    assert about["policy_id"] == "policy-a"
    assert about["env_id"] == "mile/A-v0"
    assert json.loads(about["action"]) == ["dx", "dy", "grip"]
    assert json.loads(about["observation"])[0] == "x0 (m)"


def test_an_export_is_replaced_only_with_force_and_another_file_never(folder: Path, tmp_path: Path) -> None:
    pytest.importorskip("onnx")
    for format_name, name in (("onnx", "a.onnx"), ("torchscript", "a.pt")):
        target = export_policy(folder, tmp_path / name, format_name, ENTRIES)
        with pytest.raises(TargetTakenError, match="add --force"):
            export_policy(folder, target, format_name, ENTRIES)
        export_policy(folder, target, format_name, ENTRIES, force=True)
        target.write_text("my notes")
        with pytest.raises(TargetTakenError, match="was not written by an earlier export"):
            export_policy(folder, target, format_name, ENTRIES, force=True)
        assert target.read_text() == "my notes"


def test_an_export_with_other_numbers_is_not_kept(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("onnx")
    monkeypatch.setattr(onnx_policy, "NORMALISED_LIMIT", 0.5)
    with pytest.raises(InterchangeError, match="computes other numbers"):
        export_policy(folder, tmp_path / "policy.onnx", "onnx", ENTRIES)
    assert not list(tmp_path.glob("policy.onnx*"))


def test_without_the_package_the_sentence_says_what_to_install(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(InterchangeError, match=r"pip install 'mile-desktop\[onnx\]'"):
        export_policy(folder, tmp_path / "policy.onnx", "onnx", ENTRIES)


def test_the_ending_of_the_name_chooses_the_format() -> None:
    found = {name: format_of(Path(name)) for name in ("a.onnx", "a.PT", "a.zip", "folder")}
    assert found == {"a.onnx": "onnx", "a.PT": "torchscript", "a.zip": None, "folder": None}


def test_the_documented_loader_needs_no_package_of_ours(folder: Path, tmp_path: Path) -> None:
    """``-P`` and an empty PYTHONPATH: our package cannot be found by its folder."""
    source = EXAMPLE.read_text()
    assert "mile_desktop" not in source
    assert len(source[source.index("def load_policy") : source.index("if __name__")].splitlines()) < 30
    found = subprocess.run([sys.executable, "-P", EXAMPLE, folder], capture_output=True, text=True, check=True,
                           cwd=tmp_path, env={})  # fmt: skip
    expected = load_policy(folder).act(np.zeros(7, np.float32)).action
    np.testing.assert_allclose(json.loads(found.stdout), expected, atol=1e-6)


def test_a_policy_of_this_program_keeps_the_schema_that_earlier_builds_read(folder: Path) -> None:
    network, config = load_network(folder)
    assert config.schema == (2 if network.activation == "tanh" else 1)


def test_the_shipped_policy_is_exported_by_the_command_line(tmp_path: Path) -> None:
    pytest.importorskip("onnx")
    common = ["export-policy", "--scene", "lunar-lander", "--workspace", str(tmp_path / "w")]
    assert main([*common, str(tmp_path / "lander.onnx")]) == 0
    assert main([*common, "--format", "torchscript", str(tmp_path / "lander.pt")]) == 0
    network, _ = load_network(bundled_models("lunar-lander") / "initial")
    action, _, _ = policy_export.FORMATS["onnx"].compute(
        tmp_path / "lander.onnx", np.zeros((1, network.observation_size), np.float32)
    )
    assert action.sum() == 1
