"""The Policies page: all policies of a scene with their lineage, facts on each, and the comparison of any two."""
