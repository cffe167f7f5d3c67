"""``python -m rag.cli`` is ``vouch``."""

from rag.cli import main

main()
