"""The window's ends of its child processes, as Qt objects with signals."""
