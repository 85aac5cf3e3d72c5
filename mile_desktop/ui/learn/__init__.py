"""The Learn panel: what there is to learn from, one click to retrain, and whether the result is better."""
