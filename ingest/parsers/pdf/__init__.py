"""PDF: pages as they are drawn → paragraphs, headings and tables in reading order."""
