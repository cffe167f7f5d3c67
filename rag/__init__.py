"""Question → passages → prompt → model → answer: answers from the corpus, by API and command line."""
