"""What is measured; ``python -m benchmarks`` runs it all. No part of the program and none of its tests."""
