"""Speed benchmarks; ``python -m benchmarks`` runs all of them. Neither part of the program nor of its tests."""
