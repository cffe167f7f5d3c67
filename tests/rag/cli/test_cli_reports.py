"""The report of an ingest: on the terminal, in a file, and of a document long after."""

from __future__ import annotations

import json
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from corpus.errors import StorageError
from ingest.reports import FileReport, IngestReport
from rag.as_json import to_json
from rag.cli import following, ingesting
from rag.cli.reporting import by_format, noted, page_ranges, report_page, short_type
from rag.retrieval.filters import SHORT_TYPES
from tests.rag.cli_runs import Vouch, company, runner, without_model

__all__ = ["company"]

HIDDEN = "<html><body><p>{words}</p><p style='display:none'>secret words</p></body></html>"
EVIL = '<script>alert(1)</script> & "x".txt'


@pytest.fixture
def fresh(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> tuple[Vouch, Path]:
    """Commands on an empty data folder, and a folder of good, odd and broken files."""
    without_model(monkeypatch)
    folder = tmp_path / "documents"
    folder.mkdir()
    for name in (EVIL.replace("/", "∕"), "就業規則.md"):
        (folder / name).write_text(f"# 休暇\n\nWhat {name} says of leave.\n", encoding="utf-8")
    (folder / "page.html").write_text(HIDDEN.format(words="Leave is ten days."), encoding="utf-8")
    (folder / "broken.pdf").write_bytes(b"%PDF-1.7 and then nothing")
    (folder / "table.md").write_text("# Leave\n\n| a | b |\n|---|---|\n| 1 | 2 |\n", encoding="utf-8")
    return runner(capsys, tmp_path / "data"), folder


class Page(HTMLParser):
    """Collects the tags and the text of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


def test_a_page_has_every_file_no_script_and_nothing_to_fetch(fresh: tuple[Vouch, Path]) -> None:
    vouch, folder = fresh
    report = folder.parent / "報告.HTML"
    ended = vouch("ingest", folder, "--report", report)
    assert ended.code == 1
    page = Page(report.read_text(encoding="utf-8"))
    assert not {"script", "link", "img", "iframe", "a"} & {tag for tag, _ in page.tags}
    assert not [name for _, attrs in page.tags for name in attrs if name.startswith(("on", "src", "href"))]
    for name in (EVIL.replace("/", "∕"), "就業規則.md", "broken.pdf", "damaged_file"):
        assert name in page.text
    assert "alert(1)" in page.text


def test_another_suffix_is_refused_before_anything_runs(fresh: tuple[Vouch, Path]) -> None:
    vouch, folder = fresh
    ended = vouch("ingest", folder, "--report", folder.parent / "report.txt")
    assert (ended.code, "FILE.json or FILE.html" in ended.err) == (2, True)
    assert vouch("documents", "list", "--json").json == {"documents": [], "total": 0, "failures": []}


def test_the_summary_counts_states_and_formats(fresh: tuple[Vouch, Path]) -> None:
    vouch, folder = fresh
    ended = vouch("ingest", folder)
    rows = {line.split()[0]: line.split()[1:] for line in ended.out.splitlines() if line.strip()}
    assert rows["format"] == ["ok", "failed", "pages", "passages"]
    assert rows["md"] == ["2", "2", "2"]
    assert rows["pdf"] == ["1"]
    (folder / "page.html").rename(folder / "seite.html")
    moved = vouch("ingest", folder, "--json").json
    assert (moved["moved"], moved["removed"]) == (1, 0)


def test_the_summary_says_which_passages_are_of_files_that_moved(fresh: tuple[Vouch, Path]) -> None:
    vouch, folder = fresh
    vouch("ingest", folder)
    (folder / "table.md").rename(folder / "table.txt")
    (folder / "page.html").write_text("<p>A page that is new.")
    told = " ".join(vouch("ingest", folder).out.split())
    assert "1 replaced 2 passages from 2 pages, those of 1 moved file among them 1 moved" in told


def test_a_document_tells_its_report_long_after(fresh: tuple[Vouch, Path]) -> None:
    vouch, folder = fresh
    first = {one["path"]: one for one in vouch("ingest", folder, "--json").json["files"]}
    kept = vouch("documents", "report", "page.html", "--json").json
    assert kept["report"] == first["page.html"]
    assert (kept["failed_since"], kept["report"]["hidden_chars"], kept["report"]["tables"]) == (None, 12, 0)
    assert vouch("documents", "report", "table.md", "--json").json["report"]["tables"] == 1
    for one in first.values():
        assert one["chunks"] or one["state"] == "failed"
        assert (sum(one["page_chars"]) >= 1) == (one["state"] == "ok")
        assert one["truncated"] == 0
    (folder / "page.html").write_bytes(bytes(range(256)) * 20)
    vouch("ingest", folder)
    shown = vouch("documents", "report", "page.html")
    assert "12 characters left out" in shown.out
    assert "since then" in shown.out
    after = vouch("documents", "report", "page.html", "--json").json
    assert after["report"] == kept["report"]
    assert set(after["failed_since"]) == {"code", "message", "hint"}
    assert str(folder) not in json.dumps(after)


def test_notes_of_several_pages_are_told_once() -> None:
    notes = [{"code": "scanned_page", "message": "It is a picture.", "page": page} for page in (9, 2, 3, 4)]
    assert noted([*notes, {"code": "encoding", "message": "Read as EUC-JP.", "page": 0}]) == [
        "Pages 2-4, 9: It is a picture.",
        "Read as EUC-JP.",
    ]
    assert page_ranges([7]) == "Page 7"


def shown(*files: FileReport, **given: Any) -> Page:
    """The page of an ingest of these files."""
    counts = dict.fromkeys(
        ("added", "replaced", "moved", "updated", "removed", "unchanged", "failed", "chunks"), 0
    )
    return Page(report_page(to_json(IngestReport(files=files, seconds=1.0, **counts, **given))))


def test_the_page_has_the_characters_of_each_page_and_the_tokens() -> None:
    one = FileReport("plan.pdf", "ok", pages=3, chars=4321, page_chars=(1234, 0, 3087), chunks=9, tokens=987)
    page = shown(one, collection="hr")
    assert "4,321" in page.text
    assert "987" in page.text
    assert "Characters of each page: 1,234 0 3,087" in page.text


def test_a_name_that_is_told_with_a_remark_makes_no_format() -> None:
    one = {"path": "a.txt (as 'b.txt')", "state": "skipped", "content_type": "", "pages": 0, "chunks": 0}
    assert list(by_format([one])) == ["none"]


def test_a_stopped_dry_run_is_a_page_too() -> None:
    page = shown(
        collection="<b>",
        dry_run=True,
        stopped="<i>",
        hint="Go on with the same command.",
        slower="Embedding is slower: <u>.",
    )
    assert "Ingest of <b>" in page.text
    assert "Stopped before its end: <i>. Go on with the same command." in page.text
    assert "Embedding is slower: <u>." in page.text
    assert not {"b", "i", "u"} & {tag for tag, _ in page.tags}


# ---- following a folder -----------------------------------------------------------------------------------


def test_what_changes_in_a_followed_folder_is_ingested_with_the_same_options(
    fresh: tuple[Vouch, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    vouch, folder = fresh
    told = []

    def follow(folders: list[Path], data_dir: Path, stop: object) -> Iterator[frozenset[Path]]:
        told.append((folders, data_dir))
        yield frozenset()
        (folder / "new.txt").write_text("The parakeet rests on Sundays.", encoding="utf-8")
        (folder / "page.html").rename(folder / "seite.html")
        (folder / "unseen.txt").write_text("Nobody told of this.", encoding="utf-8")
        yield frozenset({folder / "new.txt", folder / "page.html", folder / "seite.html"})
        (folder / "new.txt").unlink()
        monkeypatch.setattr("ingest.survey.plan", _refuse)
        yield frozenset({folder / "new.txt"})
        monkeypatch.undo()
        without_model(monkeypatch)
        yield frozenset({folder / "table.md"})

    monkeypatch.setattr("ingest.watching.follow", follow)
    ended = vouch("ingest", folder, "--sync", "--watch", "--meta", "team=hr", "--json")
    assert ended.code == 0
    assert told == [([folder], folder.parent / "data")]
    assert "error: The disk is full." in ended.err
    rounds = list(_values(ended.out))
    counted = [
        {name: one[name] for name in ("added", "moved", "removed", "failed") if one[name]} for one in rounds
    ]
    assert counted == [{"added": 4, "failed": 1}, {"added": 1, "moved": 1}, {"removed": 1}]
    listed = vouch("documents", "list", "--json").json["documents"]
    assert {one["path"] for one in listed} >= {"seite.html", "table.md"}
    assert not {one["path"] for one in listed} & {"new.txt", "page.html", "unseen.txt"}
    assert all(one["metadata"] == {"team": "hr"} for one in listed)


def test_a_round_that_fails_is_tried_again_though_nothing_changes(
    fresh: tuple[Vouch, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The pause grows while it fails, and what is done is not done again."""
    vouch, folder = fresh
    clock = [0.0]
    asked: list[tuple[float, list[str]]] = []

    def follow(folders: list[Path], data_dir: Path, stop: object) -> Iterator[frozenset[Path]]:
        yield frozenset()
        (folder / "new.txt").write_text("The parakeet rests on Sundays.", encoding="utf-8")
        monkeypatch.setattr("ingest.survey.plan", _refuse)
        yield frozenset({folder / "new.txt"})
        for _ in range(2 * 20):
            clock[0] += 0.5
            yield frozenset()
        monkeypatch.undo()
        without_model(monkeypatch)
        for _ in range(2 * 20):
            clock[0] += 0.5
            yield frozenset()

    def counted(session: object, params: dict[str, Any], *rest: Any) -> Any:
        asked.append((clock[0], params.get("only", [])))
        return real(session, params, *rest)

    real = ingesting._ingest
    monkeypatch.setattr("ingest.watching.follow", follow)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ingesting, "_ingest", counted)
        patch.setattr(following.time, "monotonic", lambda: clock[0])
        ended = vouch("ingest", folder, "--watch")
    new = [str(folder / "new.txt")]
    assert asked == [(0, []), (0, new), (2, new), (6, new), (14, new), (30, new)]
    assert ended.err.count("The disk is full.") == 4
    assert "tried again in 16 s" in ended.err
    assert "new.txt" in vouch("documents", "list").out


def test_a_first_ingest_that_is_interrupted_is_not_made_again(
    fresh: tuple[Vouch, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    vouch, folder = fresh
    asked: list[object] = []

    def follow(folders: list[Path], data_dir: Path, stop: object) -> Iterator[frozenset[Path]]:
        yield from (frozenset() for _ in range(3))

    def interrupted(session: object, params: object, report: object, interrupt: Any) -> dict[str, str]:
        asked.append(params)
        interrupt.asked = True
        return {"stopped": "cancelled"}

    monkeypatch.setattr("ingest.watching.follow", follow)
    monkeypatch.setattr(ingesting, "_ingest", interrupted)
    assert vouch("ingest", folder, "--watch").code == 0
    assert len(asked) == 1


def test_a_first_ingest_that_a_full_disk_stops_is_made_again_whole(
    fresh: tuple[Vouch, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    vouch, folder = fresh
    asked: list[list[str]] = []

    def follow(folders: list[Path], data_dir: Path, stop: object) -> Iterator[frozenset[Path]]:
        yield from (frozenset() for _ in range(4))

    def stopped_first(session: object, params: dict[str, Any], *rest: Any) -> dict[str, str]:
        asked.append(params.get("only", []))
        return {"stopped": "" if len(asked) > 1 else "The disk is full."}

    monkeypatch.setattr("ingest.watching.follow", follow)
    monkeypatch.setattr(ingesting, "_ingest", stopped_first)
    assert vouch("ingest", folder, "--watch").code == 0
    assert asked == [[], [str(folder)]]


def test_a_dry_run_follows_nothing(fresh: tuple[Vouch, Path]) -> None:
    vouch, folder = fresh
    assert vouch("ingest", folder, "--watch", "--dry-run").code == 2


def _refuse(*_: object, **__: object) -> None:
    raise StorageError("The disk is full.", code="disk_full")


def _values(out: str) -> Iterator[Any]:
    decoder, at = json.JSONDecoder(), 0
    while out[at:].strip():
        value, at = decoder.raw_decode(out, at + len(out[at:]) - len(out[at:].lstrip()))
        yield value


def test_a_format_is_called_what_a_filter_takes_for_it() -> None:
    assert [short_type(kind) for kind in ("text/markdown", "text/plain", "application/pdf")] == [
        "md",
        "txt",
        "pdf",
    ]
    assert all(SHORT_TYPES[short_type(kind)] == kind for kind in SHORT_TYPES.values())
    assert short_type("") == ""
