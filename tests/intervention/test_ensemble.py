import pytest
import torch

from mile_desktop.intervention.ensemble import GaussianEnsemble
from mile_desktop.intervention.probability import gaussian_distance
from mile_desktop.policies.networks import GaussianMlp


def ensemble(members: int = 3) -> GaussianEnsemble:
    made = GaussianEnsemble(members, 5, 2, (16, 8), std_floor=0.2, std_ceiling=0.9)
    made.initialise(torch.Generator().manual_seed(4))
    made.fit_normalisation(torch.randn(50, 5, generator=torch.Generator().manual_seed(5)) * 3 + 1)
    return made


def test_every_member_is_the_network_of_a_policy() -> None:
    made = ensemble()
    observation = torch.randn(7, 5, generator=torch.Generator().manual_seed(1)) * 40
    mean, std = made.gaussians(observation)
    for member in range(3):
        single = GaussianMlp(5, 2, (16, 8), std_floor=0.2, std_ceiling=0.9)
        weights = [each[member].T for each in made.weights]
        biases = [each[member, 0] for each in made.biases]
        state = {"observation_offset": made.observation_offset, "observation_scale": made.observation_scale}
        for layer in (0, 1):
            state |= {f"trunk.{2 * layer}.weight": weights[layer], f"trunk.{2 * layer}.bias": biases[layer]}
        for head, part in (("mean_head", slice(0, 2)), ("spread_head", slice(2, 4))):
            state |= {f"{head}.weight": weights[2][part], f"{head}.bias": biases[2][part]}
        single.load_state_dict(state)
        expected = single(observation)
        torch.testing.assert_close(mean[member], expected[0])
        torch.testing.assert_close(std[member], expected[1])


def test_members_may_see_different_observations() -> None:
    made = ensemble()
    observations = torch.randn(3, 4, 5)
    mean, _ = made.gaussians(observations)
    for member in range(3):
        torch.testing.assert_close(mean[member], made.gaussians(observations[member])[0][member])


def test_spread_stays_between_its_bounds_whatever_comes_in() -> None:
    made = ensemble()
    with torch.no_grad():
        made.biases[-1].fill_(1e4)
    _, std = made.gaussians(torch.full((1, 5), 1e9))
    assert bool(((std >= 0.2 - 1e-6) & (std <= 0.9 + 1e-6)).all())


def test_means_are_clipped_to_the_action_box_before_they_are_compared() -> None:
    made = ensemble()
    with torch.no_grad():
        made.biases[-1][..., :2] = 30.0
    observation = torch.zeros(1, 5)
    believed = torch.ones(1, 2), torch.full((1, 2), 0.3)
    _, std = made.gaussians(observation)
    expected = gaussian_distance(torch.ones_like(std), std, *believed)
    torch.testing.assert_close(made.member_outputs(observation, *believed).distances, expected)


@pytest.mark.parametrize(
    ("members", "hidden", "floor"), [(0, (4,), 0.1), (2, (), 0.1), (2, (0,), 0.1), (2, (4,), 0.0), (2, (4,), 2.0)]
)
def test_refuses_impossible_sizes_and_bounds(members: int, hidden: tuple[int, ...], floor: float) -> None:
    with pytest.raises(ValueError, match=r"positive sizes|floor < ceiling"):
        GaussianEnsemble(members, 3, 2, hidden, std_floor=floor)
