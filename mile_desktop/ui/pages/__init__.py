"""The pages of the window besides Supervise: devices, settings, policies."""
