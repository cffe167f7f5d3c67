"""Document → chunks: slices of the document's text that follow its structure.

A chunk ends where a sentence, a row or a line ends, near the size at which the embedder finds it best, and
never crosses into another section. What a reader would need to place it (title, heading path, a cut table's
header) goes into its ``context``.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from corpus.embedding.passages import readable
from corpus.language import sentences
from corpus.settings import Settings
from corpus.types import Block, Chunk, Document
from ingest.contexts import Contexts

CHUNKER_VERSION = "9"
"""Part of the ingest fingerprint: it changes when a document would be cut, or its passages embedded, differently."""

_CONTEXT_SHARE = 3
"""A context may take a third of a chunk's tokens."""

_COVERED_RUN_CHARS = 300
_CUT_BEHIND = ("\n", "。", "、", " ")
"""Where a row or sentence that alone is too long is cut, the best first."""

_COUNTED_AT_ONCE = 512
"""Texts whose tokens are counted between two looks at whether to go on: some hundredths of a second."""

_BREAK_COST = {"block": 0.0, "row": 0.1, "sentence": 0.2}
"""What a break costs beside its distance from the best size, in shares of that size."""


@dataclass(frozen=True, slots=True)
class _Section:
    """Blocks under one heading. ``lead`` counts the headings it begins with, the document's title among them."""

    headings: tuple[str, ...]
    lead: int
    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True)
class _Unit:
    """What is not cut if it fits: a sentence, a row, a line, a heading; ``text[start:end]``."""

    start: int
    end: int
    block: Block
    size: int = 0


@dataclass(frozen=True, slots=True)
class _Run:
    """Neighbouring units of a section, sized in tokens where the embedder covers them, else in characters."""

    section: _Section
    units: tuple[_Unit, ...]
    by_tokens: bool
    opens: bool


@dataclass(frozen=True, slots=True)
class _Draft:
    """A chunk without its token count."""

    start: int
    end: int
    context: str
    headings: tuple[str, ...]


class Chunker:
    """Cuts documents into chunks; the same document and settings give the same chunks.

    Args:
        count_tokens: texts → tokens of each, special tokens included, in the embedder's own tokens.
        covers: says whether the embedder can read a text.
        settings: ``chunk_tokens`` limits covered chunks, context included; ``chunk_chars`` other texts.
        max_tokens: the most the embedder reads, special tokens included.
        go_on: called every now and then, for a book takes seconds to cut; what it raises ends the cutting.
    """

    def __init__(
        self,
        count_tokens: Callable[[Sequence[str]], list[int]],
        covers: Callable[[str], bool],
        settings: Settings,
        max_tokens: int,
        go_on: Callable[[], None] = lambda: None,
    ) -> None:
        self._count_some = count_tokens
        self._covers = covers
        self._go_on = go_on
        self._max_tokens = min(settings.chunk_tokens, max_tokens)
        self._max_chars = settings.chunk_chars

    def chunk(self, document: Document) -> tuple[Chunk, ...]:
        """Returns the chunks of a document in reading order; together they hold all its non-blank text.

        A chunk that the embedder covers has at most ``chunk_tokens`` tokens with its context, and no more than it
        reads; any other at most ``chunk_chars`` characters without it. Time is linear in the text.
        """
        text = document.text
        contexts = Contexts(self._count, document.title, self._max_tokens // _CONTEXT_SHARE)
        special = self._count([""])[0]
        drafts: list[_Draft] = []
        for run in self._sized(text, self._runs(text, contexts, _sections(document))):
            context = contexts.of(run.section.headings)
            room = self._max_tokens - special - contexts.tokens(context) if run.by_tokens else self._max_chars
            opening = run.opens
            last: Block | None = None
            for units in self._packed(text, run, max(1, room), contexts):
                first = units[0]
                own = run.section.headings[: -run.section.lead] if opening and run.section.lead else None
                parts = [contexts.of(own) if own is not None else context]
                if first.block.header and (first.block is last or _goes_on(text, first.block)):
                    parts.append(contexts.header(text, first.block, first.start))
                drafts.append(
                    _Draft(first.start, units[-1].end, "\n".join(filter(None, parts)), run.section.headings)
                )
                last = units[-1].block
                opening = False
        pages = [page.start for page in document.pages]
        return tuple(
            Chunk(
                ordinal=ordinal,
                start=draft.start,
                end=draft.end,
                text=text[draft.start : draft.end],
                context=draft.context,
                headings=draft.headings,
                page=_page_at(document, pages, draft.start),
                last_page=_page_at(document, pages, draft.end - 1),
                tokens=tokens,
            )
            for ordinal, (draft, tokens) in enumerate(self._fitting(text, drafts))
        )

    def _count(self, texts: Sequence[str]) -> list[int]:
        found: list[int] = []
        for at in range(0, len(texts), _COUNTED_AT_ONCE):
            self._go_on()
            found += self._count_some(texts[at : at + _COUNTED_AT_ONCE])
        return found

    # ---- what may be cut where -------------------------------------------------------------------

    def _runs(self, text: str, contexts: Contexts, sections: Iterable[_Section]) -> Iterator[_Run]:
        """Yields the runs of each section; one run, unless only a part of it can be read by the embedder."""
        for section in sections:
            first, last = section.blocks[0], section.blocks[-1]
            own = text[first.start : last.end]
            if readable(contexts.of(section.headings), own, section.headings, self._covers):
                groups = [(True, list(section.blocks))]
            else:
                groups = []
                for block in section.blocks[section.lead :]:
                    piece = text[block.start : block.end]
                    covered = len(piece) >= _COVERED_RUN_CHARS and self._covers(piece)
                    if not groups or groups[-1][0] != covered:
                        groups.append((covered, []))
                    groups[-1][1].append(block)
                headings = section.blocks[: section.lead]
                # Headings are read with what follows them, whatever their language.
                groups = groups or [(False, [])]
                groups[0][1][:0] = headings
            for at, (covered, blocks) in enumerate(groups):
                units = tuple(
                    _Unit(start, end, block) for block in blocks for start, end in self._spans(text, block)
                )
                if units:
                    yield _Run(section, units, covered, opens=at == 0)

    def _spans(self, text: str, block: Block) -> list[tuple[int, int]]:
        self._go_on()
        return list(_spans(text, block))

    def _sized(self, text: str, runs: Iterable[_Run]) -> list[_Run]:
        """Returns the runs with their units' sizes; all tokens are counted at once."""
        found = list(runs)
        counted = [unit for run in found if run.by_tokens for unit in run.units]
        special = self._count([""])[0]
        tokens = iter(self._count([text[unit.start : unit.end] for unit in counted]))
        sized = []
        for run in found:
            units, before = [], run.units[0].start
            for unit in run.units:
                size = max(1, next(tokens) - special) if run.by_tokens else unit.end - before
                units.append(_Unit(unit.start, unit.end, unit.block, size))
                before = unit.end
            sized.append(replace(run, units=tuple(units)))
        return sized

    def _packed(self, text: str, run: _Run, room: int, contexts: Contexts) -> Iterator[Sequence[_Unit]]:
        """Yields neighbouring units that fit into ``room``, as equal in size as good breaks allow."""
        units = [piece for unit in run.units for piece in self._divided(text, unit, room, run.by_tokens)]
        left = sum(unit.size for unit in units)
        at = 0
        whole_room = room
        while at < len(units):
            room = whole_room
            block = units[at].block
            is_inside = at > 0 and block is units[at - 1].block
            if run.by_tokens and block.header and (is_inside or _goes_on(text, block)):
                room = max(1, room - contexts.tokens(contexts.header(text, block, units[at].start)))
            target = left / -(-left // room)
            used, best, best_cost = 0, at + 1, float("inf")
            for stop in range(at, len(units)):
                used += units[stop].size
                if used > room and stop > at:
                    break
                if stop + 1 == len(units):
                    best = stop + 1
                    break
                cost = abs(used - target) / target + _break_cost(units[stop].block, units[stop + 1].block)
                if cost < best_cost:
                    best, best_cost = stop + 1, cost
            yield units[at:best]
            left -= sum(unit.size for unit in units[at:best])
            at = best

    def _divided(self, text: str, unit: _Unit, room: int, by_tokens: bool) -> Iterator[_Unit]:
        """Yields the unit itself, or smaller ones when it alone is too large."""
        if unit.size <= room:
            yield unit
            return
        chars = max(1, (unit.end - unit.start) * room // unit.size)
        spans = list(_split(text, unit.start, unit.end, chars))
        if by_tokens:
            special = self._count([""])[0]
            sizes = [count - special for count in self._count([text[start:end] for start, end in spans])]
        else:
            sizes = [end - start for start, end in spans]
        for (start, end), size in zip(spans, sizes, strict=True):
            piece = _Unit(start, end, unit.block, max(1, size))
            if size > room and end - start > 1:
                yield from self._divided(text, piece, room, by_tokens)
            else:
                yield piece

    def _fitting(self, text: str, drafts: Sequence[_Draft]) -> Iterator[tuple[_Draft, int]]:
        """Yields drafts with their tokens, cutting again what is beyond its limit after all.

        Tokens of parts do not quite add up in every tokenizer, and a piece of a covered text may not be
        covered itself, or the other way round.
        """
        counts = self._count([_searched(text, draft) for draft in drafts])
        for draft, tokens in zip(drafts, counts, strict=True):
            length = draft.end - draft.start
            if length <= 1 or (tokens <= self._max_tokens and length <= self._max_chars):
                yield draft, tokens
                continue
            if readable(draft.context, text[draft.start : draft.end], draft.headings, self._covers):
                too_long = tokens > self._max_tokens
                chars = max(1, min(length - 1, length * self._max_tokens // tokens * 9 // 10))
            else:
                too_long = length > self._max_chars
                chars = -(-length // -(-length // self._max_chars))  # pieces of one size, none above the most
            if not too_long:
                yield draft, tokens
                continue
            spans = _split(text, draft.start, draft.end, chars)
            pieces = [replace(draft, start=start, end=end) for start, end in spans]
            yield from self._fitting(text, pieces)


# ---- the document's structure ----------------------------------------------------------------------


def _sections(document: Document) -> Iterator[_Section]:
    """Yields the blocks under each heading; one without text of its own, or the title, opens the next section."""
    path: list[tuple[int, str]] = []
    blocks: list[Block] = []
    lead = 0
    for block in _all_blocks(document):
        if block.kind == "heading":
            if len(blocks) > lead or (blocks and block.level <= blocks[-1].level):
                yield _Section(tuple(name for _, name in path), lead, tuple(blocks))
                blocks, lead = [], 0
            path = [(level, name) for level, name in path if level < block.level]
            path.append((block.level, _in_one_line(document.text, block)))
            lead += 1
        elif not blocks and _in_one_line(document.text, block) == document.title:
            lead = 1
        blocks.append(block)
    if blocks:
        yield _Section(tuple(name for _, name in path), lead, tuple(blocks))


def _in_one_line(text: str, block: Block) -> str:
    return " ".join(text[block.start : block.end].split())


def _all_blocks(document: Document) -> Iterator[Block]:
    """Yields the blocks, and paragraphs for text that belongs to none."""
    at = 0
    for block in (*document.blocks, Block("paragraph", len(document.text), len(document.text))):
        if document.text[at : block.start].strip():
            yield Block("paragraph", at, block.start)
        if document.text[block.start : block.end].strip():
            yield block
        at = max(at, block.end)


def _spans(text: str, block: Block) -> Iterator[tuple[int, int]]:
    """Yields what is best not cut: sentences of prose, lines of tables, lists and code, a heading whole."""
    if block.kind in ("paragraph", "list"):
        yield from sentences(text, block.start, block.end)
    elif block.kind == "heading":
        yield from _trimmed(text, block.start, block.end)
    else:
        at = block.start
        while at < block.end:
            line_end = text.find("\n", at, block.end)
            line_end = block.end if line_end < 0 else line_end
            yield from _trimmed(text, at, line_end)
            at = line_end + 1


def _trimmed(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Yields the span without blanks at its ends, or nothing when it is blank."""
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    if start < end:
        yield start, end


def _split(text: str, start: int, end: int, chars: int) -> Iterator[tuple[int, int]]:
    """Yields trimmed spans of at most ``chars`` characters, cut at lines or words where there are any.

    A cut is made behind the last line end within reach, else the last full stop, comma or blank, and leaves no piece
    shorter than a quarter of the most.
    """
    while start < end:
        stop = min(start + chars, end)
        if stop < end:
            least = start + chars // 4
            cuts = (text.rfind(mark, least, stop) for mark in _CUT_BEHIND)
            stop = next((cut + 1 for cut in cuts if cut >= 0), stop)
        yield from _trimmed(text, start, stop)
        start = stop


def _goes_on(text: str, block: Block) -> bool:
    """Says whether a table is the rest of one that began on another page, without its header."""
    return not text.startswith(block.header, block.start)


def _break_cost(before: Block, after: Block) -> float:
    if before is not after:
        return 1.0 if before.kind == "heading" else _BREAK_COST["block"]
    return _BREAK_COST["sentence" if before.kind == "paragraph" else "row"]


def _searched(text: str, draft: _Draft) -> str:
    own = text[draft.start : draft.end]
    return f"{draft.context}\n\n{own}" if draft.context else own


def _page_at(document: Document, starts: Sequence[int], offset: int) -> int:
    at = bisect_right(starts, offset) - 1
    return document.pages[max(at, 0)].number if document.pages else 1
