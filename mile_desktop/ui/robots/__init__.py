"""Robots at the desk: remembered, tested, armed, watched."""
