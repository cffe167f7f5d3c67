"""Ingest reports: on the terminal, as JSON, and as one HTML page that needs nothing beside it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from html import escape
from itertools import groupby
from pathlib import Path
from typing import Any

from rich.text import Text

from corpus.errors import StorageError, UsageError
from rag.cli.screen import Screen, count, duration, moment, one_name, pairs, printable

STATES = ("ok", "partial", "failed", "skipped", "planned", "updated", "moved", "removed")
"""What can become of a file, in the order of tables."""

_SUFFIXES = (".json", ".html")
_SHOWN_PAGES = 60


def short_type(content_type: str) -> str:
    """Returns the name that a filter takes for a content type, the first where it takes several."""
    from rag.retrieval.filters import SHORT_TYPES

    return next((name for name, kind in SHORT_TYPES.items() if kind == content_type), content_type)


# ---- counting -----------------------------------------------------------------------------------------


def by_format(files: Iterable[Mapping[str, Any]]) -> dict[str, dict[str, int]]:
    """Returns how many files of each format came to each state, with pages and chunks; formats in order.

    A file that was not read has the format of its name.
    """
    found: dict[str, dict[str, int]] = {}
    for one in files:
        if one["state"] in ("updated", "moved", "removed"):
            continue
        suffix = Path(one["path"]).suffix.lower().lstrip(".")
        named = (
            suffix if suffix.isalnum() else "none"
        )  # the name of what was left out may be told with a remark
        row = found.setdefault(short_type(one["content_type"]) or named, {})
        for name, added in ((one["state"], 1), ("pages", one["pages"]), ("chunks", one["chunks"])):
            row[name] = row.get(name, 0) + added
    return dict(sorted(found.items()))


def noted(notes: Iterable[Mapping[str, Any]]) -> list[str]:
    """Returns notes as sentences, those that say the same of several pages as one."""
    ordered: dict[str, list[int]] = {}
    for note in notes:
        pages = ordered.setdefault(str(note.get("message") or note.get("code", "")), [])
        if note.get("page"):
            pages.append(int(note["page"]))
    return [f"{page_ranges(pages)}: {said}" if pages else said for said, pages in ordered.items()]


def page_ranges(pages: Sequence[int]) -> str:
    """Returns ``Page 3`` or ``Pages 1-4, 7``."""
    numbered = enumerate(sorted(set(pages)))
    parts = []
    for _, run in groupby(numbered, lambda one: one[1] - one[0]):
        own = [page for _, page in run]
        parts.append(f"{own[0]}" if len(own) == 1 else f"{own[0]}-{own[-1]}")
    return f"{'Page' if len(set(pages)) == 1 else 'Pages'} {', '.join(parts)}"


# ---- one document ---------------------------------------------------------------------------------------


def show_document_report(screen: Screen, found: Mapping[str, Any]) -> None:
    """Prints what the ingest made of a document."""
    own = found["report"]
    screen.show(Text.assemble((one_name(own["path"]), "title"), f"  {own['document_id']}"))
    chars = [f"{one:,}" for one in own["page_chars"][:_SHOWN_PAGES]]
    more = ["…"] if len(own["page_chars"]) > _SHOWN_PAGES else []
    facts: dict[str, object] = {
        "state": Text(own["state"], "good" if own["state"] == "ok" else "warn"),
        "version": f"{own['version']}, since {moment(found['committed_at'])}",
        "type": short_type(own["content_type"]),
        "pages": f"{own['pages']:,}",
        "characters": f"{own['chars']:,}" + (f": {' '.join(chars + more)}" if own["pages"] > 1 else ""),
        "hidden": f"{count(own['hidden_chars'], 'character')} left out",
        "tables": "not known" if own["tables"] is None else f"{own['tables']:,}",
        "passages": f"{own['chunks']:,}, {own['chunks_without_vector']:,} of them found by words alone, "
        f"{own['truncated']} cut off",
        "tokens": f"{own['tokens']:,}",
        "read in": "not known" if own["seconds"] is None else duration(own["seconds"]),
    }
    if said := noted(own["notes"]):
        facts["notes"] = "\n".join(said)
    if failed := found["failed_since"]:
        facts["since then"] = Text(
            printable(f"{failed['code']}: {failed['message']} {failed['hint']}"), "bad"
        )
    screen.show(pairs(facts))


# ---- a file ----------------------------------------------------------------------------------------------


def check_report(report: Path | None) -> None:
    """Does nothing when a report can be written there.

    Raises:
        UsageError: its name ends in neither ``.json`` nor ``.html``, or its folder is missing.
    """
    if report is None:
        return
    if report.suffix.lower() not in _SUFFIXES:
        raise UsageError(
            f"A report is written as JSON or HTML, not as {printable(report.name)!r}.",
            hint="Name it FILE.json or FILE.html.",
        )
    if not report.absolute().parent.is_dir():
        raise UsageError(f"There is no folder {printable(report.absolute().parent)} for the report.")


def write_report(
    report: Path, done: Mapping[str, Any], page: Callable[[Mapping[str, Any]], str], kept: str
) -> None:
    """Writes a report in the format of its suffix: as JSON, or the ``page`` of it.

    Raises:
        StorageError: it cannot be written; ``kept`` says what was done all the same.
    """
    html = report.suffix.lower() == ".html"
    text = page(done) if html else json.dumps(done, ensure_ascii=False, indent=2)
    try:
        report.write_text(text + "\n", encoding="utf-8", errors="backslashreplace")
    except OSError as error:
        raise StorageError(
            f"Cannot write the report {printable(report)}: {error.strerror or error}.",
            hint=kept,
        ) from error


_STYLE = """
:root { color-scheme: light dark; font: 15px/1.5 system-ui, "Noto Sans", "Noto Sans CJK JP", sans-serif; }
body { max-width: 74rem; margin: 2rem auto; padding: 0 1.5rem; }
h1 { font-size: 1.5rem; margin-bottom: 0; } h2 { font-size: 1.1rem; margin-top: 2.2rem; }
p.faint, td.faint, .faint { opacity: .7; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; vertical-align: top; padding: .35rem .8rem .35rem 0; border-bottom: 1px solid #8884; }
td.n, th.n { text-align: right; font-variant-numeric: tabular-nums; }
td.path { overflow-wrap: anywhere; font-weight: 600; min-width: 18rem; } table.narrow { width: auto; }
code { font-size: .9em; } ul { margin: 0; padding-left: 1.1rem; }
.state { border-radius: .3rem; padding: .05rem .45rem; white-space: nowrap; background: #8883; }
.ok { background: #2a92; } .failed { background: #d334; } .partial { background: #c904; }
"""


def report_page(done: Mapping[str, Any]) -> str:
    """Returns an ingest's report as one HTML page without scripts, links or anything to fetch."""
    files = done["files"]
    states = [one["state"] for one in files]
    counts = [
        (name, done[name]) for name in ("added", "replaced", "moved", "updated", "removed", "unchanged")
    ]
    counts += [(name, states.count(name)) for name in ("partial", "failed", "skipped")]
    look = [one for one in files if one["state"] in ("failed", "partial")]
    other = [one for one in files if one["state"] not in ("failed", "partial")]
    title = f"Ingest of {_shown(done['collection'])}"
    stopped = done["stopped"] and f"Stopped before its end: {done['stopped'].rstrip('.')}. {done['hint']}"
    parts = [
        "<!doctype html>",
        '<html lang="en"><head><meta charset="utf-8">',
        """<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">""",
        '<meta name="viewport" content="width=device-width">',
        f"<title>{title}</title><style>{_STYLE}</style></head><body>",
        f"<h1>{title}</h1>",
        f'<p class="faint">{_shown(duration(done["seconds"]))}, {count(done["chunks"], "passage")}'
        f"{', a dry run: nothing was changed' if done['dry_run'] else ''}</p>",
        *(f'<p class="state partial">{_shown(said)}</p>' for said in (stopped, done["slower"]) if said),
        "<h2>Files</h2>",
        _table([("", ""), ("", "n")], [(_shown(name), f"{number:,}") for name, number in counts if number]),
        *_formats(files),
        *_section("Need a look", look),
        *_section("All other files", other),
        "</body></html>",
    ]
    return "\n".join(part for part in parts if part)


def _section(heading: str, files: Sequence[Mapping[str, Any]]) -> list[str]:
    if not files:
        return []
    columns = [("File", "path"), ("State", ""), ("Pages", "n"), ("Characters", "n"), ("Tables", "n")]
    columns += [("Passages", "n"), ("Tokens", "n"), ("Seconds", "n"), ("What to know", "")]
    rows = [
        (
            _shown(one["path"]),
            f'<span class="state {_shown(one["state"])}">{_shown(one["state"])}</span>',
            f"{one['pages']:,}" if one["pages"] else "",
            f"{one['chars']:,}" if one["chars"] else "",
            f"{one['tables']:,}" if one["tables"] else "",
            f"{one['chunks']:,}" if one["chunks"] else "",
            f"{one['tokens']:,}" if one["tokens"] else "",
            "" if one["seconds"] is None else f"{one['seconds']:.2f}",
            _remarks(one),
        )
        for one in files
    ]
    return [f"<h2>{heading} ({len(files):,})</h2>", _table(columns, rows)]


def _remarks(one: Mapping[str, Any]) -> str:
    said = [
        f"<code>{_shown(one['code'])}</code> {_shown(one['message'])}"
        if one["code"]
        else _shown(one["message"])
    ]
    said += [_shown(one["hint"]), *map(_shown, noted(one["notes"]))]
    if len(one["page_chars"]) > 1:
        shown = [f"{chars:,}" for chars in one["page_chars"][:_SHOWN_PAGES]]
        more = " …" * (len(one["page_chars"]) > _SHOWN_PAGES)
        said.append(f"Characters of each page: {' '.join(shown)}{more}")
    if one["chunks_without_vector"]:
        said.append(f"Found by words alone: {count(one['chunks_without_vector'], 'passage')}.")
    kept = [part for part in said if part]
    return f"<ul>{''.join(f'<li>{part}</li>' for part in kept)}</ul>" if kept else ""


def _formats(files: Sequence[Mapping[str, Any]]) -> list[str]:
    found = by_format(files)
    if not found:
        return []
    states = [name for name in STATES if any(row.get(name) for row in found.values())]
    names = [*states, "pages", "chunks"]
    heads = [("Format", ""), *((name.replace("chunks", "passages"), "n") for name in names)]
    rows = [(_shown(kind), *(f"{row.get(name, 0):,}" for name in names)) for kind, row in found.items()]
    return ["<h2>Formats</h2>", _table(heads, rows)]


def _table(columns: Sequence[tuple[str, str]], rows: Iterable[Sequence[str]]) -> str:
    """Returns a table of cells that are HTML already."""
    narrow = "" if any(kind == "path" for _, kind in columns) else ' class="narrow"'
    head = "".join(f'<th class="{kind}">{escape(name)}</th>' for name, kind in columns)
    body = "\n".join(
        "<tr>"
        + "".join(f'<td class="{kind}">{cell}</td>' for (_, kind), cell in zip(columns, row, strict=True))
        + "</tr>"
        for row in rows
    )
    return f"<table{narrow}>{f'<tr>{head}</tr>' if any(name for name, _ in columns) else ''}\n{body}</table>"


def _shown(value: object) -> str:
    return escape(printable(value))
