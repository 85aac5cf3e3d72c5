"""The names in robomimic's HDF5 files, and in those of Sirius, which adds takeovers to them."""

import re

from mile_desktop.interchange import features as f

GYM_ENVIRONMENT = 2
"""``env_type`` of gymnasium environments."""
DEMONSTRATION, ROBOT, PERSON = -1, 0, 1
"""Values of ``action_modes`` and ``intv_labels``."""
STATE_KEY = "state"
"""The observation under ``obs/`` and ``next_obs/`` in our exports."""
NAMES, START, OUTCOME, RATE, TAGS = "names", "start", "outcome", "rate_hz", "tags"
"""Attributes that our exports add."""

EXTRA = {feature.name.rpartition(".")[2]: feature for feature in f.FEATURES if feature.name not in
         {f.STATE, f.ACTION, f.REWARD, f.DONE, f.SCENE_STATE, f.INTERVENTION}}  # fmt: skip
"""Data set of a demonstration beside robomimic's own → what it holds, for example ``policy_action``."""

_DEMONSTRATION = re.compile(r"demo_(0|[1-9]\d*)")


def number_of(name: str) -> int | None:
    """Return the number of ``demo_<number>``; None for every other name, which robomimic cannot read."""
    found = _DEMONSTRATION.fullmatch(name)
    return int(found[1]) if found else None
