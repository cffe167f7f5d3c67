"""Markdown as generators of sites extend it: notes, tabs, components; front matter that YAML refuses."""

from __future__ import annotations

import time

import pytest

from tests.ingest.blocks import kinds
from tests.ingest.pages import read


@pytest.mark.parametrize(
    ("written", "seen"),
    [
        (":::note\n\nWear gloves.\n\n:::", "Note:\n\nWear gloves."),
        (":::tip[At the gate]\nWear gloves.\n:::", "Tip: At the gate\n\nWear gloves."),
        ("::: {.column width=50%}\nLeft.\n:::", "Left."),
        (
            '!!! warning "Ramp"\n    It is slippery.\n\n    - twice\n\nBehind.',
            "Warning: Ramp\n\nIt is slippery.\n\n- twice\n\nBehind.",
        ),
        ("??? note\n\n    Folded.", "Note:\n\nFolded."),
        (
            '=== "Linux"\n\n    Use apt.\n\n=== "Windows"\n\n    Use winget.',
            "Linux\n\nUse apt.\n\nWindows\n\nUse winget.",
        ),
        ("> [!WARNING]\n> It is slippery.", "Warning:\nIt is slippery."),
        ("> [!note]- A title\n> Text.", "Note: A title\n\nText."),
        (
            '<Tabs>\n  <TabItem value="a" label="Apple">\n    An apple.\n  </TabItem>\n</Tabs>',
            "Apple\n\nAn apple.",
        ),
        ("import A from '@site/a';\n\n{/* a\nremark */}\n\n<A />\n\nTold.", "Told."),
        (
            "10<sup>6</sup>, m<sup>2</sup>, <ruby>漢字<rp>(</rp><rt>かんじ</rt><rp>)</rp></ruby>",
            "10^6, m2, 漢字",
        ),
        ("See [[leave|the rules]] and [[Pay]]. ![[plan.png]]", "See the rules and Pay."),
    ],
)
def test_marks_of_sites_are_read_as_their_pages_show_them(written: str, seen: str) -> None:
    assert read(written, "a.md").text == seen


@pytest.mark.parametrize(
    "written",
    [
        "Use `:::note` and `[[x]]`.",
        "```\n:::note\n!!! tip\n<Tabs>\n```",
        "import x from 'y'",
        "!!! wow, that was loud !!!",
        'Sales === "good" here',
    ],
)
def test_what_only_looks_like_a_mark_stays(written: str) -> None:
    assert read(written, "a.md").text == written.strip("`\n").replace("`", "")


def test_a_name_in_angle_brackets_that_is_never_closed_stays_and_moves_no_item() -> None:
    source = "<YOUR_NAME>\n\n- one\n  - inner\n- two\n"
    assert read(source, "a.md").text == source.rstrip()


def test_front_matter_that_means_text_where_yaml_sees_more_is_read() -> None:
    source = (
        "---\ntitle: Leave: it's a guide\nowner: @hr\ntags: [a, b]\ndate: 2026-03-04\n---\nTwenty days.\n"
    )
    document = read(source, "leave.md")
    assert (document.title, document.text) == ("Leave: it's a guide", "Twenty days.")
    assert dict(document.metadata) == {"owner": "@hr", "tags": "a, b"}
    assert not document.notes


def test_articles_of_html_in_json_are_read_as_pages() -> None:
    body = "<h2>Days</h2><p>Twenty &amp; more.</p><ul><li>paid</li></ul>"
    source = f'[{{"title": "Leave", "body": "{body}", "by": "<b>HR</b>"}}]'
    assert kinds(read(source, "help.json"))[1:] == [
        ("paragraph", 0, "title: Leave\nby: HR"),
        ("paragraph", 0, "body:"),
        ("heading", 2, "Days"),
        ("paragraph", 0, "Twenty & more."),
        ("list", 0, "- paid"),
    ]
    assert "a <b> c" in read('{"rule": "a <b> c </b>"}', "a.json").text


@pytest.mark.parametrize(
    "part", ["::: ", "!!! a ", "<A", "[[", "{/*", "> [!a", "<sup>", '=== "', "<Tabs>\n", ":::a\n"]
)
def test_marks_are_read_in_time_linear_in_the_text(part: str) -> None:
    start = time.process_time()
    read(f"Told.\n\n{part * 20_000}", "a.md")
    assert time.process_time() - start < 20


def test_tables_written_in_capitals_stay_tables() -> None:
    source = (
        "<TABLE>\n<TR>\n<TH>Kind</TH><TH>Fee</TH>\n</TR>\n<TR>\n<TD>Small</TD><TD>5</TD>\n</TR>\n</TABLE>\n"
    )
    assert kinds(read(source, "a.md")) == [("table", 0, "Kind | Fee\nSmall | 5")]


@pytest.mark.parametrize("text", [f":::{'a' * 50_000}:x", "10<sup>6</sup>" * 50_000])
def test_long_names_and_many_powers_are_read_in_linear_time(text: str) -> None:
    start = time.process_time()
    read(f"Told.\n\n{text}", "a.md")
    assert time.process_time() - start < 6
