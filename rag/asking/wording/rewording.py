"""A question in the documents' words: 有休 for 有給休暇, "revenue" for "sales".

People ask in the words they say, and rules are written in others. A question that nothing answers is asked again with
one word put in another way, by the table in :mod:`rag.asking.wording.everyday`; one that is answered stays as it was.
The embedder knows many such pairs of English; of Japanese, which it does not know, the table is all there is.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import islice, zip_longest

from corpus.language import fold, normalise
from rag.asking.wording.everyday import entries, stands
from rag.grounding.strangers import Lacks

MOST = 5
"""Other wordings of one question at most: each is a search."""


@dataclass(frozen=True, slots=True)
class Rewording:
    """A question with ``other`` in the place of ``word``, a form of the table's ``entry``, all three folded."""

    question: str
    word: str
    other: str
    entry: str


def rewordings(question: str, lacks: Lacks = lambda words: frozenset()) -> list[Rewording]:
    """Returns the question with one of its words put otherwise, at most :data:`MOST` times; none where the table knows
    none of its words. ``lacks`` gives those words that no document has: they are not put.

    The longest words are looked for first ("残業代" before "残業"); each word's nearest neighbours in the table come
    first, of every word in turn.
    """
    read = normalise(question)
    folded = read.text
    taken = bytearray(len(folded))
    found: list[list[Rewording]] = []
    for entry, others in entries():
        if entry not in folded:
            continue
        known: list[Rewording] | None = None
        held = bytes(taken)
        for match in stands(entry, by_itself=True).finditer(folded):
            start, end = match.span()
            if any(taken[start:end]):
                continue
            taken[start:end] = b"1" * (end - start)
            if known is not None:
                continue  # once is enough
            start, end = read.span(start, end)
            if fold(question[start:end]) != match[0]:
                continue  # part of a letter such as ㍿ is no word
            before, after = question[:start], question[end:]
            elsewhere = folded[: match.start()] + "\n" + folded[match.end() :]
            known = [
                Rewording(before + put + after, match[0], fold(one), entry)
                for one, put in map(_parts, others)
                if fold(one) not in elsewhere and fold(put) != match[0]
            ]
        if (
            known
            and _PHRASE.search(entry)
            and lacks([one.other for one in known]).issuperset(one.other for one in known)
        ):
            taken[:] = held  # its words may still be put one by one
        elif known:
            found.append(known)
    in_turn = [one for some in zip_longest(*found) for one in some if one is not None]
    strange = lacks([one.other for one in in_turn]) if in_turn else frozenset()
    return list(islice((one for one in in_turn if one.other not in strange), MOST))


_PHRASE = re.compile("[ぁ-ん].*[\u3400-\u9fff].*[ぁ-ん]")
"""A saying of several words, が亡くなったら何日休めますか: where no document has another for it, each may have one."""


def _parts(other: str) -> tuple[str, str]:
    """Returns the word that a passage must have, and what is put into the question: with what is in brackets."""
    return _BRACKETED.sub("", other), other.replace("(", "").replace(")", "")


_BRACKETED = re.compile(r"\([^()]*\)")
