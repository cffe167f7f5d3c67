"""Finds conflicts between texts of which something is cited, for the tests of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from rag.grounding.citations import cite
from rag.grounding.conflicts import Conflict, find_conflicts
from rag.prompts.prompting import Passage
from tests.rag.hits import Shelf


def conflicts(
    question: str, texts: Mapping[str, str], said: str, titles: Mapping[str, str] = {}
) -> tuple[Conflict, ...]:
    """Returns the conflicts of an answer that says ``said``; every value stands in its document."""
    shelf = Shelf(texts)
    hits = [replace(hit, title=titles.get(hit.source, "")) for hit in shelf.hits()]
    passages = tuple(Passage(n, hit) for n, hit in enumerate(hits, 1))
    cited = cite(said, passages, question, shelf)
    assert cited.citations, "the test must cite something"
    found = find_conflicts(question, passages, cited.citations, shelf)
    for value in (value for one in found for value in one.values):
        assert texts[value.document_id][value.start : value.end] == value.quote
        assert value.value in value.quote
    return found
