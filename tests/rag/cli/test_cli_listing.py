"""Long lists: whole and aligned in a pipe, a first page on a terminal, whatever the names hold."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console

from rag.cli import listing, screen
from rag.cli.plain import JsonList, Plain
from tests.rag.cli_runs import Vouch, company, read

__all__ = ["company", "read"]

CELLS = st.lists(
    st.sampled_from(["leave", "年次有給休暇", "é", "a\nb", "x y", "x" * 30, "7"]), max_size=3
).map("".join)


def table_of(rows: list[list[str]], right: list[str]) -> Any:
    made = screen.table("one", "two", "three", right=right)
    for row in rows:
        made.add_row(*map(screen.cell, row))
    return made


@given(
    st.lists(st.lists(CELLS, min_size=3, max_size=3), max_size=6),
    st.lists(st.sampled_from(["one", "two", "three"])),
)
def test_a_table_in_a_pipe_looks_as_the_terminals_would_on_a_line_without_end(
    rows: list[list[str]], right: list[str]
) -> None:
    drawn = io.StringIO()
    Console(file=drawn, width=100_000, color_system=None, theme=screen._THEME).print(table_of(rows, right))
    expected = [line.rstrip() for line in drawn.getvalue().split("\n")[:-1]]
    assert list(Plain().lines(table_of(rows, right))) == expected


@given(
    st.lists(st.lists(st.lists(CELLS.map(screen.one_line), min_size=3, max_size=3), min_size=1), min_size=1)
)
def test_pieces_of_a_table_have_one_head_and_columns_that_never_shrink(pieces: list[list[list[str]]]) -> None:
    plain = Plain()
    lines = [line for rows in pieces for line in plain.lines(table_of([[*row[:2], "|"] for row in rows], []))]
    assert len(lines) == 1 + sum(map(len, pieces))
    assert lines[0].split() == ["one", "two", "three"]
    ends = [cell_len(line) for line in lines[1:]]
    assert ends == sorted(ends)
    for line, row in zip(lines[1:], [row for rows in pieces for row in rows], strict=True):
        assert all(one in line for one in row[:2])


@given(st.lists(st.lists(st.dictionaries(st.text(), st.text() | st.integers() | st.none()))), st.booleans())
def test_a_list_of_json_in_pieces_is_what_it_would_be_in_one(pieces: list[list[Any]], more: bool) -> None:
    written: list[str] = []
    made = JsonList(written.append, lambda value: json.dumps(value, indent=2, ensure_ascii=False), "all")
    for piece in pieces:
        made.add(piece)
    rest: dict[str, Any] = {"total": 3, "other": []} if more else {}
    made.end(rest)
    whole = {"all": [one for piece in pieces for one in piece], **rest}
    assert "".join(written) == json.dumps(whole, indent=2, ensure_ascii=False) + "\n"


def test_documents_are_found_by_their_names_and_shown_from_one_to_another(read: Vouch) -> None:
    def paths(*more: str) -> list[str]:
        return [one["path"] for one in read("documents", "list", "--json", *more).json["documents"]]

    everything = paths()
    assert len(everything) == 4
    assert paths("--limit", "3") + paths("--offset", "3") == everything
    assert paths("-n", "1", "--offset", "1") == everything[1:2]
    assert paths("--find", "ANNUAL leave") == ["hr/leave.md"]
    assert paths("--find", "ＨＲ/") == [path for path in everything if path.startswith("hr/")]
    assert read("documents", "list", "--find", "noise", "--json").json == {
        "documents": [],
        "total": 0,
        "failures": [
            one for one in read("status", "--json").json["failures"] if one["key"]["path"] == "noise.txt"
        ],
    }
    shown = read("documents", "list", "--limit", "1", "--offset", "1", "-c", "default")
    assert len(shown.out.splitlines()) == 2
    assert "Not read" in read("documents", "list", "--limit", "1").out
    assert shown.err == (
        "2 to 2 of 4 documents. The next ones: vouch documents list --collection default --limit 1 --offset 2\n"
    )
    assert read("documents", "list", "--offset", "9").err == "4 documents; none behind the first 9.\n"
    assert read("documents", "list", "--find", "zebra").err == "No document is called that.\n"
    unknown = read("documents", "list", "--find", "leave", "--collection", "typo")
    assert "There is no collection 'typo'" in unknown.err


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_terminal_shows_a_first_page_of_what_could_not_be_read(monkeypatch: pytest.MonkeyPatch) -> None:
    failures = [
        {"key": {"path": f"{n}\n\t.pdf", "collection": "c"}, "code": "x", "message": "m", "hint": ""}
        for n in range(5)
    ]
    for stream, shown in ((Terminal(), 2), (io.StringIO(), 5)):
        monkeypatch.setattr("sys.stdout", stream)
        listing.show_failures(screen.Screen(), failures, most=2)
        assert stream.getvalue().count(".pdf") == shown
        assert ("and 3 more" in stream.getvalue()) == (shown == 2)
        assert "Not read (5)" in stream.getvalue()
