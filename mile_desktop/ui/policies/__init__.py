"""The Policies page: lineage, what each policy came from and can do, any two compared."""
