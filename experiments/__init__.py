"""Experiments: grids of cells, each a pure function of its settings, run anywhere, kept one file a cell."""
