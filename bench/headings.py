"""Makes a question set of a folder of documents: headings that ask become the questions, their sections the gold.

    python -m bench.headings path/to/documents path/to/new-set [--every]
    python -m bench.retrieval --data path/to --sets new-set

Reads Markdown, reStructuredText and HTML. A heading, a term of a list or a bold line that ends with a question mark
(Japanese ones by their endings, too) is asked; what stands below it, up to the next heading of its rank, is to be
found. In the copies of the documents, ``FAQ item`` stands in its place, and lines and links elsewhere that say the
same are left out, so that nothing is found by the question's own words. A heading that stands twice asks nothing.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from lxml import etree, html

from corpus.language.scripts import CJK
from ingest.parsers.decoding import decode

MASK = "FAQ item"
"""What stands in a heading's place."""

MIN_GOLD_CHARS = {"en": 120, "ja": 60}
"""Sections that say less are not asked for."""

_ASKS = re.compile(r"[?？]$|(?:ですか|ますか|るか|とは|には|何か|方法は)[。.]?$")
_NUMBER = re.compile(
    r"^(?:(?:[A-Z]\.)?\d+(?:[.\-]\d+)*[.:)]?\s+|[A-Z]\d*(?:\.\d+)*[.:)]\s+|Chapter\s+\w+[.:]\s*|第\s*\d+\s*章[.:]?\s*)"
)
_JAPANESE = re.compile("[぀-ヿ]")
_LETTERS = re.compile(f"[{CJK}]|[a-z]+", re.IGNORECASE)
_RANKS = {f"h{rank}": rank for rank in range(1, 7)} | {"dt": 7, "summary": 7}
_UNREAD = frozenset({"script", "style", "head", "nav"})
_BOLD = 7
_LONGEST = 250


@dataclass(frozen=True, slots=True)
class Section:
    """A heading and what stands below it; ``rank``: 1 for the highest."""

    heading: str
    rank: int
    text: str


def plain(heading: str) -> str:
    """Returns a heading without its number, its link to itself and its marks."""
    one_line = " ".join(heading.split()).rstrip("¶#§ ").strip("*`_ ")
    return _NUMBER.sub("", one_line).strip() or one_line


def asks(heading: str, every: bool) -> bool:
    """Says whether a heading is asked: one that is a question, or with ``every`` any of three words or eight letters
    of a script without spaces."""
    letters = _LETTERS.findall(heading)
    if len(heading) > _LONGEST - 50 or len(letters) < (8 if _JAPANESE.search(heading) else 3):
        return False
    return every or bool(_ASKS.search(heading))


# ---- Markdown and reStructuredText -------------------------------------------------------------------


def read_lines(text: str) -> list[Section]:
    """Returns the sections of Markdown or reStructuredText."""
    lines = text.splitlines()
    found = dict(_line_headings(lines))
    return _sections(
        found.get(at, ("", 0, line))
        for at, line in enumerate(lines)
        if at - 1 not in found or not _is_rule(line)
    )


def mask_lines(text: str, asked: frozenset[str]) -> str:
    """Returns the text with each asked heading masked, and without other lines that say the same."""
    lines = text.splitlines()
    found = dict(_line_headings(lines))
    kept = []
    for at, line in enumerate(lines):
        said = plain(re.sub(r"^\s*[-*+]\s+|\[|\]\([^)]*\)", "", line))
        if at in found and found[at][0] in asked:
            marks = re.match(r"#+ |", line)
            kept.append(f"{marks[0] if marks else ''}{MASK}")
        elif at not in found and said in asked:
            continue
        else:
            kept.append(line)
    return "\n".join(kept) + "\n"


def _line_headings(lines: Sequence[str]) -> Iterator[tuple[int, tuple[str, int, str]]]:
    """Yields (line, (heading, rank, "")); rules under lines take their ranks in the order in which they occur."""
    rules: list[str] = []
    fenced = False
    for at, line in enumerate(lines):
        if line.lstrip().startswith(("```", "~~~")):
            fenced = not fenced
        if fenced:
            continue
        if hashes := re.match(r"(#{1,6})\s+(.+?)\s*#*$", line):
            yield at, (plain(hashes[2]), len(hashes[1]), "")
        elif bold := re.fullmatch(r"\s*(?:\*\*|__)(.+?)(?:\*\*|__)\s*", line):
            yield at, (plain(bold[1]), _BOLD, "")
        elif _is_underlined(line, lines[at + 1] if at + 1 < len(lines) else ""):
            mark = lines[at + 1][0]
            rules += [mark] if mark not in rules else []
            yield at, (plain(line), min(rules.index(mark) + 1, 6), "")


def _is_underlined(line: str, below: str) -> bool:
    if not line.strip() or line[:1].isspace() or _is_rule(line):
        return False
    return _is_rule(below) and len(below.rstrip()) >= len(line.rstrip()) // 2


def _is_rule(line: str) -> bool:
    return bool(re.fullmatch(r"([=\-~^\"'`#*+.:_])\1{2,}\s*", line))


# ---- HTML --------------------------------------------------------------------------------------------


def read_html(text: str) -> list[Section]:
    """Returns the sections of a page."""
    return _sections(_pieces(_page(text)))


def mask_html(text: str, asked: frozenset[str]) -> str:
    """Returns the page with each asked heading masked, and without other elements that say the same."""
    page = _page(text)
    # Headings first: an element around one says the same until it is masked.
    for element in sorted(
        (one for one in page.iter() if isinstance(one.tag, str)), key=lambda one: not _rank(one)
    ):
        if element.tag == "title":
            said = element.text or ""
            element.text = next(
                (said.replace(question, MASK) for question in asked if question in said), said
            )
        for name in ("title", "content"):
            if plain(element.get(name) or "") in asked:
                del element.attrib[name]
        # Most elements hold far more than any heading says.
        if len(element.text_content()) < _LONGEST and plain(element.text_content()) in asked:
            for child in list(element):
                element.remove(child)
            element.text = MASK if _rank(element) else ""
    return str(etree.tostring(page, encoding="unicode", method="html", doctype="<!DOCTYPE html>"))


def _page(text: str) -> html.HtmlElement:
    without = re.sub(r"^\s*<\?xml[^>]*\?>", "", text)
    page = html.document_fromstring(without)
    for meta in page.iter("meta"):
        if meta.get("charset") or "charset" in (meta.get("content") or ""):
            meta.attrib.clear()
            meta.set("charset", "utf-8")
    return page


def _rank(element: html.HtmlElement) -> int:
    rank = _RANKS.get(element.tag, 0)
    if element.tag == "dt" and any(
        _says_all(link, element) for link in element.iter("a") if link.get("href")
    ):
        return 0  # a table of contents
    if not rank and element.tag == "p" and len(element) == 1 and element[0].tag in ("b", "strong"):
        return _BOLD if _says_all(element[0], element) else 0
    return rank


def _says_all(part: html.HtmlElement, whole: html.HtmlElement) -> bool:
    return plain(part.text_content()) == plain(whole.text_content())


def _pieces(element: html.HtmlElement) -> Iterator[tuple[str, int, str]]:
    if not isinstance(element.tag, str) or element.tag in _UNREAD:
        pass
    elif rank := _rank(element):
        yield plain(element.text_content()), rank, ""
    else:
        yield "", 0, element.text or ""
        for child in element:
            yield from _pieces(child)
            yield "", 0, child.tail or ""


# ---- both --------------------------------------------------------------------------------------------


def _sections(pieces: Iterator[tuple[str, int, str]]) -> list[Section]:
    all_pieces = list(pieces)
    found = []
    for at, (heading, rank, _) in enumerate(all_pieces):
        if not rank:
            continue
        below = []
        for _, other, text in all_pieces[at + 1 :]:
            if 0 < other <= rank:
                break
            below.append(text)
        found.append(Section(heading, rank, " ".join("\n".join(below).split())))
    return found


_Read = Callable[[str], list[Section]]
_Masked = Callable[[str, frozenset[str]], str]
_FORMATS: dict[str, tuple[_Read, _Masked]] = {
    **dict.fromkeys((".md", ".markdown", ".rst"), (read_lines, mask_lines)),
    **dict.fromkeys((".html", ".htm", ".xhtml"), (read_html, mask_html)),
}


def make_set(source: Path, target: Path, every: bool = False) -> int:
    """Writes ``target/corpus`` and ``target/questions.jsonl``; returns the number of questions."""
    texts = {
        path.relative_to(source): decode(path.read_bytes()).text
        for path in sorted(source.rglob("*"))
        if path.suffix.lower() in _FORMATS and path.is_file()
    }
    sections = {path: _FORMATS[path.suffix.lower()][0](text) for path, text in texts.items()}
    counts = Counter(one.heading.casefold() for found in sections.values() for one in found)
    rows = []
    for path, found in sections.items():
        for one in found:
            language = "ja" if _JAPANESE.search(one.heading) else "en"
            if (
                counts[one.heading.casefold()] == 1
                and asks(one.heading, every)
                and len(one.text) >= MIN_GOLD_CHARS[language]
            ):
                rows.append(
                    {
                        "question": one.heading,
                        "gold_file": str(path),
                        "gold_text": one.text,
                        "gold_plain": one.text,
                    }
                )
    asked = frozenset(row["question"] for row in rows)
    for path, text in texts.items():
        copy = target / "corpus" / path
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_text(_FORMATS[path.suffix.lower()][1](text, asked), encoding="utf-8")
    lines = [
        json.dumps({"id": f"{target.name}-{at:04d}", **row}, ensure_ascii=False)
        for at, row in enumerate(rows)
    ]
    target.mkdir(parents=True, exist_ok=True)
    (target / "questions.jsonl").write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return len(rows)


def main(arguments: Sequence[str] | None = None) -> int:
    """Makes a set; returns the exit code."""
    parser = argparse.ArgumentParser(prog="bench.headings", description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("source", type=Path, help="folder of Markdown, reStructuredText or HTML files")
    parser.add_argument("target", type=Path, help="folder of the new set")
    parser.add_argument(
        "--every", action="store_true", help="ask every heading, not those alone that are questions"
    )
    options = parser.parse_args(arguments)
    if not options.source.is_dir():
        parser.error(f"{options.source} is no folder")
    if options.target.resolve().is_relative_to(options.source.resolve()):
        parser.error(
            f"{options.target} lies in {options.source}, and would be read as documents the next time"
        )
    made = make_set(options.source, options.target, options.every)
    print(f"{options.target}: {made:,} questions")
    return 0 if made else 1


if __name__ == "__main__":
    sys.exit(main())
