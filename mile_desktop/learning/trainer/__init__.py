"""One training: where it begins, its epochs, its checkpoints, and what is held out."""
