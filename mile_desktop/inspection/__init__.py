"""Recorded episodes: what a model predicts on them now, and where other policies would have gone."""
