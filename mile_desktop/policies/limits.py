"""Numbers that networks, their numpy twins and settings share; nothing heavy is imported for them."""

from typing import Literal

Activation = Literal["relu", "tanh"]
"""What follows a hidden layer. The program's own trainings use ``relu``."""

STD_FLOOR = 0.1
STD_CEILING = 1.0
"""Hard bounds of σ for actions in [−1, 1]. Distances in p are measured in units of σ, so a σ that collapses
inflates every probability of intervention; the floor forbids it."""

SCALE_FLOOR = 1e-2
"""Smallest scale an observation entry is divided by; an entry that was constant in the data must not explode later."""

NORMALISED_LIMIT = 10.0
"""Standardised observations are clipped to ± this, far outside anything a network was trained on."""

ACTION_LIMIT = 1.0
"""Actions live in [−ACTION_LIMIT, ACTION_LIMIT] per dimension."""
