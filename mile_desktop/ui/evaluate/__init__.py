"""The Evaluate page: several policies on the same starts, compared, watched and replayed."""
