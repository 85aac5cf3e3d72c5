"""Generated episodes: a learned human supervises the current policy in simulated scenes that differ."""
