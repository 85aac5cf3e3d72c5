"""MILE Desktop: supervise a robot policy, take over, and retrain it from interventions."""

__version__ = "0.1.0"
