"""The Devices page: the gamepad, its bindings and its feel."""
