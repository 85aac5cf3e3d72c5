"""Recorded episodes again: how a model predicts interventions on them now, and where other policies would have gone."""
