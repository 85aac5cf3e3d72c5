"""Live cameras: where pictures come from, the process that fetches them, and the videos that are kept."""
