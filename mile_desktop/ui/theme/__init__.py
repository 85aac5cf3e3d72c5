"""The look of the window: colours, sizes, fonts and icons, in one place."""
