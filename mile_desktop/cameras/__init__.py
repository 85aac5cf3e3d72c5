"""Live camera feeds: sources, capture processes, health, video recording."""
