"""Passages whose words cannot be told, because analysing them raised: set aside, until a newer program tries again.

Such a passage is indexed all the same, with one token that no text and no query has, and that names the program
that could not: so it is counted, found again and removed as the others are, and by the same commit.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass

import numpy as np
from tantivy import Query, Schema, Searcher

from corpus.lexical.analysis import GAP
from corpus.program import installed_version
from corpus.types import show_chunk_id

log = logging.getLogger(__name__)

_TOKEN = f"{GAP}aside:"
_NAMED = 5
_MOST_PROGRAMS = 100


@dataclass(frozen=True, slots=True)
class Aside:
    """What is set aside in an index: how many passages, and the ids of the first five.

    ``again`` are the versions that hold what another program than this one could not analyse.
    """

    code = "passage_set_aside"

    passages: int = 0
    first: tuple[int, ...] = ()
    again: frozenset[int] = frozenset()


NOTHING = Aside()


def token() -> str:
    """Returns what a passage is indexed under that this version of the program cannot analyse."""
    return f"{_TOKEN}{installed_version() or '0'}"


def is_of_the_passage(error: BaseException) -> bool:
    """Says whether it may be a passage that an error comes from, and not the machine: its memory, its files.

    A panic of tantivy's counts, which is no Exception.
    """
    if isinstance(error, MemoryError | OSError):
        return False
    return isinstance(error, Exception) or type(error).__name__ == "PanicException"


def find(searcher: Searcher, schema: Schema) -> Aside:
    """Returns what is set aside in the last commit."""
    chunks: list[int] = []
    again: set[int] = set()
    for name, _ in searcher.terms_with_prefix("text", _TOKEN, limit=_MOST_PROGRAMS):
        term = Query.term_query(schema, "text", name, index_option="basic")
        found = searcher.search(term, searcher.num_docs, count=False).hits if searcher.num_docs else []
        addresses = [address for _, address in found]
        if not addresses:
            continue  # removed since
        chunks += np.array(searcher.fast_field_values("chunk", addresses), np.int64).tolist()
        if name != token():
            again.update(np.array(searcher.fast_field_values("version", addresses), np.int64).tolist())
    return (
        Aside(len(chunks), tuple(np.sort(chunks)[:_NAMED].tolist()), frozenset(again)) if chunks else NOTHING
    )


def tell(aside: Aside) -> None:
    """Logs what is set aside, where it was not so before; ``corpus.status`` names the documents."""
    if aside.passages:
        log.warning(
            "%s: %d that cannot be analysed, and are not found by their words; first: %s. "
            "vouch status names the documents; vouch rebuild tries again.",
            aside.code,
            aside.passages,
            ", ".join(map(show_chunk_id, aside.first)),
        )
