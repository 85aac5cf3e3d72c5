"""Changes to recorded episodes, with undo: bar (view), model, controller."""
