"""Draws a scene in a separate process, outside the control path."""
