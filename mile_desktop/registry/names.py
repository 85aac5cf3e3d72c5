"""The two references to a policy that are words instead of ids or folders. Light: the window imports it."""

INITIAL = "initial"
"""The policy a scene begins with: the bundled one, or the zero policy where none is bundled."""

EXPERT = "expert"
"""The scene's scripted expert, which is no file."""
