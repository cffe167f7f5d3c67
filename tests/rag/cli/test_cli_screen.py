"""What reaches a terminal: harmless characters, lines that fit, excerpts that hold the match."""

from __future__ import annotations

import io
import json
import re
import sys
import unicodedata
from collections.abc import Callable
from unittest import mock

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.text import Text

from rag.cli import passages, screen
from rag.cli.groups import FLAGS, VALUED, hoist
from rag.words.terms import weights

ANY_TEXT = st.text(alphabet=st.characters(), max_size=300)  # lone surrogates too
PROSE = st.lists(
    st.sampled_from(
        [
            "leave",
            "carried",
            "over",
            "年次有給休暇",
            "翌年に",
            "繰り越す。",
            "「規程」",
            "a",
            "x" * 50,
            "\n",
            "1 | 2",
        ]
    ),
    max_size=80,
).map(" ".join)


# ---- characters ----------------------------------------------------------------------------------


@given(ANY_TEXT)
@example("\x1b[2J\x9b31m\x07\u202egnp.exe\ud800")
def test_printable_text_can_command_no_terminal(text: str) -> None:
    shown = screen.printable(text)
    assert len(shown) == len(text)
    assert not [c for c in shown if unicodedata.category(c) in ("Cc", "Cs") and c not in "\t\n"]
    shown.encode("utf-8")


def test_a_document_cannot_paint_the_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.StringIO()
    monkeypatch.setattr("sys.stdout", stream)
    hit = _hit(
        text="leave \x1b[31mred\x1b[0m", title="\x1b]0;title\x07", source="a\x1b[2J.md", headings=["\x9b5m"]
    )
    passages.show_passages(screen.Screen(), "leave", [hit], full=True)
    assert "\x1b" not in stream.getvalue()
    assert "\x9b" not in stream.getvalue()
    assert "red" in stream.getvalue()


@pytest.mark.parametrize("encoding", ["utf-8", "ascii", "iso-8859-1", "shift_jis"])
def test_json_is_json_in_every_encoding(encoding: str, monkeypatch: pytest.MonkeyPatch) -> None:
    raw = io.BytesIO()
    monkeypatch.setattr("sys.stdout", io.TextIOWrapper(raw, encoding=encoding))
    value = {"title": "休暇 é", "path": "a\udcff", "control": "\x1b\u2028"}
    shown = screen.Screen()
    shown.json(value)
    shown.show("休暇 é \udcff")
    shown.flush()
    text = raw.getvalue().decode(encoding)
    assert json.loads(text[: text.rindex("}") + 1]) == value


def test_colour_goes_only_where_it_is_wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    def shown() -> str:
        stream = io.StringIO()
        monkeypatch.setattr("sys.stdout", stream)
        passages.show_passages(screen.Screen(), "days", [_hit()], full=False)
        return stream.getvalue()

    colour = re.compile(r"\x1b\[[\d;]*3\d[;m]")
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert "\x1b" not in shown()
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert colour.search(shown())
    monkeypatch.setenv("NO_COLOR", "1")
    assert not colour.search(shown())


def test_a_closed_stream_swallows_what_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdout", None)
    monkeypatch.setattr("sys.stderr", None)
    shown = screen.Screen()
    shown.show("result")
    shown.say("note")
    shown.error("wrong", "do right")
    shown.flush()
    assert shown.out.file is not None


# ---- lines ---------------------------------------------------------------------------------------


@given(PROSE, st.integers(2, 120))
@example("「規程」", 2)
@example("、、、、、、", 2)
def test_wrapped_lines_fit_and_lose_only_blanks(text: str, width: int) -> None:
    lines = screen.wrap(Text(text), width)
    assert all(cell_len(line.plain) <= width for line in lines)
    assert "".join("".join(line.plain for line in lines).split()) == "".join(text.split())


def test_lines_break_between_japanese_characters_but_not_before_a_full_stop() -> None:
    lines = [line.plain for line in screen.wrap(Text("有給休暇は翌年に繰り越す。終わり"), 24)]
    assert lines == ["有給休暇は翌年に繰り越", "す。終わり"]


def test_wrapping_keeps_what_is_marked() -> None:
    text = Text("aaa bbb ccc")
    text.stylize("match", 4, 11)
    marked = [line.plain[s.start : s.end].strip() for line in screen.wrap(text, 4) for s in line.spans]
    assert marked == ["bbb", "ccc"]


# ---- excerpts ------------------------------------------------------------------------------------


def _hit(**changes: object) -> dict[str, object]:
    base = {
        "rank": 1,
        "score": 0.0328,
        "title": "Handbook",
        "collection": "hr",
        "source": "hr/handbook.pdf",
        "page": 15,
        "last_page": 15,
        "headings": ["6 Leave"],
        "text": "6 Leave\nUp to five days.",
        "legs": {"dense": 0.8, "lexical": 12.0},
    }
    return base | changes


def _shown(hit: dict[str, object], query: str, *, full: bool = False) -> str:
    return passages._passage(hit, weights(query), 60, full).plain


@given(st.integers(0, 400), st.integers(0, 400))
def test_an_excerpt_holds_the_match_wherever_it_stands(before: int, after: int) -> None:
    text = "other words stand here " * before + "the parakeet rests. " + "and more words follow " * after
    shown = _shown(_hit(text=text), "parakeet")
    assert "parakeet" in shown
    assert len(shown.splitlines()) <= passages.SNIPPET_LINES + 4
    assert all(cell_len(line) <= 60 + 4 for line in shown.splitlines())


def test_rows_stand_apart_in_japanese_too_and_other_lines_are_joined() -> None:
    text = "区分 | 国内 | 海外\n役員 | 20,000円 | 300 USD\n次の\n行である。\n\n段落 two\n three"
    rows = "区分 | 国内 | 海外\n役員 | 20,000円 | 300 USD\n"
    assert passages.tidy(text) == f"{rows}次の行である。 段落 two three"


def test_an_excerpt_says_what_it_leaves_out_and_full_leaves_nothing_out() -> None:
    text = "First sentence here. " * 60 + "The parakeet rests. " + "Last sentence here. " * 60
    shown = _shown(_hit(text=text), "parakeet")
    assert "    … " in shown
    assert " …\n" in shown
    whole = _shown(_hit(text=text), "parakeet", full=True)
    assert "…" not in whole
    assert " ".join(whole.split()).count("sentence here.") == 120


def test_an_excerpt_does_not_repeat_the_heading_above_it() -> None:
    shown = _shown(_hit(), "days")
    assert shown.splitlines()[1:4] == ["    6 Leave", "    hr/handbook.pdf  in hr", "    Up to five days."]
    assert "6 Leave" in _shown(_hit(text="6 Leave"), "leave").splitlines()[3]


def test_rows_of_a_table_stay_apart_and_lines_of_japanese_join() -> None:
    assert (
        passages.tidy("年次有給\n休暇は\nyear end\nGrade | Days\n1 | 26\n")
        == "年次有給休暇は year end\nGrade | Days\n1 | 26"
    )


@pytest.mark.parametrize(
    ("query", "text", "marked"),
    [
        ("carried over days", "Days are carried over.", ["Days", "carried"]),
        ("年次有給休暇", "第1条 年次有給休暇は翌年に", ["年次有給休暇"]),
        ("ＶＰＮ", "Use the vpn now", ["vpn"]),
        ("how is it", "how is it going", []),
        ("?!…", "nothing", []),
    ],
)
def test_the_words_of_the_query_are_marked(query: str, text: str, marked: list[str]) -> None:
    shown = passages.marked(text, weights(query))
    assert [shown.plain[span.start : span.end] for span in shown.spans] == marked


def test_pages_are_said_as_people_say_them() -> None:
    assert passages.pages_of({"page": 3, "last_page": 3}) == "p. 3"
    assert passages.pages_of({"page": 3, "last_page": 5}) == "pp. 3-5"
    one = {"page": 3, "last_page": 3}
    for label, shown in (
        ("iv", "printed: iv"),
        ("A-3", "printed: A-3"),
        ("見積", "見積"),
        ("a.ics", "a.ics"),
    ):
        assert passages.pages_of(one | {"page_label": label}) == f"p. 3 ({shown})"


# ---- numbers -------------------------------------------------------------------------------------


def test_numbers_are_said_as_people_say_them() -> None:
    assert [screen.size(n) for n in (0, 999, 1000, 12_345_678, 2 * 10**12)] == [
        "0 bytes", "999 bytes", "1.0 kB", "12.3 MB", "2.0 TB",
    ]  # fmt: skip
    assert [screen.duration(s) for s in (0.406, 42.4, 200, 7500)] == [
        "0.41 s",
        "42 s",
        "3 min 20 s",
        "2 h 5 min",
    ]
    assert [screen.count(n, "file") for n in (0, 1, 1204)] == ["0 files", "1 file", "1,204 files"]
    assert screen.moment(None) == ""


# ---- options anywhere ----------------------------------------------------------------------------


@given(
    st.permutations(
        [["search"], ["leave"], ["-k", "3"], ["--json"], ["--data-dir", "x"], ["--config=y"], ["-q"]]
    )
)
def test_global_options_go_in_front_from_wherever_they_stand(parts: list[list[str]]) -> None:
    moved = hoist([word for part in parts for word in part])
    assert sorted(moved[:5]) == ["--config=y", "--data-dir", "--json", "-q", "x"]
    assert moved[moved.index("--data-dir") + 1] == "x"
    kept = [part for part in parts if part[0] not in FLAGS and part[0].partition("=")[0] not in VALUED]
    assert moved[5:] == [word for part in kept for word in part]


def test_what_stands_behind_two_dashes_stays_there() -> None:
    assert hoist(["search", "--", "--json", "--data-dir"]) == ["search", "--", "--json", "--data-dir"]
    assert hoist(["search", "--data-dir"]) == ["search", "--data-dir"]


@given(name=ANY_TEXT)
@example(name="new\nline, tab\there, \x0b\x0c\r\x1c\x1d\x1e\x85\u2028\u2029.txt")
def test_a_name_takes_one_line_whatever_it_holds(name: str) -> None:
    shown = screen.where(name).plain
    assert len(shown.splitlines()) <= 1
    assert "\t" not in shown
    out = io.StringIO()
    with mock.patch.object(sys, "stdout", out):
        rows = screen.table("id", "path")
        rows.add_row("1", screen.where(name))
        screen.Screen().show(rows)
    assert len(out.getvalue().splitlines()) == 2


@given(st.lists(ANY_TEXT.map(screen.one_name), max_size=8))
def test_many_lines_are_those_that_are_shown_one_by_one(names: list[str]) -> None:
    """But none is folded, and blanks at an end stay."""

    def printed(show: Callable[[screen.Screen, list[Text]], None]) -> str:
        with mock.patch("sys.stdout", io.StringIO()) as stream:
            show(screen.Screen(), [screen.where(name) for name in names])
            return stream.getvalue()

    def one_by_one(shown: screen.Screen, lines: list[Text]) -> None:
        shown.out.width = 10_000
        shown.show(*lines)

    assert printed(screen.Screen.lines) == printed(one_by_one)
