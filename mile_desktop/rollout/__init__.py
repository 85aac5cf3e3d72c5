"""The rollout: phases, the fixed-rate loop, what it records and the process it runs in."""
