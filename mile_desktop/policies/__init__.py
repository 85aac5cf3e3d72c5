"""Policies: networks, their files, and the interface that all policies share."""
