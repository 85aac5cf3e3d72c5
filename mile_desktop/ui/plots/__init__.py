"""Plots, used by several pages: axes with units, values under mouse and arrow keys, a menu to copy and save.

A *strip* is a strip chart: a plot that scrolls over time. ``strip_model`` holds its data; ``strip_plot`` draws it, with
the subclasses ``probability_strip`` and ``action_strip``. ``series_model`` describes any other plot as values and
``series_plot`` draws them; ``interval_plot`` and ``loss_curves`` are made of it. ``plot_export`` copies and saves.
"""
