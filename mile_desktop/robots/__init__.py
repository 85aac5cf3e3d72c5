"""Live robots behind one small protocol, and the network robot."""
