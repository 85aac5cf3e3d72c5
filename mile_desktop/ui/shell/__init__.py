"""The frame around the pages: main window, header, sidebar, messages, shortcuts, preferences."""
