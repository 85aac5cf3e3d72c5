"""Land between the flags, on both legs and without a crash."""

import math
from dataclasses import dataclass

import numpy as np

from mile_desktop.arrays import Float32Array
from mile_desktop.scenes.flat import Disc, Line, Picture, Points, Polygon, Shape, placed

OFF, LEFT, MAIN, RIGHT = range(4)


# ── the expert ───────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class LanderExpert:
    """Brings the lander over the pad, sinks more slowly near the ground, and turns its engines off once it stands.

    Each wanted value follows from another one: the speed from the position, the tilt from the speed, the engine from
    the tilt. Units are those of the observation.
    """

    approach: float = 0.45
    """Wanted sideways speed for each unit of distance from the middle of the pad."""
    braking: float = 0.78
    """Tilt (rad) for each unit of error in the sideways speed."""
    most_tilt: float = 0.4
    """Largest tilt, rad."""
    tilt_gain: float = 0.36
    """Wanted turning speed for each rad of missing tilt."""
    slack: float = 0.037
    """No engine fires for a smaller error of the turning speed."""
    sinking: float = 0.44
    """Allowed speed of sinking for each unit of height."""
    patience: float = 0.49
    """Height it keeps for each unit of distance from the middle of the pad."""
    leisure: float = 0.082
    """Speed of sinking that is always allowed."""

    def __call__(self, observation: Float32Array) -> Float32Array:
        """Return the action, one-hot, for an observation of the lunar-lander scene."""
        x, height, x_speed, z_speed, tilt, turning, left_leg, right_leg = observation.tolist()
        standing = bool(left_leg and right_leg)
        lacking = self._sinking_too_fast(x, height, z_speed, standing=standing)
        turn = 0.0 if left_leg or right_leg else self._turn(x, x_speed, tilt, turning)
        if lacking > max(abs(turn), self.slack):
            return _choose(MAIN)
        if abs(turn) > self.slack:
            return _choose(LEFT if turn > 0 else RIGHT)
        return _choose(OFF)

    def _sinking_too_fast(self, x: float, height: float, z_speed: float, *, standing: bool) -> float:
        if standing:
            return 0.0
        room = height - self.patience * abs(x)
        return -z_speed - self.leisure - self.sinking * room

    def _turn(self, x: float, x_speed: float, tilt: float, turning: float) -> float:
        """Return by how much it should turn faster to the left."""
        wanted = self.braking * (x_speed + self.approach * x)
        wanted = min(max(wanted, -self.most_tilt), self.most_tilt)
        return self.tilt_gain * (wanted - tilt) - turning


def _choose(action: int) -> Float32Array:
    one_hot = np.zeros(4, np.float32)
    one_hot[action] = 1.0
    return one_hot


EXPERT = LanderExpert()
FLAWS = {
    "drifts-past": LanderExpert(approach=0.0, braking=0.5),
    "brakes-late": LanderExpert(sinking=0.75, leisure=0.25),
}
"""Each one lands in about half of the episodes.

``drifts-past`` only slows its sideways motion down and does not steer for the pad, so its first speed carries it past
the flags. ``brakes-late`` comes down fast, brakes too late and breaks on the ground.
"""


# ── the environment and its picture ──────────────────────────────────────────────────────────────────────────────


def make_env(render_mode: str | None = None) -> object:
    """Make the environment. Its physics is imported only here, because the scene's description needs none of it."""
    from mile_desktop.scenes.lunar_lander import LunarLanderEnv  # noqa: PLC0415

    return LunarLanderEnv(render_mode=render_mode)


_UNIT = 1 / 600
"""The lander was designed on a sky 600 units wide, which is drawn one metre wide."""
_HULL = _UNIT * np.array([(-14, 17), (-17, 0), (-17, -10), (17, -10), (17, 0), (14, 17)], np.float64)
_LEG = _UNIT * np.array([(-2, -8), (2, -8), (2, 8), (-2, 8)], np.float64)
_HALF_SKY = 0.5
_FLAGS = (-0.1, 0.1)
"""x of the flags, m."""
_UPRIGHT = 0.17
"""Tilt of a lander that stands, rad."""
_STARS = np.random.default_rng(7).uniform((-1.2, 0.1, 0.4), (1.2, 0.95, 1.4), (90, 3))
"""x, z (m) and size (thousandths of a metre) of the stars."""


def draw(state: Float32Array) -> Picture:
    """Return the picture of a scene state of ``LunarLanderEnv``."""
    if state.shape != (23,) or not np.isfinite(state).all():
        raise ValueError(f"scene state: found shape {state.shape}, or not finite; expected 23 finite values")
    values = state.astype(np.float64)
    hull, left, right = values[0:3], values[3:6], values[6:9]
    heights = values[12:]
    touching = bool(values[9] or values[10])
    standing = touching and abs(hull[2]) < _UPRIGHT and _FLAGS[0] <= hull[0] <= _FLAGS[1]
    shapes: list[Shape] = [*_stars(), *_ground(heights), *_flags(float(heights[5]), standing=standing)]
    shapes += _flames(hull, int(values[11]))
    shapes += [*_leg(hull, left, -1.0), *_leg(hull, right, 1.0)]
    shapes += _body(hull)
    return Picture(tuple(shapes), (float(hull[0]), float(hull[1])))


def _stars() -> list[Shape]:
    return [Disc((x, z), size / 1000, "distant") for x, z, size in _STARS.tolist()]


def _ground(heights: Points) -> list[Shape]:
    """Return the terrain, which continues level on both sides of the sky."""
    x = np.linspace(-_HALF_SKY, _HALF_SKY, len(heights))
    surface = np.column_stack((x, heights))
    surface = np.vstack(((-3.0, heights[0]), surface, (3.0, heights[-1])))
    filled = np.vstack((surface, (3.0, -3.0), (-3.0, -3.0)))
    walls = [
        Line(np.array([(side, heights[end]), (side, 3.0)]), 0.001, "distant")
        for side, end in ((-_HALF_SKY, 0), (_HALF_SKY, -1))
    ]
    pad = np.array([(_FLAGS[0], heights[5]), (_FLAGS[1], heights[5])])
    return [*walls, Polygon(filled, "ground"), Line(surface, 0.003, "edge"), Line(pad, 0.006, "mark")]


def _flags(ground: float, *, standing: bool) -> list[Shape]:
    shapes: list[Shape] = []
    for x in _FLAGS:
        pole = np.array([(x, ground), (x, ground + 0.083)])
        cloth = np.array([(x, ground + 0.083), (x, ground + 0.058), (x + 0.042, ground + 0.0705)])
        shapes += [Line(pole, 0.003, "edge"), Polygon(cloth, "good" if standing else "mark")]
    return shapes


def _flames(hull: Points, engine: int) -> list[Shape]:
    """Return the flame of the engine that fires. It flickers with the lander's position, so that it needs no clock."""
    if engine == OFF:
        return []
    flicker = 0.85 + 0.3 * (math.sin(9137.0 * hull[0] + 7919.0 * hull[1]) * 0.5 + 0.5)
    if engine == MAIN:
        length, half, root, way = 46.0 * flicker, 8.0, (0.0, -10.0), (0.0, -1.0)
    else:
        side = 1.0 if engine == LEFT else -1.0  # the flame points away from the push
        length, half, root, way = 24.0 * flicker, 4.5, (15.0 * side, 10.0), (side, 0.0)
    outside, inside = (_drop(root, way, share * length, share * half) for share in (1.0, 0.55))
    place, angle = (float(hull[0]), float(hull[1])), float(hull[2])
    return [Polygon(placed(outside, place, angle), "fire"), Polygon(placed(inside, place, angle), "ember")]


def _drop(root: tuple[float, float], way: tuple[float, float], length: float, half: float) -> Points:
    """Return a drop from ``root`` along ``way``, twice ``half`` wide; all in units of the hull, the drop in m."""
    along, across = np.array(way), np.array((-way[1], way[0]))
    turns = np.linspace(-math.pi / 2, math.pi / 2, 7)
    base = [root + across * half * math.sin(turn) - along * 0.4 * half * math.cos(turn) for turn in turns]
    return _UNIT * np.array([*base, root + along * length])


def _leg(hull: Points, leg: Points, side: float) -> list[Shape]:
    """Return the leg and the strut that holds it; ``side``: −1 left, 1 right."""
    root = placed(_UNIT * np.array([(13.0 * side, -8.0)]), (hull[0], hull[1]), hull[2])
    strut = np.vstack((root, leg[None, :2]))
    return [Line(strut, 0.003, "body edge"), Polygon(placed(_LEG, (leg[0], leg[1]), leg[2]), "limb")]


def _body(hull: Points) -> list[Shape]:
    place, angle = (float(hull[0]), float(hull[1])), float(hull[2])
    outline = placed(_HULL, place, angle)
    window = placed(_UNIT * np.array([(0.0, 5.0)]), place, angle)[0]
    closed = np.vstack((outline, outline[:1]))
    return [
        Polygon(outline, "body"),
        Line(closed, 0.002, "body edge"),
        Disc((float(window[0]), float(window[1])), 6 * _UNIT, "glass"),
    ]


PICTURE = draw
