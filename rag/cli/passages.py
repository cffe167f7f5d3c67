"""How a found passage looks: where it stands, the words around the match, and what found it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from rich.cells import cell_len
from rich.text import Text

from corpus.patterns import pattern
from rag.cli.screen import Screen, one_line, printable, where, wrap

SNIPPET_LINES = 4
_GUTTER = 4
_LEAD_CHARS = 40
_RAGGED_CELLS = 3  # what a line loses to the word that did not fit
_ELLIPSIS = " …"
_SURE_WEIGHT = 0.5  # a word of content; a pair of characters with a kana in it weighs less
_LEAST_WEIGHT = 0.1

_UNSPACED = "\u3000-\u30ff\u3400-\u9fff\uff00-\uffef"
_BREAK_IN_JAPANESE = pattern(rf"[{_UNSPACED}]\n[{_UNSPACED}]")
_PRINTED = pattern(r"(?:[A-Z]{1,3}[-.])?(?:\d{1,5}|[ivxlcdm]{1,8})", re.IGNORECASE)
_ROW = pattern(r"[\t|]")


class Match(NamedTuple):
    """Words of the query in a passage: ``text[start:end]``, one of the query's terms, and its weight."""

    start: int
    end: int
    term: str
    weight: float


def show_passages(screen: Screen, query: str, hits: Sequence[Mapping[str, Any]], *, full: bool) -> None:
    """Prints hits, best first, the words of the query marked; of a long one an excerpt, unless ``full``."""
    from rag.words.terms import weights

    wanted = weights(query)
    for hit in hits:
        screen.show(_passage(hit, wanted, screen.width - _GUTTER, full), "")


def pages_of(hit: Mapping[str, Any]) -> str:
    """Returns ``p. 3`` or ``pp. 3-4``, with the number that is printed on the first when it is another, or its name:
    that of a sheet, of a file in a mail.
    """
    first, last, label = hit["page"], hit["last_page"], printable(hit.get("page_label") or "")
    pages = f"p. {first}" if first == last else f"pp. {first}-{last}"
    if label:
        pages += f" (printed: {label})" if _PRINTED.fullmatch(label) else f" ({label})"
    return f"{pages}, read by OCR" if hit.get("ocr") else pages


def tidy(text: str) -> str:
    """Returns a passage as it is read: its lines joined, but a table's rows kept apart from each other and the rest."""
    joined, before = "", ""
    for line in map(str.strip, text.splitlines()):
        if line and joined:
            is_apart = _ROW.search(line) or _ROW.search(joined.rpartition("\n")[2])
            joined += (
                "\n" if is_apart else "" if _BREAK_IN_JAPANESE.match(f"{before[-1:]}\n{line[0]}") else " "
            )
        joined += line
        before = line
    return printable(re.sub(r"[ \u00a0]{2,}", " ", joined.replace("\t", " | ")))


def find_matches(text: str, wanted: Mapping[str, float]) -> list[Match]:
    """Returns the query's words in a text, in order."""
    from corpus.language import words
    from rag.words.stemming import stem

    found = []
    for word in words(text):
        term = stem(word.text)
        weight = wanted.get(term, 0.0)
        if weight >= _LEAST_WEIGHT:
            found.append(Match(word.start, word.end, term, weight))
    return found


def excerpt_start(text: str, matches: Sequence[Match], width: int) -> int:
    """Returns where to begin so that some lines of ``width`` cells hold most of the query.

    That is the beginning of the text or of a sentence where nothing is lost by it.
    """
    from corpus.language import sentences

    near = [_word_start(text, max(0, match.start - _LEAD_CHARS)) for match in matches]
    best, gained = 0, -1.0
    for start in [0, *(start for start, _ in sentences(text)), *near]:
        end = _reach(text, start, width)
        inside = {match.term: match.weight for match in matches if start <= match.start and match.end <= end}
        gain = sum(inside.values())
        if gain > gained + 1e-9:
            best, gained = start, gain
    return best


def marked(text: str, wanted: Mapping[str, float], style: str = "") -> Text:
    """Returns a text with the words of the query in colour."""
    shown = Text(text, style)
    for left, right in _runs(find_matches(text, wanted)):
        shown.stylize("match", left, right)
    return shown


def _passage(hit: Mapping[str, Any], wanted: Mapping[str, float], room: int, full: bool) -> Text:
    title = Text.assemble((one_line(hit["title"] or hit["source"]), "title"), ("  " + pages_of(hit), "page"))
    place = Text.assemble(where(hit["source"]), (f"  in {one_line(hit['collection'])}", "faint"))
    if hit.get("also"):
        place.append(f"  also {one_line(', '.join(hit['also']))}", "faint")
    path = marked(one_line(" › ".join(hit["headings"])), wanted, "italic")
    legs = "".join(f" · {name} {score:.3g}" for name, score in hit["legs"].items())
    score = Text(f"score {hit['score']:.4f}{legs}", "faint")
    words = _whole(hit, wanted, room) if full else _excerpt(hit, wanted, room)
    above = [line for part in (title, path, place) if part for line in wrap(part, room)]
    rank = Text(f"{hit['rank']:>2}".ljust(_GUTTER), "page")
    lines = [*above, *words, score]
    return Text("\n").join(
        Text.assemble(" " * _GUTTER if at else rank, line) for at, line in enumerate(lines)
    )


def _whole(hit: Mapping[str, Any], wanted: Mapping[str, float], room: int) -> list[Text]:
    return wrap(marked(tidy(hit["text"]), wanted), room)


def _excerpt(hit: Mapping[str, Any], wanted: Mapping[str, float], room: int) -> list[Text]:
    """A few lines of the passage, an ellipsis on either side for what is left out."""
    text = tidy(_below_headings(hit["text"], hit["headings"]))
    start = excerpt_start(text, find_matches(text, wanted), room)
    lines = wrap(Text.assemble("… " if start else "", marked(text, wanted)[start:]), room)
    if len(lines) <= SNIPPET_LINES:
        return lines
    last = lines[SNIPPET_LINES - 1]
    if last.cell_len + len(_ELLIPSIS) > room:
        last = wrap(last, room - len(_ELLIPSIS))[0]
    return [*lines[: SNIPPET_LINES - 1], last.append(_ELLIPSIS)]


def _below_headings(text: str, headings: Sequence[str]) -> str:
    """The text without the headings it begins with: they are shown above it."""
    above = {one_line(heading) for heading in headings} | {""}
    lines = text.splitlines()
    while lines and one_line(lines[0]) in above:
        del lines[0]
    return "\n".join(lines) or text


def _runs(matches: Sequence[Match]) -> list[tuple[int, int]]:
    """Touching matches as one, without those that only kana of little weight make up."""
    runs: list[list[float]] = []
    for start, end, _, weight in matches:
        if runs and start <= runs[-1][1]:
            runs[-1][1] = max(runs[-1][1], end)
            runs[-1][2] = max(runs[-1][2], weight)
        else:
            runs.append([start, end, weight])
    return [(int(start), int(end)) for start, end, weight in runs if weight >= _SURE_WEIGHT]


def _reach(text: str, start: int, width: int) -> int:
    """Returns about how far a snippet's lines of ``width`` cells reach from ``start``; a row takes lines of its own."""
    used = 0
    for at in range(start, len(text)):
        used = -(-used // width) * width if text[at] == "\n" else used + cell_len(text[at])
        if used > (width - _RAGGED_CELLS) * SNIPPET_LINES:
            return at
    return len(text)


def _word_start(text: str, at: int) -> int:
    while at < len(text) and at > 0 and text[at].isascii() and not text[at - 1].isspace():
        at += 1
    return at
