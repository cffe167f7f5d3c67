"""Question → the passages that may hold its answer."""
