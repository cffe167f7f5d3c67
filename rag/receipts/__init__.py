"""What is kept of an answer, and whether it would be given again."""
