"""The Learn panel: the recorded data, one click to retrain, and whether the result is better."""
