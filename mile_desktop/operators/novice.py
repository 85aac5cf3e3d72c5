"""A beginner at the keyboard: late, in jerks, with pauses and wrong keys, and now and then without success."""

from dataclasses import dataclass, replace

import numpy as np

from mile_desktop.arrays import Float32Array
from mile_desktop.operators.operator import Expert, OperatorContext, OperatorReading
from mile_desktop.operators.segment import SegmentSettings, SegmentSupervisor

_WATCHING = SegmentSettings(
    reaction_steps=8, min_hold_steps=12, memory=0.85, disagreement=0.5, agreement=0.35, agreement_steps=4
)
"""When a novice steps in and hands back: as the ordinary segment supervisor, but 0.4 s later (at 20 Hz)."""


@dataclass(frozen=True, slots=True)
class NoviceSettings:
    """How a beginner drives; raises ``ValueError`` where a value makes no sense.

    The defaults are chosen from what a beginner does in the program, not fitted to recordings: a key is held for 0.2 s
    and more, the first second of a takeover is half thinking, and about every fourth rescue fails.
    """

    reaction_steps: int = 8
    """Steps between having seen enough and the takeover; varied by up to half each time."""
    key_speed: float = 1.0
    """Size of the action of a pressed key, in (0, 1]. Keys have no half speed: the hand is bang-bang."""
    key_threshold: float = 0.25
    """An entry of the expert's action below this size presses no key."""
    keys_at_once: int = 2
    """At most so many keys are pressed together, those of the largest entries."""
    key_steps: int = 4
    """Steps for which a choice of keys is held: fingers are slower than the control rate."""
    pause_steps: int = 8
    """Mean length of a pause in which the takeover is held and no key is pressed."""
    pause: float = 0.12
    """Probability of a pause instead of the next choice of keys. Each takeover begins with a pause."""
    fumble: float = 0.12
    """Probability, at each choice of keys, that one of them is wrong: another axis or the other direction."""
    failed_rescue: float = 0.25
    """Probability that a takeover fails: the person aims at a wrong place and lets go too early."""
    misjudgement: float = 0.6
    """Size (root mean square over entries) of the error of the aim in a failed rescue."""

    def __post_init__(self) -> None:
        if self.reaction_steps < 0 or min(self.keys_at_once, self.key_steps, self.pause_steps) < 1:
            raise ValueError(
                f"reaction_steps {self.reaction_steps}, keys_at_once {self.keys_at_once}, key_steps {self.key_steps} "
                f"and pause_steps {self.pause_steps} have to be at least 0, 1, 1 and 1."
            )
        if not (0.0 < self.key_speed <= 1.0 and 0.0 <= self.key_threshold < 1.0 and self.misjudgement >= 0.0):
            raise ValueError(
                f"key_speed {self.key_speed:g} has to be in (0, 1], key_threshold {self.key_threshold:g} in [0, 1) and "
                f"misjudgement {self.misjudgement:g} not negative."
            )
        for name in ("pause", "fumble", "failed_rescue"):
            if not 0.0 <= getattr(self, name) <= 1.0:
                raise ValueError(f"{name} is {getattr(self, name):g}; it has to be a probability.")


class _Keys:
    """Turns the intended action into keys that are held for a while."""

    def __init__(self, settings: NoviceSettings) -> None:
        self._settings = settings
        self._pressed: Float32Array | None = None
        self._steps_left = 0

    def release(self) -> None:
        """Take the fingers off; the next choice follows at once."""
        self._pressed = None
        self._steps_left = 0

    def pause(self, rng: np.random.Generator, idle: Float32Array) -> None:
        """Press nothing (``idle``) for a while."""
        self._pressed = idle
        # Geometric: mostly short pauses and now and then a long one.
        self._steps_left = int(rng.geometric(1.0 / self._settings.pause_steps))

    def act(
        self, intended: Float32Array, idle: Float32Array, rng: np.random.Generator, *, discrete: bool
    ) -> Float32Array:
        """Return the action of the keys (float32[a]) for this step."""
        if self._pressed is None or self._steps_left <= 0:
            if rng.random() < self._settings.pause:
                self.pause(rng, idle)
            else:
                self._pressed = (self._choose if discrete else self._press)(intended, rng)
                self._steps_left = self._settings.key_steps
        self._steps_left -= 1
        pressed: Float32Array = idle if self._pressed is None else self._pressed
        return pressed

    def _press(self, intended: Float32Array, rng: np.random.Generator) -> Float32Array:
        size = np.abs(intended)
        # ties go to the first entries, so that equal inputs press equal keys
        chosen = np.argsort(-size, kind="stable")[: self._settings.keys_at_once]
        pressed = np.zeros(len(intended), np.float32)
        for entry in chosen:
            if size[entry] > self._settings.key_threshold:
                pressed[entry] = np.sign(intended[entry]) * self._settings.key_speed
        if rng.random() < self._settings.fumble:
            wrong = int(rng.integers(len(pressed)))
            pressed[wrong] = -pressed[wrong] if pressed[wrong] else self._settings.key_speed * rng.choice((-1.0, 1.0))
        return pressed

    def _choose(self, intended: Float32Array, rng: np.random.Generator) -> Float32Array:
        if rng.random() >= self._settings.fumble:
            return intended
        pressed = np.zeros(len(intended), np.float32)
        # It may be the right one by chance, as when fingers slip.
        pressed[int(rng.integers(len(intended)))] = 1.0
        return pressed


class NoviceSupervisor:
    """Steps in late, like a ``SegmentSupervisor`` of little skill, and drives with keys.

    Each takeover begins with a pause. Some rescues fail: for the whole takeover the person aims at a wrong place, and
    then lets go before the robot would do the right thing, after half of the usual shortest takeover. The segment
    supervisor inside decides when to step in; it does not know of the early release, so the person does not step in
    again before it has handed back, too.

    Where actions are discrete, a pause goes on with what the robot proposes, because no action means "nothing" in every
    scene.
    """

    def __init__(self, expert: Expert, settings: NoviceSettings | None = None) -> None:
        self._expert = expert
        self._settings = settings or NoviceSettings()
        watching = replace(_WATCHING, reaction_steps=self._settings.reaction_steps)
        self._early_release = watching.min_hold_steps // 2
        self._watcher = SegmentSupervisor(expert, watching)
        self._keys = _Keys(self._settings)
        self._rng = np.random.default_rng(0)
        self._held_steps = 0
        self._error: Float32Array | None = None
        """Error of the aim in the running takeover; None: the rescue will not fail."""

    @property
    def kind(self) -> str:
        """Recorded with the episode."""
        return "novice"

    @property
    def device(self) -> str:
        """Name of the simulated person."""
        return "Simulated supervisor (novice)"

    @property
    def instruction(self) -> str:
        """When it takes over."""
        return "takes over by itself"

    def reset(self, seed: int) -> None:
        """Begin a new episode; all its randomness comes from ``seed``."""
        self._watcher.reset(seed)
        # a stream of its own: how the person drives must not change when they step in
        self._rng = np.random.default_rng([seed, 2])
        self._keys.release()
        self._held_steps = 0
        self._error = None

    def poll(self, context: OperatorContext) -> OperatorReading:
        """Watch, react late, drive or hand back."""
        # Asked in every step, also after an early release: the watcher must follow the episode.
        wants = self._watcher.poll(context).takeover
        intended = self._expert(context.observation)
        idle = context.proposal if context.discrete else np.zeros_like(intended)
        if not wants:
            self._held_steps = 0
            self._keys.release()
            return OperatorReading(takeover=False, action=idle)
        if self._held_steps == 0:
            self._begin(intended, idle)
        self._held_steps += 1
        if self._error is not None:
            # Not reported to the watcher, so that the person does not step in again at once.
            if self._held_steps > self._early_release:
                return OperatorReading(takeover=False, action=idle)
            intended = intended if context.discrete else np.clip(intended + self._error, -1.0, 1.0)
        action = self._keys.act(intended, idle, self._rng, discrete=context.discrete)
        return OperatorReading(takeover=True, action=action.astype(np.float32))

    def _begin(self, intended: Float32Array, idle: Float32Array) -> None:
        self._error = None
        if self._rng.random() < self._settings.failed_rescue:
            direction = self._rng.standard_normal(len(intended))
            # Drawn as a direction and scaled: each failed rescue is equally wrong.
            length = self._settings.misjudgement * np.sqrt(len(intended))
            self._error = (length * direction / np.linalg.norm(direction)).astype(np.float32)
        # Also where the rescue will succeed: a beginner thinks first.
        self._keys.pause(self._rng, idle)

    def close(self) -> None:
        """Release nothing."""
        self._watcher.close()
