"""The timeline of one recorded episode: panel and plots (views), model."""
