"""The Study page: choose or make a study, run participants, and start analysis and export."""
