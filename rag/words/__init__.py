"""Words, figures, dates and names of a text, each in one spelling."""
