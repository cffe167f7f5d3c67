"""Measures how much of documents is found again in PDFs that LibreOffice prints of them.

    python -m bench.printed path/to/folder [--work ~/printed] [--files]

Each Word or OpenDocument text (``.docx``, ``.odt``) is read, printed (``soffice --convert-to pdf``) and read again.
What the document itself holds is the truth: rows of tables (of two cells or more), headings, items of lists and
paragraphs that come out of the PDF as the same, white space and marks of lists apart. A chart's data, which a PDF does
not have, counts as not found, and so does a title that is one of the document, not of its text. ``--work`` keeps the
PDFs.
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
from ingest.sandbox import ParserPool

KINDS = ("rows", "headings", "items", "paragraphs")
_MARK = pattern(r"^[-•◦▪‣*]+")
_MOST_S = 600.0

Found = Mapping[str, Counter[str]]
"""What of each kind stands in a document, how often."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Prints and reads every document of a folder; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m bench.printed")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--work", type=Path, help="keep the PDFs there")
    parser.add_argument("--files", action="store_true", help="show every file, too")
    options = parser.parse_args(arguments)
    sources = sorted(path for path in options.folder.rglob("*") if path.suffix in (".docx", ".odt"))
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
                printed = _print(source, options.work or Path(scratch), Path(scratch))
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


def _print(source: Path, folder: Path, scratch: Path) -> Path:
    home = f"-env:UserInstallation={(scratch / 'home').resolve().as_uri()}"
    command = ["soffice", "--headless", home, "--convert-to", "pdf", "--outdir", str(folder), str(source)]
    subprocess.run(command, check=True, capture_output=True, timeout=_MOST_S)
    return folder / f"{source.stem}.pdf"


if __name__ == "__main__":
    sys.exit(main())
