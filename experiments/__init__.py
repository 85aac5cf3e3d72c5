"""Research harness: grids of cells. A cell is a pure function of its settings and runs in any process.

Not installed with the program; ``python -m experiments`` from a checkout.
"""
