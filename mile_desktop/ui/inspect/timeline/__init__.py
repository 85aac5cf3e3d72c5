"""The timeline of one recorded episode: probability, actions, events."""
