"""Live cameras in the window: their processes, the dialog in which they are set up, and where they are shown."""
