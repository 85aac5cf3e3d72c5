"""Scenes that a person adds in the window."""
