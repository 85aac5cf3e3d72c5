"""MILE Desktop: supervise a robot policy, take over, and retrain it from interventions."""

from mile_desktop import moved_modules

__version__ = "0.1.0"

moved_modules.install()
