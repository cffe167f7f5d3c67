"""What the documents bear out: citations, contradictions, and whether they speak of a question at all."""
