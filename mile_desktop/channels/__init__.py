"""Typed pipes and shared memory between the window and the processes it starts."""
