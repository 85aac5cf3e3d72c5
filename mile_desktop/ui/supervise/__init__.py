"""The Supervise page: what the robot does, how likely a takeover is, and every way to step in."""
