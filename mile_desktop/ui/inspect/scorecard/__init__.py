"""The scorecard: how well each predictor announced the takeovers of the selected episodes."""
