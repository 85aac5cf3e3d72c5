"""The Inspect page: every episode, what happened in it, and what the number said."""
