"""A whole run: data, policy, intervention model, and its records in the workspace."""
