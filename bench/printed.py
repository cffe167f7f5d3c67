"""Measures how much of documents is found again in files that LibreOffice makes of them: prints, or other formats.

    python -m bench.printed path/to/folder [--to pdf] [--work ~/printed] [--files]

Each document is read, printed or saved as another format (``soffice --convert-to html``, ``rtf``, ``ods``, ``odp``, …)
and read again: texts (``.docx``, ``.odt``), or workbooks or presentations where the format is one of those.
What the document itself holds is the truth: rows of tables (of two cells or more), headings, items of lists and
paragraphs that come out of the other file as the same, white space and marks of lists apart. A chart's data, which a
PDF does not have, counts as not found, and so does a title that is one of the document, not of its text. ``--work``
keeps the files.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from corpus.errors import VouchError
from corpus.patterns import pattern
from corpus.settings import load_settings
from corpus.types import Document
from ingest.sandbox.pool import ParserPool

KINDS = ("rows", "headings", "items", "paragraphs")
_TEXTS = frozenset({".docx", ".odt"})
_SOURCES = {
    **dict.fromkeys(("xlsx", "xls", "ods", "fods"), frozenset({".xlsx", ".xls", ".ods"})),
    **dict.fromkeys(("pptx", "odp", "fodp"), frozenset({".pptx", ".odp"})),
}
_MARK = pattern(r"^[-•◦▪‣*]+")
_MOST_S = 600.0

Found = Mapping[str, Counter[str]]
"""What of each kind stands in a document, how often."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Prints and reads every document of a folder; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m bench.printed")
    parser.add_argument("folder", type=Path)
    parser.add_argument(
        "--to", default="pdf", help="the format, by its ending: pdf, html, rtf, odt, ods, xls, odp"
    )
    parser.add_argument("--work", type=Path, help="keep the files there")
    parser.add_argument("--files", action="store_true", help="show every file, too")
    options = parser.parse_args(arguments)
    endings = _SOURCES.get(options.to, _TEXTS) - {f".{options.to}"}
    sources = sorted(path for path in options.folder.rglob("*") if path.suffix in endings)
    if not sources or shutil.which("soffice") is None:
        print("There is no document to print, or no LibreOffice (soffice) to print with.", file=sys.stderr)
        return 2
    totals, found = Counter[str](), Counter[str]()
    with (
        tempfile.TemporaryDirectory(prefix="vouch-printed-") as scratch,
        ParserPool(load_settings({})) as pool,
    ):
        for source in sources:
            try:
                printed = _print(source, options.to, options.work or Path(scratch), Path(scratch))
                held, seen = parts(pool.parse(source)), parts(pool.parse(printed))
            except (VouchError, OSError, subprocess.SubprocessError) as error:
                print(f"{source.name}: left out ({error})", file=sys.stderr)
                continue
            for kind in KINDS:
                totals[kind] += held[kind].total()
                found[kind] += (held[kind] & seen[kind]).total()
            if options.files:
                shares = (
                    f"{(held[kind] & seen[kind]).total()}/{held[kind].total()} {kind}" for kind in KINDS
                )
                print(f"{source.name}: {', '.join(shares)}")
    print("| | in the documents | found again |\n|---|---|---|")
    for kind in KINDS:
        print(f"| {kind} | {totals[kind]} | {found[kind] / max(totals[kind], 1):.3f} |")
    return 0


def parts(document: Document) -> Found:
    """Returns the rows, headings, items and paragraphs of a document, without white space and marks."""
    found = {kind: Counter[str]() for kind in KINDS}
    for block in document.blocks:
        text = document.text[block.start : block.end]
        if block.kind == "table":
            found["rows"].update(_plain(row) for row in text.splitlines() if " | " in row)
        elif block.kind == "list":
            found["items"].update(_MARK.sub("", _plain(item)) for item in text.splitlines())
        elif block.kind in ("heading", "paragraph"):
            found[f"{block.kind}s"][_plain(text)] += 1
    return found


def _plain(text: str) -> str:
    return "".join(text.split())


def _print(source: Path, ending: str, folder: Path, scratch: Path) -> Path:
    home = f"-env:UserInstallation={(scratch / 'home').resolve().as_uri()}"
    command = ["soffice", "--headless", home, "--convert-to", ending, "--outdir", str(folder), str(source)]
    subprocess.run(command, check=True, capture_output=True, timeout=_MOST_S)
    return folder / f"{source.stem}.{ending}"


if __name__ == "__main__":
    sys.exit(main())
