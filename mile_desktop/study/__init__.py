"""A study with participants: protocol, order of the conditions, answers, export, analysis and power.

Imports neither Qt nor torch; the modules that read recorded steps for the analysis are imported by its command only.
"""
