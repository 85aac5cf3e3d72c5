"""Scenes: gymnasium environments over ``sim_scenes/``, their state for drawing and rewinding, and scripted experts.

Importing this package registers the environments; no simulator is imported before one is made.
"""

import gymnasium

gymnasium.register(id="mile/PegInsertion-v0", entry_point="mile_desktop.scenes.peg_insertion:PegInsertionEnv")
