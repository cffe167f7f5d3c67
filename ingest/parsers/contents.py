"""What makes a list of links the contents of its own page, which say nothing that does not stand below them."""

FEWEST_ENTRIES = 3
"""Links into its own page that make a list the page's contents."""
MOST_BESIDE_LINKS = 40
"""Letters that a list of contents has outside its links: its heading."""
