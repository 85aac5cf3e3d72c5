"""Reads an exported data set with the released ``lerobot`` and trains on it; run by another interpreter than the tests.

Prints one JSON object. The operators are those that torchvision's wheel cannot load beside a torch without CUDA.
"""

import json
import sys

import torch

_LIBRARY = torch.library.Library("torchvision", "DEF")
_LIBRARY.define("nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
_LIBRARY.define("qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")

from lerobot.datasets.lerobot_dataset import LeRobotDataset  # noqa: E402 - after the operators

_STEPS = 50


def main(folder: str, key: str) -> None:
    dataset = LeRobotDataset("local/export", root=folder, delta_timestamps={"action": [0.0, 0.05, 0.1]})
    torch.manual_seed(0)
    size = dataset[0]["observation.state"].shape[0]
    network = torch.nn.Sequential(torch.nn.Linear(size, 32), torch.nn.ReLU(), torch.nn.Linear(32, 12))
    optimiser = torch.optim.Adam(network.parameters(), 3e-3)
    losses: list[float] = []
    while len(losses) < _STEPS:
        for batch in torch.utils.data.DataLoader(dataset, batch_size=16, shuffle=True):
            error = network(batch["observation.state"]) - batch["action"].flatten(1)
            loss = error.square()[~batch["action_is_pad"].repeat_interleave(4, 1)].mean()
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            losses.append(float(loss))
    found = {
        "frames": len(dataset),
        "episodes": dataset.num_episodes,
        "task": dataset[0]["task"],
        "outcome": dataset.meta.episodes[1]["outcome"],
        "padded": dataset[29]["action_is_pad"].tolist(),
        "greys": [round(float(dataset[frame][key].mean()) * 255) for frame in (0, 10, 29, 30)] if key else [],
        "losses": losses[:_STEPS],
    }
    sys.stdout.write(json.dumps(found) + "\n")


main(sys.argv[1], sys.argv[2])
