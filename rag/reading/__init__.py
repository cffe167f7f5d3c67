"""The built-in model: answers with the sentences of the passages that answer the question."""
