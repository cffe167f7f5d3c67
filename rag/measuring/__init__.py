"""Gold questions → how good retrieval and answers are, and how sure that is."""
