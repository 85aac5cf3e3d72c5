"""Changes to recorded episodes, with undo."""
