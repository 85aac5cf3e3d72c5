"""Scenes: gymnasium environments over ``sim_scenes/``, their state for drawing and rewinding, and scripted experts.

Importing this package registers the environments; no simulator is imported before one is made.
"""

from mile_desktop.scenes.registration import register_scenes

register_scenes()
