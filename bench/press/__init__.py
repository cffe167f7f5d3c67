"""The press: prints the sample company's documents from their readable sources.

Every run gives the same bytes, so that a test can hold ``documents/`` to ``sources/``.
"""

from bench.press.printing import DOCUMENTS, SOURCES, print_source, sources

__all__ = ["DOCUMENTS", "SOURCES", "print_source", "sources"]
