"""How a simulated person drives: like the expert, with errors."""

import numpy as np

from mile_desktop.arrays import Float32Array


def check_hand(*, tremor: float, lean: float, smoothness: float) -> None:
    """Raise ``ValueError`` unless an ``ImperfectHand`` can be made with these values."""
    if not (tremor >= 0.0 and lean >= 0.0 and 0.0 <= smoothness < 1.0):
        raise ValueError(
            f"tremor {tremor:g} and lean {lean:g} have to be 0 or more, smoothness {smoothness:g} in [0, 1)."
        )


class ImperfectHand:
    """The expert's action with a lean that lasts an episode and a tremor that drifts.

    The tremor is a first-order autoregression with standard deviation ``tremor`` and correlation ``smoothness`` from
    step to step, because hands do not jump. The lean is drawn once an episode with standard deviation ``lean``.
    Discrete actions have no direction to lean to: there, with probability ``tremor``, the hand is one step late and
    repeats its previous action.
    """

    def __init__(self, *, tremor: float, lean: float, smoothness: float) -> None:
        self._tremor = tremor
        self._lean = lean
        self._smoothness = smoothness
        self._offset: Float32Array | None = None
        self._shake: Float32Array | None = None
        self._chosen: Float32Array | None = None

    def reset(self) -> None:
        """Begin a new episode: another lean, no tremor yet."""
        self._offset = None
        self._shake = None
        self._chosen = None

    def choose(self, intended: Float32Array, rng: np.random.Generator) -> Float32Array:
        """Return the executed action for the ``intended`` discrete action (float32[a], one-hot)."""
        late = rng.random() < self._tremor
        if self._chosen is None or not late:
            self._chosen = intended
        return self._chosen

    def act(self, intended: Float32Array, rng: np.random.Generator) -> Float32Array:
        """Return the executed action for the ``intended`` action (float32[a]), in [−1, 1]."""
        # Drawn before the test below: every step uses the same number of random numbers, so that episodes of one seed
        # stay comparable.
        fresh = rng.normal(0.0, self._tremor, intended.shape)
        if self._offset is None or self._shake is None:
            self._offset = rng.normal(0.0, self._lean, intended.shape).astype(np.float32)
            self._shake = fresh.astype(np.float32)
        rho = self._smoothness
        # The square root keeps the standard deviation at ``tremor`` for every smoothness.
        self._shake = (rho * self._shake + np.sqrt(1.0 - rho**2) * fresh).astype(np.float32)
        return np.clip(intended + self._offset + self._shake, -1.0, 1.0).astype(np.float32)
