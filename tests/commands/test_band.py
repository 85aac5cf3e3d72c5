"""The band of a new policy, made by the command from its own successes, and used by the running loop."""

from pathlib import Path

import msgspec
import pytest

from mile_desktop.cli import main
from mile_desktop.commands import forecast
from mile_desktop.evaluation import success_band
from mile_desktop.intervention.live_estimator import LiveEstimator
from mile_desktop.registry.bundled import adopt_bundled
from mile_desktop.registry.intervention_models import load_running_policy
from mile_desktop.rollout.scene import GymScene
from mile_desktop.storage.workspace import Workspace


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    with Workspace.open(tmp_path / "w") as opened:
        adopt_bundled(opened, "lunar-lander")
    return tmp_path / "w"


def _said(capsys: pytest.CaptureFixture[str]) -> dict[str, object]:
    lines = capsys.readouterr().out.splitlines()
    found: dict[str, object] = msgspec.json.decode(lines[-1])
    return found


def test_the_band_is_made_once_kept_and_used(
    workspace: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    # The starts of these seeds succeed; the first twenty evaluation starts would take longer than a test may.
    monkeypatch.setattr(success_band, "evaluation_seeds", lambda _count: range(930_000, 930_024))
    asked = ["band", "--workspace", str(workspace), "--scene", "lunar-lander", "--policy", "initial", "--json"]
    assert main(asked) == 0
    made = _said(capsys)
    assert made["changed"] is True
    assert int(str(made["successes"])) >= 6
    assert 0.1 <= float(str(made["share"])) <= 0.25
    assert main(asked) == 0
    assert _said(capsys)["changed"] is False
    with Workspace.open(workspace) as opened:
        in_background = success_band.make_success_band(opened, "lunar-lander", "initial", only_new=True)
        assert in_background.band is None, "nothing is run for a policy that is not new"
        driven = GymScene.make("lunar-lander")
        running = load_running_policy(opened, "lunar-lander", "initial", driven)
        driven.close()
    assert isinstance(running.estimator, LiveEstimator)
    # The bundled policy is the one that its model was fitted to, so it is never new; a band changes nothing for it.
    assert (running.estimator.calls_by, running.estimator.wants_band) == ("forecast", False)


def test_a_policy_that_does_not_succeed_has_no_band(
    workspace: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(success_band, "evaluation_seeds", lambda _count: range(930_000, 930_001))
    asked = ["band", "--workspace", str(workspace), "--scene", "lunar-lander", "--policy", "initial"]
    assert main(asked) == 0
    assert "a band needs 6" in capsys.readouterr().out


def test_a_refit_stays_in_use_where_no_band_can_be_made(workspace: Path) -> None:
    with Workspace.open(workspace) as opened:
        said = forecast._make_band(opened, "lunar-lander", "no-such-policy")
    assert said.startswith(" The policy does not call in its first episodes: There is no policy 'no-such-policy'")
