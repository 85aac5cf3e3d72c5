"""Robots in place of a scene: the dialog that adds and tests them, and the bar that arms them."""
