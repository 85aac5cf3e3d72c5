"""Load a policy of MILE Desktop without its package: numpy and safetensors are enough.

python load_policy.py FOLDER prints the action for an observation of zeros.
"""

import json
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load_file


def load_policy(folder: str) -> tuple[Callable[[NDArray[np.float32]], NDArray[np.float32]], dict]:
    config, w = json.loads(Path(folder, "config.json").read_text()), load_file(Path(folder, "model.safetensors"))
    activation = np.tanh if config.get("activation") == "tanh" else lambda x: np.maximum(x, 0)

    def act(observation: NDArray[np.float32]) -> NDArray[np.float32]:  # float32[n] -> float32[a] in [-1, 1]
        x = np.clip((observation - w["observation_offset"]) / w["observation_scale"], -10, 10)
        for layer in range(len(config["hidden"])):
            x = activation(w[f"trunk.{2 * layer}.weight"] @ x + w[f"trunk.{2 * layer}.bias"])
        if config["network"] == "categorical":
            logits = w["logit_head.weight"] @ x + w["logit_head.bias"]
            return np.eye(len(logits), dtype=np.float32)[logits.argmax()]
        mean = w["mean_head.weight"] @ x + w["mean_head.bias"]
        return np.clip(np.tanh(mean) if config.get("squashed") else mean, -1, 1)

    return act, config


if __name__ == "__main__":
    act, config = load_policy(sys.argv[1])
    print(act(np.zeros(config["observation_size"], np.float32)).tolist())
