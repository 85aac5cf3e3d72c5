"""The Evaluate page: several policies on the same episode seeds, compared and watched."""
