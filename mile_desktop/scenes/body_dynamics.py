"""Friction and mass of a loaded body, which a shift multiplies."""

from dataclasses import dataclass

import pybullet


@dataclass(frozen=True, slots=True)
class _Link:
    number: int
    mass: float
    friction: float
    inertia: tuple[float, float, float]


class BodyDynamics:
    """One body of a PyBullet client; remembers friction and mass as they were when it was made."""

    def __init__(self, client: int, body: int) -> None:
        self._client, self._body = client, body
        # PyBullet counts the base as link −1.
        numbers = range(-1, pybullet.getNumJoints(body, physicsClientId=client))
        self._links = tuple(self._read(number) for number in numbers)

    def _read(self, number: int) -> _Link:
        mass, friction, inertia, *_ = pybullet.getDynamicsInfo(self._body, number, physicsClientId=self._client)
        return _Link(number, mass, friction, inertia)

    def scale(self, *, friction: float, mass: float) -> None:
        """Set friction and mass to these multiples of what they were; 1 restores them."""
        for link in self._links:
            pybullet.changeDynamics(
                self._body, link.number, lateralFriction=friction * link.friction, physicsClientId=self._client
            )
            # A mass of 0 means "does not move".
            if link.mass > 0.0:
                pybullet.changeDynamics(
                    self._body,
                    link.number,
                    mass=mass * link.mass,
                    # PyBullet does not adapt the inertia by itself, and a heavy body would turn like a light one.
                    localInertiaDiagonal=[mass * each for each in link.inertia],
                    physicsClientId=self._client,
                )
