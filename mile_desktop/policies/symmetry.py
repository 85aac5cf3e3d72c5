"""The symmetries of a task: movements of the whole scene under which a right action stays right; no torch.

A task on a table does not change when everything is turned about the vertical or moved sideways, as long as the
observation measures the target from the hand. A training that turns and moves its batches at random learns from one
demonstration what it would otherwise have to see in many places (``docs/decisions/0033-symmetries.md``).
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import msgspec
import numpy as np

from mile_desktop.arrays import Float32Array
from mile_desktop.errors import UserError

ROTATION_DEG = 60.0
"""Range of the turns where labels alone say that a task can be turned: ±60° did better than ±180° on the peg, because
half turns spend the network on directions in which the robot never works."""
TRANSLATION_M = 0.15
"""Range of the shifts of the hand's position, about the spread of the bundled scenes' starts."""
TURNED_SHARE = 0.5
"""Share of the rows of a batch that are turned, and that are mirrored; the rest stay as they were recorded."""

Pair = tuple[int, int]

_LABEL = re.compile(r"(?P<name>.+) (?P<axis>[xy])(?P<unit> \([^)]*\))?(?P<age> @ t(?:-\d+)?)?")
_LENGTHS = {"(m)", "(cm)", "(mm)"}
_HAND = re.compile(r"\b(end effector|hand|tool|tcp|gripper|tip)\b", re.IGNORECASE)
_HEADING = re.compile(r"\b(yaw|heading|angle|joint|quaternion)\b|\((?:rad|deg|°)[^)]*\)", re.IGNORECASE)


class SymmetryError(UserError, ValueError):
    """A declared symmetry does not fit the observation or the action; the message says which entry is wrong."""


class Reflection(msgspec.Struct, frozen=True, kw_only=True):
    """A mirror image: which entries change sign and which change places."""

    negated: tuple[int, ...] = ()
    """Indices into the observation."""
    swapped: tuple[Pair, ...] = ()
    action_negated: tuple[int, ...] = ()
    """Indices into the action."""
    action_swapped: tuple[Pair, ...] = ()


class Symmetry(msgspec.Struct, frozen=True, kw_only=True):
    """What may be done to the rows of a batch; by default nothing. Written into the description of a run."""

    vectors: tuple[Pair, ...] = ()
    """(x, y) indices of all horizontal vectors in the observation, positions included."""
    positions: tuple[Pair, ...] = ()
    """(x, y) indices of the hand's absolute position, one pair for each frame: all get the same shift."""
    action_vector: Pair | None = None
    """(dx, dy) indices in the action."""
    rotation_deg: float = 0.0
    """Turned by up to ± this angle about the vertical."""
    translation: float = 0.0
    """Moved by up to ± this along x and y, in the unit of the positions."""
    reflection: Reflection | None = None

    @property
    def is_empty(self) -> bool:
        """Whether every row stays as it was recorded."""
        return not (self.rotation_deg or self.translation or self.reflection)

    @property
    def text(self) -> str:
        """One sentence for people."""
        parts = [f"turned by up to ±{self.rotation_deg:g}°"] if self.rotation_deg else []
        parts += [f"moved sideways by up to {self.translation:g} m"] if self.translation else []
        parts += ["mirrored"] if self.reflection else []
        return f"Symmetry: recorded steps are also {', '.join(parts)}." if parts else "Symmetry: none is used."


NO_SYMMETRY = Symmetry()


@dataclass(frozen=True, slots=True)
class DeclaredReflection:
    """A reflection by labels, as a scene declares it."""

    negated: tuple[str, ...] = ()
    swapped: tuple[tuple[str, str], ...] = ()
    action_negated: tuple[str, ...] = ()
    action_swapped: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class DeclaredSymmetry:
    """What a scene declares; None: what the labels say. A range of 0 switches it off."""

    rotation_deg: float | None = None
    translation_m: float | None = None
    reflection: DeclaredReflection | None = None


def find_symmetry(labels: Sequence[str], actions: Sequence[str], declared: DeclaredSymmetry | None = None) -> Symmetry:
    """Return the symmetries of observations and actions with these labels.

    Found from labels: all ``… x`` and ``… y`` pairs are horizontal vectors, and the action has ``dx`` and ``dy``. A
    label of a heading or a joint says that a turn would change it, too, so nothing is turned then. Moved is the hand's
    own position; another absolute position would have to move with it, so nothing is moved where there is one.

    Raises
    ------
    SymmetryError
        When what is declared names an entry that does not exist, or asks for a turn without horizontal vectors.
    """
    declared = declared or DeclaredSymmetry()
    vectors, unpaired = _pairs(labels)
    moves, _ = _pairs(actions, prefix="d")
    action = moves[0] if len(moves) == 1 else None
    positions = tuple(pair for pair in vectors if _is_position(labels[pair[0]]))
    hand = tuple(pair for pair in positions if _HAND.search(labels[pair[0]]))
    turns = bool(vectors) and action is not None and not unpaired and not any(map(_HEADING.search, labels))
    shifts = bool(hand) and action is not None and hand == positions
    rotation = declared.rotation_deg if declared.rotation_deg is not None else ROTATION_DEG * turns
    translation = declared.translation_m if declared.translation_m is not None else TRANSLATION_M * shifts
    if rotation and (not vectors or action is None):
        raise SymmetryError(
            "The scene declares a rotation, but its labels name no horizontal vectors; expected pairs such as "
            "'hole - tip x (m)' and 'hole - tip y (m)', and 'dx' and 'dy' in the action."
        )
    if translation and not hand:
        raise SymmetryError(
            "The scene declares a translation, but no label names the hand's position; expected "
            "'end effector x (m)' and 'end effector y (m)'."
        )
    return Symmetry(
        vectors=vectors,
        positions=hand,
        action_vector=action,
        rotation_deg=float(rotation),
        translation=float(translation),
        reflection=None if declared.reflection is None else _reflection(labels, actions, declared.reflection),
    )


def _pairs(labels: Sequence[str], prefix: str = "") -> tuple[tuple[Pair, ...], bool]:
    """Return the indices of the x/y pairs, and whether an x or a y has no partner."""
    places: dict[tuple[str, ...], dict[str, int]] = {}
    for index, label in enumerate(labels):
        found = _LABEL.fullmatch(label)
        if found is not None:
            key = (found["name"], found["unit"] or "", found["age"] or "")
            places.setdefault(key, {})[found["axis"]] = index
        elif prefix and label in {f"{prefix}x", f"{prefix}y"}:
            places.setdefault((prefix,), {})[label[-1]] = index
    pairs = tuple((both["x"], both["y"]) for both in places.values() if len(both) == 2)
    return pairs, len(pairs) < len(places)


def _is_position(label: str) -> bool:
    """Whether ``label`` is a length that is no difference of two places."""
    found = _LABEL.fullmatch(label)
    return found is not None and (found["unit"] or "").strip() in _LENGTHS and " - " not in found["name"]


def _reflection(labels: Sequence[str], actions: Sequence[str], declared: DeclaredReflection) -> Reflection:
    def at(names: Sequence[str], label: str) -> int:
        if label not in names:
            raise SymmetryError(
                f"The scene's reflection names {label!r}, which is not an entry; there are {', '.join(names)}."
            )
        return list(names).index(label)

    return Reflection(
        negated=tuple(at(labels, each) for each in declared.negated),
        swapped=tuple((at(labels, one), at(labels, other)) for one, other in declared.swapped),
        action_negated=tuple(at(actions, each) for each in declared.action_negated),
        action_swapped=tuple((at(actions, one), at(actions, other)) for one, other in declared.action_swapped),
    )


# ── one movement, in NumPy ───────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Movement:
    """One element of the symmetry: a turn, a shift and perhaps a reflection, in this order."""

    angle: float = 0.0
    """rad."""
    shift: tuple[float, float] = (0.0, 0.0)
    mirrored: bool = False


def moved_observation(symmetry: Symmetry, movement: Movement, observation: Float32Array) -> Float32Array:
    """Return ``observation`` (float32[n]) after ``movement``."""
    moved = _turned(observation, symmetry.vectors, movement.angle)
    for pair in symmetry.positions:
        moved[list(pair)] += movement.shift
    if movement.mirrored and symmetry.reflection is not None:
        moved = _mirrored(moved, symmetry.reflection.negated, symmetry.reflection.swapped)
    return moved


def moved_action(symmetry: Symmetry, movement: Movement, action: Float32Array) -> Float32Array:
    """Return ``action`` (float32[a]) after ``movement``."""
    pairs = () if symmetry.action_vector is None else (symmetry.action_vector,)
    moved = _turned(action, pairs, movement.angle)
    if movement.mirrored and symmetry.reflection is not None:
        moved = _mirrored(moved, symmetry.reflection.action_negated, symmetry.reflection.action_swapped)
    return moved


def _turned(values: Float32Array, pairs: Sequence[Pair], angle: float) -> Float32Array:
    # A copy: both entries of a pair are computed from the old ones.
    turned = values.astype(np.float32, copy=True)
    cosine, sine = np.cos(angle), np.sin(angle)
    for x, y in pairs:
        turned[x], turned[y] = cosine * values[x] - sine * values[y], sine * values[x] + cosine * values[y]
    return turned


def _mirrored(values: Float32Array, negated: Sequence[int], swapped: Sequence[Pair]) -> Float32Array:
    mirrored = values.copy()
    mirrored[list(negated)] *= -1
    for one, other in swapped:
        mirrored[[one, other]] = mirrored[[other, one]]
    return mirrored


# ── the check against an expert ──────────────────────────────────────────────────────────────────────────────────

LEAST_AGREEMENT = 0.8
"""Share of states in which the expert must act as the symmetry says. The bundled experts reach .9 to 1; they clip each
axis on its own, which turns their fastest movements by up to 45°."""
_SAME_DIRECTION = 0.7
"""Cosine of 45°, see above."""
_SAME_ENTRY = 0.3
_STILL = 0.15
_CHECKED_STATES = 200
_CHECK_SEED = 0


def check_symmetry(
    symmetry: Symmetry, expert: Callable[[Float32Array], Float32Array], observations: Float32Array
) -> tuple[Symmetry, tuple[str, ...]]:
    """Return ``symmetry`` without what ``expert`` contradicts, and one sentence for each part that was taken out.

    Parameters
    ----------
    expert : callable
        Observation float32[n] → action float32[a].
    observations : float32[t, n]
        Recorded states; at most 200 of them are used.
    """
    # A fixed seed: the same training must always use the same symmetries.
    random = np.random.default_rng(_CHECK_SEED)
    # Spread evenly over the episodes: the first states are all near the start.
    # The step is rounded up, so that at most this many are left.
    states = observations[:: max(1, -(-len(observations) // _CHECKED_STATES))]
    limit = np.radians(symmetry.rotation_deg)
    reach = symmetry.translation
    parts: list[tuple[str, bool, Callable[[], Movement]]] = [
        ("rotation_deg", symmetry.rotation_deg > 0, lambda: Movement(angle=float(random.uniform(-limit, limit)))),
        (
            "translation",
            reach > 0,
            lambda: Movement(shift=(float(random.uniform(-reach, reach)), float(random.uniform(-reach, reach)))),
        ),
        ("reflection", symmetry.reflection is not None, lambda: Movement(mirrored=True)),
    ]
    refused, without = [], symmetry
    for name, used, draw in parts:
        if not used:
            continue
        verdicts = [_agrees(symmetry, draw(), expert, state) for state in states]
        # A mirror image that changes few actions would agree in all others; only actions that change are counted.
        votes = [agrees for agrees, changed in verdicts if changed or name != "reflection"]
        share = float(np.mean(votes)) if votes else 1.0
        if share < LEAST_AGREEMENT:
            nothing = None if name == "reflection" else 0.0
            without = msgspec.structs.replace(without, **{name: nothing})
            refused.append(
                f"The {_NAMES[name]} is not used: the expert acts as it says in {share:.0%} of "
                f"{len(votes)} recorded states, expected at least {LEAST_AGREEMENT:.0%}."
            )
    return without, tuple(refused)


_NAMES = {"rotation_deg": "rotation", "translation": "translation", "reflection": "reflection"}


def _agrees(
    symmetry: Symmetry, movement: Movement, expert: Callable[[Float32Array], Float32Array], state: Float32Array
) -> tuple[bool, bool]:
    """Return whether the expert acts as the movement says, and whether either of the two differs from its action."""
    action = np.asarray(expert(state), np.float32)
    expected = moved_action(symmetry, movement, action)
    found = np.asarray(expert(moved_observation(symmetry, movement, state)), np.float32)
    changed = bool(max(np.abs(expected - action).max(), np.abs(found - action).max()) > _SAME_ENTRY)
    return _is_alike(symmetry, found, expected), changed


def _is_alike(symmetry: Symmetry, found: Float32Array, expected: Float32Array) -> bool:
    horizontal = list(symmetry.action_vector or ())
    others = [index for index in range(len(found)) if index not in horizontal]
    # Clipped like the expert's own action, which cannot be larger.
    if others and np.abs(found[others] - np.clip(expected[others], -1, 1)).max() > _SAME_ENTRY:
        return False
    one, other = found[horizontal], expected[horizontal]
    lengths = float(np.linalg.norm(one)), float(np.linalg.norm(other))
    # Two small actions have no direction worth comparing.
    if min(lengths) < _STILL:
        return max(lengths) < 2 * _STILL
    return float(one @ other) >= _SAME_DIRECTION * lengths[0] * lengths[1]
