"""Web pages: the article without what frames it."""
