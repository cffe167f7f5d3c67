"""Normalisation maps back, sentences cover, nothing raises: on any text, not only on pretty ones."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpus.language import (
    count_scripts,
    detect_language,
    find,
    fold,
    normalise,
    script_runs,
    sentences,
    words,
)

UGLY = (
    "aZé ﬁß①１Ａｶﾞﾊﾟガ育児休業はしー、。「」』！？…“”‘’–—-\u00ad\u200b\u3000\u00a0\n\r\t\f\v\x00\x1c\x1f"
    "\ud800\u0301\u3099\uff9e¨한글กำहिं😀.,!?()[]*#|:;1234567890 §·・●"
)
any_text = st.text(max_size=80) | st.text(alphabet=UGLY, max_size=80)


@given(any_text)
def test_every_normalised_character_comes_from_a_span_that_holds_it(text: str) -> None:
    normalised = normalise(text)
    assert normalised.offsets.shape == (len(normalised.text), 2)
    for char, (start, end) in zip(normalised.text, normalised.offsets.tolist(), strict=True):
        assert 0 <= start < end <= len(text)
        assert char in normalise(text[start:end]).text
    starts = normalised.offsets[:, 0].tolist()
    assert starts == sorted(starts)


@given(any_text)
def test_folding_is_normalising_without_the_map(text: str) -> None:
    assert fold(text) == normalise(text).text
    assert (
        fold(text.encode("ascii", "ignore").decode())
        == normalise(text.encode("ascii", "ignore").decode()).text
    )


# Without marks that would join the character before the quote, a quote always stands on its own.
quotable = st.text(alphabet="aZé ß①１Ａガ育児休業はー、。「」“”’–-\u00ad\u3000\n\t\x00\ud800😀.", max_size=30)


@given(any_text, quotable, quotable)
def test_every_slice_is_found_and_what_is_found_says_the_same(before: str, quote: str, after: str) -> None:
    text = before + "\n" + quote + "\n" + after
    span = find(quote, text)
    wanted = fold(quote).strip()
    if not wanted:
        assert span is None
        return
    assert span is not None
    start, end = span
    assert 0 <= start < end <= len(text)
    assert wanted in fold(text[start:end])


@pytest.mark.parametrize(
    ("quote", "text", "found"),
    [
        ("ABC 12", "x ＡＢＣ　１２ y", "ＡＢＣ　１２"),
        ("アップロード", "ファイルのｱｯﾌﾟﾛｰﾄﾞ方法", "ｱｯﾌﾟﾛｰﾄﾞ"),
        ("育児休業は、最長2年", "（育児休\n業は、最長 ２ 年）", "育児休\n業は、最長 ２ 年"),
        ('the "best" well-known', "It’s the “best” well–known one", "the “best” well–known"),
        ("information", "some infor-\nmation here", "infor-\nmation"),
        ("co\u00adoperate", "they cooperate", "cooperate"),
        ("cooperate", "they co\u00ado\u200bperate.", "co\u00ado\u200bperate"),
        ("caf\u00e9", "at the cafe\u0301 now", "cafe\u0301"),
        ("Straße", "HAUPTSTRASSE", "STRASSE"),
        ("paid  leave", "unPaid\r\n  Leave", "Paid\r\n  Leave"),
        ("first", "the ﬁrst", "ﬁrst"),
    ],
)
def test_a_quote_is_found_whatever_its_spelling(quote: str, text: str, found: str) -> None:
    span = find(quote, text)
    assert span is not None
    assert text[span[0] : span[1]] == found


@pytest.mark.parametrize("quote", ["", " ", "\n\u3000", "\u200b\x00", "absent", "12.35", "123"])
def test_what_is_not_there_is_not_found(quote: str) -> None:
    assert find(quote, "It is 12.34 here, and nothing else.") is None


def test_a_search_can_go_on_behind_the_first_place() -> None:
    source = normalise("Fee: 5. FEE: 6.")
    assert find("fee", source) == (0, 3)
    assert find("fee", source, start=1) == (8, 11)


# ---- sentences -----------------------------------------------------------------------------------


@given(any_text, st.integers(0, 40), st.integers(0, 90))
def test_sentences_cover_all_that_is_not_blank_in_order(text: str, start: int, end: int) -> None:
    end = min(end, len(text))
    start = min(start, end)
    at = start
    for left, right in sentences(text, start, end):
        assert at <= left < right <= end
        assert not text[at:left].strip()
        assert not text[left].isspace()
        assert not text[right - 1].isspace()
        assert right - left <= 1000
        at = right
    assert not text[at:end].strip()


def split(text: str) -> list[str]:
    return [text[start:end] for start, end in sentences(text)]


@pytest.mark.parametrize(
    "expected",
    [
        ["Dr. Smith came to the U.S. on Jan. 5.", "He paid $1,234.50."],
        ["See No. 5 and Fig. 3 (e.g. the left one).", "It grew by 3.5 percent!", "Really?", "Yes."],
        [
            "J. K. Rowling wrote it.",
            "He left Amazon.com, Inc.",
            "The company grew.",
        ],
        ['He said "Stop."', "Then he left.", "(It was late.)", "All went home..."],
        ["Version 2.3.1 is out.", "Use it."],
        ["育児休業は１歳までです。", "「はい。」と言った。", "『本当？』", "そうです！", "次へ。"],
        ["This is Vouch.", "日本語の文です。", "Done."],
    ],
)
def test_sentences_end_where_a_reader_ends_them(expected: list[str]) -> None:
    assert split(" ".join(expected)) == expected


WRITTEN_SMALL = [
    "the credit facility was replaced in november 2017 by a revolving one of $1,250 million.",
    "letters of credit of u.s. banks, northrop corp. and others may be drawn upon until 2022, approx. five years.",
    "is it used?",
    "the rate was 0.25 percent on the whole balance.",
]


def test_a_small_letter_begins_a_sentence_where_all_is_written_small() -> None:
    text = " ".join(WRITTEN_SMALL)
    assert split(text) == WRITTEN_SMALL
    assert len(split(text[:150])) == 1, "too little to tell"
    assert len(split("The Capital. " + text)) == 1, "where some is written large, a sentence begins so"
    assert len(sentences(f"The Capital. {text}", 13)) == 4, "what stands before is not looked at"
    assert split(f"{text} i think... maybe five… or six.")[4:] == ["i think... maybe five… or six."]


TOKENISED = [
    "vulvar cancer is common , as edwards et al . [ 9 ] say ( e.g . in table 2 ) .",
    "see fig . 1 and fig . 2a ; s . cerevisiae grew well ( p < 0.05 ) .",
    "is it used ?",
    "we then calculated TeX{X_{i}} values , three of them .",
    "( it was late . )",
    'he said , " go home . "',
    "most toads ( bufo spp . ) have no teeth .",
    "the rest wait . . . and see , at 3 a.m . or later .",
]
"""Every mark stands apart, as in data sets that were made for language models."""


@given(st.permutations(TOKENISED))
def test_a_stop_that_stands_apart_ends_a_sentence_as_any_other(expected: list[str]) -> None:
    assert split(" ".join(expected)) == expected
    large = [one[0].upper() + one[1:] for one in expected if one[0].isalpha()]
    assert split(" ".join(large)) == large


def test_a_short_form_ends_a_sentence_before_a_word_that_begins_one() -> None:
    expected = [
        "each is one in replicate j .",
        "we did so in the u.s .",
        "the rest , in time , and so on , is known .",
    ]
    assert split(" ".join(expected)) == expected


def test_where_few_marks_stand_apart_a_small_letter_begins_no_sentence() -> None:
    text = "In Haskell, the stop composes: write map . filter, or fold . map, and so on, to the end."
    assert split(text) == [text]


@given(
    st.permutations(
        ["It eats termites.[5]", "It sleeps by day.[5][12, 13]", 'It is "shy."[note 2]', "It is so."]
    )
)
def test_a_number_in_brackets_behind_a_stop_stays_with_its_sentence(expected: list[str]) -> None:
    assert split(" ".join(expected)) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The line is broken\nby a PDF. Next one.", ["The line is broken\nby a PDF.", "Next one."]),
        (
            "育児休業は、子が１歳に達す\nるまで取得できる。次。",
            ["育児休業は、子が１歳に達す\nるまで取得できる。", "次。"],
        ),
        (
            "1. Open it\n2. Close it\n- one\n- two\n* three",
            ["1. Open it", "2. Close it", "- one", "- two", "* three"],
        ),
        (
            "(1) 申請\n(2) 承認\n・確認\n第3条 目的\n①一",
            ["(1) 申請", "(2) 承認", "・確認", "第3条 目的", "①一"],
        ),
        ("| a | b |\n|---|---|\n| 1 | 2 |", ["| a | b |", "|---|---|", "| 1 | 2 |"]),
        ("Name\tPay\nAnn\t5", ["Name\tPay", "Ann\t5"]),
        ("Occasion | Days\nMoving house | 2", ["Occasion | Days", "Moving house | 2"]),
        ("write a|b in the\nshell", ["write a|b in the\nshell"]),
        ("# Title\ntext goes on", ["# Title", "text goes on"]),
        (
            "次のとおりとする。\n一　第二月曜日\n二　年末の日\n三　整理期間\n２　館長は、開く",
            ["次のとおりとする。", "一　第二月曜日", "二　年末の日", "三　整理期間", "２　館長は、開く"],
        ),
        (
            "問１　忘れました\n答　再設定してください。\nＱ３．発行できますか？\nＡ３．できます。",
            ["問１　忘れました", "答　再設定してください。", "Ｑ３．発行できますか？", "Ａ３．できます。"],
        ),
        (
            "Q4. 解約すると\nA4. 削除します。\nQ 送料は\nA 一律です。\nA社は",
            ["Q4. 解約すると", "A4. 削除します。", "Q 送料は", "A 一律です。", "A社は"],
        ),
        ("Q: How\nA: So.\nA way\nout", ["Q: How", "A: So.", "A way\nout"]),
        ("１．目的は次のとおり\nア．休暇\nイ．給与", ["１．目的は次のとおり", "ア．休暇", "イ．給与"]),
        (
            "2.1 It is in Schedule A.\n2.2 Notices. It rose\n2.5 Times over.",
            ["2.1 It is in Schedule A.", "2.2 Notices.", "It rose\n2.5 Times over."],
        ),
        (
            "Args:\n  host: A name or\n    an address.\n  port (int): A number",
            ["Args:", "host: A name or\n    an address.", "port (int): A number"],
        ),
        (
            "> do we know when we\n> have to be out? We\n> do.\n>\n> Tom\n>> All of\n>> us.",
            ["> do we know when we\n> have to be out?", "We\n> do.", ">", "> Tom", ">> All of\n>> us."],
        ),
        (
            "Benefits\nThe plan covers the family of the employee.",
            ["Benefits", "The plan covers the family of the employee."],
        ),
        ("one\n\ntwo\fthree", ["one", "two", "three"]),
        ("", []),
        (" \n\t ", []),
        ("no stop at all", ["no stop at all"]),
    ],
)
def test_line_breaks_end_items_and_rows_but_not_paragraphs(text: str, expected: list[str]) -> None:
    assert split(text) == expected


def test_a_text_without_stops_is_cut_at_blanks() -> None:
    text = "word " * 1000
    assert {text[end : end + 1] for _, end in sentences(text)} == {" "}
    assert all(end - start <= 1000 for start, end in sentences("x" * 5000))


# ---- scripts, languages, words -------------------------------------------------------------------


@given(any_text)
def test_script_runs_are_ordered_and_detection_never_raises(text: str) -> None:
    at = 0
    for run in script_runs(text):
        assert at <= run.start < run.end <= len(text)
        at = run.end
    counts = count_scripts(text)
    assert sum(counts.values()) <= len(text)
    assert counts == {
        script: sum(run.end - run.start for run in script_runs(text) if run.script == script)
        for script in {run.script for run in script_runs(text)}
    }
    assert detect_language(text) == "" or len(detect_language(text)) == 2


def test_scripts_are_told_apart() -> None:
    runs = [(r.script, r.start, r.end) for r in script_runs("AI技術のデーター5％한é")]
    assert runs == [
        ("latin", 0, 2),
        ("han", 2, 4),
        ("hiragana", 4, 5),
        ("katakana", 5, 9),
        ("digits", 9, 10),
        ("hangul", 11, 12),
        ("latin", 12, 13),
    ]


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("What is the vacation policy?", "en"),
        ("PTO", "en"),
        ("How many licences of LedgerPro do we have?", "en"),
        ("What does § 12.3 exclude for the AQ-300?", "en"),
        ("Prazo do contrato do fornecedor do produto", "pt"),
        ("Hvor mange dage har vi til at sende en regning for rejser?", "da"),
        ("Hoe vraag ik verlof aan en wie moet dat goedkeuren?", "nl"),
        ("Der Urlaub muss spätestens zwei Wochen vorher schriftlich beantragt werden.", "de"),
        ("Les congés payés doivent être demandés deux semaines à l'avance.", "fr"),
        ("育児休業はいつまで取れますか", "ja"),
        ("GitLab の EULA と Terms of Service とは", "ja"),
        ("就業規則", "ja"),
        ("员工可以申请带薪年假的规则是什么", "zh"),
        ("部门 | 销售额 | 比例 | 日期 | 单价 | 备注 | 东京 | 上半年 | 大阪 | 名古屋 | 北京", "zh"),
        (
            "部門 | 期 | 売上 | 割合 | 日付 | 時間 | 単価 | 備考 | 東京 | 上期 | 下期 | 大阪 | 札幌 | 注: 円",
            "ja",
        ),
        (
            "员工每年享有十天年假。日本分公司（東京都、広島県）员工按照当地法律执行，病假需要提前通知主管",
            "zh",
        ),
        ("公司在東京都的辦事處由総務部管理，員工每年享有十天年假。", "zh"),
        ("휴가 정책은 무엇입니까", "ko"),
        ("", ""),
        ("12.5 % — 3", ""),
        ("\ud800\x00", ""),
        ("Text with no color Text with auto color Text with RGB color Text with theme color", "en"),
        ("Category 1 | 4.3\nCategory 2 | 2.5\nCategory 3 | 3.5\n| Y-Value 1", "en"),
    ],
)
def test_languages(text: str, language: str) -> None:
    assert detect_language(text) == language


def test_a_long_text_is_judged_by_a_sample_from_all_of_it() -> None:
    assert (
        detect_language("Table of contents 1 2 3 " * 20 + "本文はすべて日本語で書かれています。" * 2000)
        == "ja"
    )


@given(any_text)
def test_words_stand_where_they_say(text: str) -> None:
    for word in words(text):
        assert word.text
        assert word.text in fold(text[word.start : word.end])


def test_words_of_both_kinds() -> None:
    assert [w.text for w in words("Don't STOP the ISO-27001 育児休業と 1,234.5 税")] == (
        ["don't", "stop", "the", "iso", "27001", "育児", "児休", "休業", "業と", "1,234.5", "税"]
    )
    assert {w.text for w in words("ｺｰﾄﾞ")} == {w.text for w in words("コード")}
