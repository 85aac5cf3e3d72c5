"""The window without a person: scripted runs, the unattended run, pictures of every page."""
