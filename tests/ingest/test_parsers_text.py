"""Plain text and Markdown: headings, lists, tables, front matter, titles."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from corpus.errors import ParseError
from ingest.parsers import parse
from ingest.parsers.hyphens import without_line_hyphens
from tests.ingest.blocks import kinds
from tests.ingest.pages import read


def test_text_keeps_its_lines_headings_lists_and_tables() -> None:
    source = (
        "TRAVEL POLICY\n=============\n\n1. Scope\n\nThis applies to all\nemployees.\n\n3.2 Hotels\n\n"
        "- one\n- two\n  goes on\n\n"
        "City\tRate\nOslo\t200\n\n■ 概要\n本文です。\n\n第3条（休暇）\n\n"
        "A sentence of its own.\n\fPage two\n"
    )
    document = read(source, "travel_policy-2024.txt")
    assert kinds(document) == [
        ("heading", 1, "TRAVEL POLICY"),
        ("heading", 1, "1. Scope"),
        ("paragraph", 0, "This applies to all\nemployees."),
        ("heading", 2, "3.2 Hotels"),
        ("list", 0, "- one\n- two goes on"),
        ("table", 0, "City | Rate\nOslo | 200"),
        ("heading", 2, "■ 概要"),
        ("paragraph", 0, "本文です。"),
        ("heading", 3, "第3条（休暇）"),
        ("paragraph", 0, "A sentence of its own."),
        ("paragraph", 0, "Page two"),
    ]
    assert [page.number for page in document.pages] == [1, 2]
    assert document.text[document.pages[1].start : document.pages[1].end] == "Page two"
    assert document.title == "TRAVEL POLICY"


def test_markdown_is_kept_as_its_reader_sees_it() -> None:
    source = """---
title: Leave policy
date: 2024-03-01
tags: [hr, leave]
nested: {a: {b: c}}
---
# Leave *and* rest <!-- secret -->

See [the handbook](https://example.com/x) and `code`,
next line.

<!-- hidden
comment -->
1. one
   - deep
2. two

   more

```python
x = 1
  y = 2
```

| City | Rate |
|------|-----:|
| Oslo | **200** |

<div>raw <b>html</b></div>

![a map](map.png)
"""
    document = read(source, "leave.md")
    assert kinds(document) == [
        ("heading", 1, "Leave and rest"),
        ("paragraph", 0, "See the handbook and code,\nnext line."),
        ("list", 0, "1. one\n  - deep\n2. two more"),
        ("code", 0, "x = 1\n  y = 2"),
        ("table", 0, "City | Rate\nOslo | 200"),
        ("paragraph", 0, "raw html"),
        ("paragraph", 0, "a map"),
    ]
    assert document.blocks[4].header == "City | Rate"
    assert (document.title, document.date) == ("Leave policy", datetime(2024, 3, 1, tzinfo=UTC))
    assert dict(document.metadata) == {"tags": "hr, leave"}


@pytest.mark.parametrize(
    "front",
    [
        "---\n: : :\n---\n",
        "---\na: &x [1]\nb: *x\n---\n",
        "---\n- a list\n---\n",
        "---\nno end\n",
        "+++\nbad toml\n+++\n",
        "---\ndate: 2024-13-45\n---\n",
        "---\n!!python/object/apply:os.system [ls]\n---\n",
    ],
)
def test_bad_front_matter_never_loses_the_page(front: str) -> None:
    assert "The body." in read(f"{front}\nThe body.\n", "a.md").text


def test_front_matter_is_kept_as_it_is_written() -> None:
    source = (
        "---\ntitle: Logging in &amp; *all* networks\nversion: 1.10\ncode: 0123\ntime: 12:30:00\n"
        "lang: no\nanchored: &x Bob\nempty:\nnothing: null\nstale: false\ndate: 2025-02-30\n"
        "updated: 2025-03-01 09:30:00\n---\nThe body.\n"
    )
    document = read(source, "a.md")
    assert (document.text, document.notes) == ("The body.", ())
    assert (document.title, document.language) == ("Logging in & *all* networks", "no")
    assert document.date == datetime(2025, 3, 1, 9, 30, tzinfo=UTC)
    kept = {"version": "1.10", "code": "0123", "time": "12:30:00", "anchored": "Bob"}
    assert {key: document.metadata.get(key) for key in kept} == kept
    assert not {"empty", "nothing", "stale"} & document.metadata.keys()


def test_only_marks_make_headings_in_restructuredtext_and_asciidoc() -> None:
    steps = "1. First\n\n   More of it.\n\n2. Second\n\nNOTE WELL\n"
    assert kinds(read(f"Guide\n=====\n\n{steps}", "a.rst")) == [
        ("heading", 1, "Guide"),
        ("list", 0, "1. First"),
        ("paragraph", 0, "More of it."),
        ("list", 0, "2. Second"),
        ("paragraph", 0, "NOTE WELL"),
    ]
    source = f"= Guide\n\nUse\n---\n\n{steps}\n____\nSaid so.\n____\n\n.Run\n----\nmake\n----\n\n== 使い方\n"
    headings = [(level, text) for kind, level, text in kinds(read(source, "a.adoc")) if kind == "heading"]
    assert headings == [(1, "Guide"), (2, "Use"), (2, "使い方")]
    assert ("heading", 1, "1. First") in kinds(read(steps, "a.txt"))


def test_markdown_keeps_footnotes_also_of_one_word() -> None:
    source = "Pay it[^1] in time[^納期].\n\n[^1]: Soon.\n\n[^納期]: 支払いは45日以内。\n\n[link]: https://example.com/x\n"
    assert read(source, "a.md").text == (
        "Pay it[^1] in time[^納期].\n\n[^1]: Soon.\n\n[^納期]: 支払いは45日以内。"
    )


def test_markdown_leaves_out_its_own_contents() -> None:
    contents = "1. [Leave](#leave)\n    - [In part](#in-part)\n    - [休暇](#休暇)\n2. [Pay](#pay)\n\n"
    body = "# Leave\n\nTwenty days.\n\n- [Pay](#pay)\n- [Leave](#leave)\n\n## In part\n\nTen.\n\n## 休暇\n\n20日。\n"
    assert read(f"{contents}{body}", "a.md").text == read(body, "a.md").text
    named = contents.replace("#休暇", "#_1").replace("#leave", "#1-leave-1")
    assert read(f"{named}{body}", "a.md").text == read(body, "a.md").text, "as other programs name headings"
    renamed = "# Twenty days {#leave}\n\n## 短期 {#in-part .late}\n\nTen.\n\n## Salary {: #pay}\n\nMonthly.\n"
    shown = "Twenty days\n\n短期\n\nTen.\n\nSalary\n\nMonthly."
    assert read(f"{contents}{renamed}", "a.md").text == shown
    assert "Pay" in read(f"{contents}# Tax\n\nTwenty.\n", "a.md").text, (
        "its links lead to no heading of the page"
    )
    for told in (
        "1. [Leave](pay.md#leave)\n",
        "- [Basic](#leave): €10\n- [Pro](#pay): €25\n- [休暇](#休暇): 20日\n",
        "1. All of it, and whatever else the contract may promise to you.\n",
    ):
        assert read(f"{told}{contents[3:]}{body}", "a.md").text.count("In part") == 2


def test_headings_of_wikis_have_levels_and_no_marks() -> None:
    articles = "".join(
        f" = {name} = \n A {name.lower()} flies . \n = = In the wild = = \n It eats . \n"
        for name in ("Robin", "Wren", "Red @-@ kite")
    )
    document = read(f"{articles}==Kept==\n=== By hand ===\nIt sings = it is well = it eats.\n", "birds.txt")
    assert [(level, text) for kind, level, text in kinds(document) if kind == "heading"] == [
        (1, "Robin"),
        (2, "In the wild"),
        (1, "Wren"),
        (2, "In the wild"),
        (1, "Red @-@ kite"),
        (2, "In the wild"),
        (2, "Kept"),
        (3, "By hand"),
    ]
    assert document.title == "birds", "none of several articles names them all"
    assert read(articles[: articles.index(" = Wren")], "birds.txt").title == "Robin"


def test_laws_minutes_contracts_and_signatures_have_headings() -> None:
    def headings(source: str) -> list[tuple[int, str]]:
        return [(level, text) for kind, level, text in kinds(read(source, "a.txt")) if kind == "heading"]

    law = "図書館条例\n\n（目的）\n第一条　定める。\n（時間）\n第二条　九時からとする。\n（１）平日\n\n第三条　削除"
    assert headings(law) == [(3, "（目的）"), (3, "（時間）"), (3, "第三条 削除")]
    minutes = "１　開会\n　挨拶。\n\n２　議題\n（１）更新\n　説明があった。\n（２）配布\n○委員長　足りるか。"
    assert headings(minutes) == [(1, "１ 開会"), (1, "２ 議題"), (3, "（１）更新"), (3, "（２）配布")]
    assert headings("２　次のとおりとする。\n　一つ目\n\n（１）正社員\n（２）契約社員") == []
    assert headings("ARTICLE VI\nCONFIDENTIALITY\n\nKeep it.\n\nPart of it\nis kept.") == [
        (1, "ARTICLE VI CONFIDENTIALITY")
    ]
    source = 'run(sql, params=()) -> Cursor\n\n    It runs.\n\nThe run(x) of it\n\nf(x)\n    run(sql)\n\nrun("a", 3)'
    assert headings(source) == [(4, "run(sql, params=()) -> Cursor")]
    assert read(source, "database.txt").title == "database"


@pytest.mark.parametrize(
    ("source", "seen"),
    [
        ("It was com-\n  pleted, in May.\nIt is.", "It was completed,\n  in May.\nIt is."),
        ("A well-known one, and a well-\nknown two.", "A well-known one, and a well-\nknown two."),
        ("The brand and its name: a brand-\nname here.", "The brand and its name: a brand-\nname here."),
        ("No data base is a database: a data-\nbase is.", "No data base is a database: a database\nis."),
        (
            "out-of-\npocket and x-\nray and 10-\nday, Anglo-\nSaxon",
            "out-of-\npocket and x-\nray and 10-\nday, Anglo-\nSaxon",
        ),
        ("An ASCII-\nbased form.", "An ASCII-\nbased form."),
        ("An over-\nview to the view, over all.", "An overview\nto the view, over all."),
        ("A decision-\nmaking body.", "A decision-\nmaking body."),
        ("They re-\nbuild and under-\nprice.", "They rebuild\nand underprice.\n"),
        ("A command-line, a command-\nline, commandline.", "A command-line, a command-\nline, commandline."),
        ("- one-\n- two\n--foo-\nbar", "- one-\n- two\n--foo-\nbar"),
    ],
)
def test_words_that_lines_part_are_whole(source: str, seen: str) -> None:
    assert without_line_hyphens(source) == seen


def test_lines_that_nobody_would_break_are_paragraphs() -> None:
    long, short = "A line that goes on and on. " * 8, "A line that is broken\nat its seventieth letter."
    assert [text for *_, text in kinds(read(f"{long}\n{long}\nThe end.\n\n{short}", "a.txt"))] == [
        long.strip(),
        long.strip(),
        "The end.",
        short,
    ]


@pytest.mark.parametrize(
    ("source", "title"),
    [
        ("就業規則\n\n第1章 総則\n\n従業員は守る。", "就業規則"),
        ("MIT License\n\nPermission is granted.\n\n5. More", "MIT License"),
        (".. _travel:\n\nTravel\n======\n\nBook early.", "Travel"),
        ("Dear all,\n\nthe rate is 200.", "rules 2"),
        ("2026-01-02 10:00:01\n\nstarted", "rules 2"),
        ("Only line", "rules 2"),
        ("One says this.\n\nAnother.\n\nA third.\n\n5. Downstream\n\nMore.", "rules 2"),
    ],
)
def test_a_text_is_called_what_it_begins_with_or_its_name(source: str, title: str) -> None:
    assert read(source, "rules_2.txt").title == title


def test_code_and_tables_in_a_list_keep_their_lines() -> None:
    source = "1. Make it:\n\n   ```\n   rebuild\n\n   verify\n   ```\n\n   Then look.\n   - Plans\n"
    table = "\n     | plan | days |\n     |---|---|\n     | Pro | 25 |\n   - None\n2. Go on.\n"
    lines = [
        "1. Make it:",
        "rebuild",
        "verify",
        "Then look.",
        "- Plans",
        "plan | days",
        "Pro | 25",
        "- None",
        "2. Go on.",
    ]
    [(kind, _, text)] = kinds(read(source + table, "a.md"))
    assert (kind, [line.strip() for line in text.split("\n")]) == ("list", lines)
    html = "<ol><li>Make it:<pre>rebuild\n\nverify</pre>Then look.<li>Go on.</ol>"
    [(kind, _, text)] = kinds(read(html, "a.html"))
    assert [line.strip() for line in text.split("\n")] == [*lines[:4], "2. Go on."]


def test_a_paragraph_above_a_rule_is_no_heading_of_markdown() -> None:
    document = read("Total\nof May\n---\n\nCable 5.00\nMouse 6.00\nSum 11.00\n-----\n\nPaid.", "a.md")
    assert kinds(document) == [
        ("heading", 2, "Total of May"),
        ("paragraph", 0, "Cable 5.00\nMouse 6.00\nSum 11.00"),
        ("paragraph", 0, "Paid."),
    ]


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        ("1. Definitions", "heading"),
        ("2. Governing Law.", "heading"),
        ("4.2 What is next?", "heading"),
        ("３．適用範囲：", "heading"),
        ("3. Restart the service.", "list"),
        ("4. If this fails:", "list"),
        ("5. Call Anna, then Bob;", "list"),
    ],
)
def test_a_numbered_step_that_stands_alone_is_no_heading(line: str, kind: str) -> None:
    found = kinds(read(f"All begins here, in a sentence.\n\n{line}\n\nAnd it ends.\n", "a.txt"))
    assert [one for one, _, _ in found] == ["paragraph", kind, "paragraph"]


@pytest.mark.parametrize("said", ["☐\n☐ ☐\n", "---\n***\n", "👍🎉", "…"])
def test_signs_without_a_word_are_no_text(said: str) -> None:
    with pytest.raises(ParseError, match="no words, only signs") as refused:
        parse(said.encode(), "a.txt")
    assert refused.value.code == "no_text"
