"""The workspace: one folder with everything that was recorded, learned and measured in it."""
