"""A question about all rows of a table ("Which plan is cheapest?", 合計でいくら) gets the table whole.

What was found may be a part of it. The whole one is read from the document, and what it comes to is told only where one
table alone answers, all of whose rows are there.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from corpus.types import Hit
from rag.asking.answers import AnswerNote, Library
from rag.prompts.prompting import ReadPassage, is_japanese, place_of
from rag.reading.over_rows import Tallied, tallied
from rag.reading.tables import cells_of, said_to_be_whole
from rag.reading.units import is_row
from rag.words.tallies import tally_asked_for
from rag.words.told import tell

_LOOKED_AT = 5
"""The tables of so many of the best hits are read."""
_MOST_CHARS = 6_000
"""What a whole table may be at most; so much before and behind a hit is read."""


@dataclass(frozen=True, slots=True)
class Tabled:
    """A whole table as a hit, and what a question asks of its rows."""

    hit: Hit
    tallied: Tallied

    def note(self, question: str) -> AnswerNote:
        """Returns what the rows come to, told in the language of the question: it holds whatever a model answers."""
        told = self.tallied
        said = tell(
            f"rows_{told.kind}",
            is_japanese(question),
            document=self.hit.source,
            of=len(told.rows) if told.kind == "total" else told.of,
            column=told.column,
            amount=told.amount,
            chosen=told.chosen,
            rows=", ".join(cells_of(row.text)[0] for row in told.rows),
        )
        return AnswerNote("over_rows", said)


def tabled(question: str, hits: Sequence[Hit], library: Library) -> Tabled | None:
    """Returns the one whole table that a question about all rows is answered by; None where it asks for nothing of the
    kind, or none or several answer it.
    """
    if tally_asked_for(question) is None:
        return None
    found: dict[tuple[str, int], Tabled] = {}
    for hit in hits[:_LOOKED_AT]:
        for whole in _whole_tables(hit, library):
            read = ReadPassage(1, place_of(whole), whole.context, whole.text)
            if (told := tallied(question, [read])) is not None:
                found[whole.document_id, whole.start] = Tabled(whole, told)
    return next(iter(found.values())) if len(found) == 1 else None


def _whole_tables(hit: Hit, library: Library) -> Iterator[Hit]:
    """Yields each table that a hit has rows of, all of it; none that may go on elsewhere in the document."""
    if not any(is_row(line) for line in hit.text.splitlines()):
        return
    first = max(0, hit.start - _MOST_CHARS)
    text = library.read_text(hit.document_id, hit.version, first, hit.end + _MOST_CHARS)
    blocks = _blocks(text)
    for at, (start, stop) in enumerate(blocks):
        if stop <= hit.start - first or start >= hit.end - first or stop - start > _MOST_CHARS:
            continue
        beside = [blocks[one] for one in (at - 1, at + 1) if 0 <= one < len(blocks)]
        own = _width(text[start:stop])
        if any(
            _width(text[a:b]) == own and not text[min(b, stop) : max(a, start)].strip() for a, b in beside
        ):
            continue  # a page's end may part one table
        lines = [line for line in text[start:stop].splitlines() if not set(line) <= set("|-: \t")]
        over = text[:start].rstrip().rpartition("\n")[2].strip()
        title = " > ".join(filter(None, [hit.context.partition("\n")[0], over]))
        yield replace(
            hit,
            start=first + start,
            end=first + stop,
            text=text[start:stop],
            context=said_to_be_whole(title, len(lines) - 1),
            page=library.page_of(hit.document_id, hit.version, first + start),
            last_page=library.page_of(hit.document_id, hit.version, first + stop - 1),
            chunk_ids=(),
            focus=None,
        )


def _blocks(text: str) -> list[tuple[int, int]]:
    """Returns where lines of rows stand together, as (start, end)."""
    found: list[tuple[int, int]] = []
    at, open_at = 0, -1
    for line in [*text.split("\n"), ""]:
        if is_row(line.strip()):
            open_at = at if open_at < 0 else open_at
        elif open_at >= 0:
            found.append((open_at, at - 1))
            open_at = -1
        at += len(line) + 1
    return found


def _width(block: str) -> int:
    return len(cells_of(block.partition("\n")[0]))
