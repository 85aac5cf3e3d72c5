"""Corrections in words: a typed line becomes short, limited movements of the robot."""
