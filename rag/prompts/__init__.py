"""Passages, examples and the question → what a model reads, and what of its text may be shown."""
