"""Measures what the parsers get out of files against the expected Markdown beside them.

    python -m bench.extraction path/to/docling_testdata path/to/markitdown_testfiles [--files] [--work ~/texts]

A folder holds one folder a format, each with ``sources/`` and ``groundtruth/NAME.md``, or files with
``expected_outputs/STEM.md`` beside them (their PDFs count). Files are read as an ingest reads them, in the
sandbox. Words are runs of letters and digits without case, and single CJK characters. What is found in order are
the matching blocks of difflib (a lower bound of the longest common subsequence); cells are compared whole, those
of expected tables with those shown.
"""

from __future__ import annotations

import argparse
import re
import sys
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from pathlib import Path

from corpus.errors import VouchError
from corpus.settings import load_settings
from corpus.types import Document
from ingest.sandbox.pool import ParserPool

_WORD = re.compile("[\u3041-\u30ff\u3400-\u9fff]|[^\\W_]+")
_LINK = re.compile(r"!?\[([^\[\]]*)\]\((?:[^()\s]|\([^()]*\))*\)")
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_RULE = re.compile(r"\|?\s*:?-+:?\s*(?:\|\s*:?-+:?\s*)*\|?")
_ENTITIES = {"&amp;": "&", "&lt;": "<", "&gt;": ">", "&quot;": '"'}


@dataclass(frozen=True, slots=True)
class Measured:
    """One file: how many words and cells were expected, and how many were found in order; ``error``: its code."""

    path: Path
    kind: str
    words: int
    found_words: int
    cells: int
    found_cells: int
    error: str = ""


def main(arguments: Sequence[str] | None = None) -> int:
    """Measures every file that has an expected text; returns the exit code."""
    options = _parse(arguments)
    measured = []
    with ParserPool(load_settings({})) as pool:
        for folder in options.folders:
            for source, expected in pairs(folder):
                measured.append(measure(pool, source, expected.read_text(encoding="utf-8"), options.work))
    if not measured:
        print(
            f"{', '.join(map(str, options.folders))} has no sources with an expected text.", file=sys.stderr
        )
        return 2
    print(table(measured))
    if options.files:
        print("\n" + file_table(measured))
    return 0


def pairs(folder: Path) -> Iterator[tuple[Path, Path]]:
    """Yields every source with its expected Markdown."""
    for expected in sorted(folder.glob("*/groundtruth/*.md")):
        source = expected.parent.parent / "sources" / expected.name.removesuffix(".md")
        if source.is_file():
            yield source, expected
    for expected in sorted(folder.glob("**/expected_outputs/*.md")):
        source = expected.parent.parent / f"{expected.stem}.pdf"
        if source.is_file() and expected.stat().st_size:
            yield source, expected


def measure(pool: ParserPool, source: Path, expected: str, work: Path | None = None) -> Measured:
    """Reads a file and compares it with what is expected; one that is refused has found nothing."""
    words, cells = expected_words(expected), expected_cells(expected)
    kind = source.parent.parent.name if source.parent.name == "sources" else source.suffix[1:]
    try:
        document = pool.parse(source)
    except VouchError as error:
        return Measured(source, kind, len(words), 0, len(cells), 0, error.code)
    if work is not None:
        work.mkdir(parents=True, exist_ok=True)
        (work / f"{source.name}.txt").write_text(document.text, encoding="utf-8")
    found = in_order(words, split_words(document.text))
    return Measured(source, kind, len(words), found, len(cells), in_order(cells, shown_cells(document)))


# ---- words and cells -----------------------------------------------------------------------------


def split_words(text: str) -> list[str]:
    """Returns the words of a text, folded: compatibility forms and case do not count."""
    return _WORD.findall(unicodedata.normalize("NFKC", text).casefold())


def plain(markdown: str) -> str:
    """Returns Markdown without what is not text: comments, link targets, emphasis, escapes, rules of tables."""
    text = _COMMENT.sub(" ", markdown)
    text = _LINK.sub(r"\1", text)
    text = re.sub(r"^[-*_]{3,}$|^```.*$", " ", text, flags=re.MULTILINE)
    for entity, character in _ENTITIES.items():
        text = text.replace(entity, character)
    return re.sub(r"\\([\\`*_{}\[\]()#+\-.!|<>~])", r"\1", text)


def expected_words(markdown: str) -> list[str]:
    """Returns the words a reader of the Markdown sees."""
    return split_words(plain(markdown))


def expected_cells(markdown: str) -> list[str]:
    """Returns the cells with words of the Markdown's tables, row by row."""
    cells = []
    fenced = False
    for line in markdown.splitlines():
        fenced ^= line.startswith("```")
        line = line.strip()
        if fenced or not (line.startswith("|") and line.endswith("|")) or _RULE.fullmatch(line):
            continue
        cells += [_folded(plain(cell)) for cell in re.split(r"(?<!\\)\|", line[1:-1])]
    return [cell for cell in cells if cell]


def shown_cells(document: Document) -> list[str]:
    """Returns the cells with words that the document shows; a line outside tables is a cell."""
    cells = [_folded(cell) for line in document.text.splitlines() for cell in line.split(" | ")]
    return [cell for cell in cells if cell]


def _folded(cell: str) -> str:
    return " ".join(split_words(cell))


def in_order(expected: Sequence[str], found: Sequence[str]) -> int:
    """Returns how many of the expected items are matched, in order, by what was found."""
    blocks = SequenceMatcher(None, expected, found, autojunk=False).get_matching_blocks()
    return sum(block.size for block in blocks)


# ---- what is printed -------------------------------------------------------------------------------


def table(measured: Sequence[Measured]) -> str:
    """Returns a Markdown table of the shares per format, over all its words and cells."""
    lines = [
        "| format | files | refused | words | found in order | cells | found in order |",
        "|---|---|---|---|---|---|---|",
    ]
    for kind in dict.fromkeys(one.kind for one in measured):
        own = [one for one in measured if one.kind == kind]
        words, cells = sum(one.words for one in own), sum(one.cells for one in own)
        lines.append(
            f"| {kind} | {len(own)} | {sum(1 for one in own if one.error)} "
            f"| {words} | {_share(sum(one.found_words for one in own), words)} "
            f"| {cells} | {_share(sum(one.found_cells for one in own), cells)} |"
        )
    return "\n".join(lines)


def file_table(measured: Sequence[Measured]) -> str:
    """Returns a Markdown table of all files, the worst of each format first."""
    lines = ["| file | words | found in order | cells | found in order | |", "|---|---|---|---|---|---|"]
    for one in sorted(measured, key=lambda one: (one.kind, one.found_words / max(1, one.words))):
        lines.append(
            f"| {one.path.name} | {one.words} | {_share(one.found_words, one.words)} "
            f"| {one.cells} | {_share(one.found_cells, one.cells)} | {one.error} |"
        )
    return "\n".join(lines)


def _share(found: int, expected: int) -> str:
    return f"{found / expected:.3f}" if expected else "-"


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench.extraction", description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("folders", type=Path, nargs="+", help="sources with their expected Markdown")
    parser.add_argument("--files", action="store_true", help="also a line for every file, the worst first")
    parser.add_argument("--work", type=Path, help="write what was read into this folder, to look at")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
