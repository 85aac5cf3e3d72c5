"""RLIF: reinforcement learning from interventions, with its actors and critics."""
