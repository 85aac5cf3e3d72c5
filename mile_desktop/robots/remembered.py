"""The record of a robot that a person has added; the window keeps these in ``robots.json``."""

import msgspec


class RememberedRobot(msgspec.Struct, frozen=True, kw_only=True):
    """One robot, as it described itself when it was added."""

    name: str
    address: str
    """``tcp://host:port``; tells robots apart."""
    key: str = ""
    """Its public key; empty on this machine."""
    task: str
    summary: str = ""
    scene: str = ""
    """Name of the scene that draws the robot's state; empty for none."""
