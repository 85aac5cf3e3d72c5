"""Draws a scene in a process of its own, off the control path."""
