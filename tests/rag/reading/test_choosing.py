"""Which sentences and rows are shown: those that answer, and no heading, header, list of contents or question."""

from __future__ import annotations

import pytest

from rag.grounding.support import Claim, Source, support
from rag.prompts.prompting import build_prompt
from rag.reading.sentences import answer_prompt, choose, rank
from rag.reading.units import cut
from rag.words.terms import stems, verbs
from tests.rag.hits import Shelf
from tests.rag.readings import ALLOWANCE_JA, BUDGET, HOTELS, LEAVE, PUMP, PUMP_JA, answered, read


@pytest.mark.parametrize(
    ("question", "first"),
    [
        ("How often must the Osprey pump be serviced?",
         "every 400 hours [1]\n“The pump must be serviced every 400 hours of work.” [1]"),
        ("Where are parts of the pump ordered?", "“Parts are ordered in Leeds.” [1]"),
        ("What is the limit for a night in London?", "Place | Limit a night: “London | £185” [2]"),
        ("How many days of leave after eight years of service?",
         "30 days [3]\nFull years of service | Days of leave: “6 and more | 30 days” [3]"),
        ("ポンプの点検は何時間ごとですか。", "400時間ごと [4]\n「ポンプの点検は400時間ごとに行う。」 [4]"),
        ("遠距離出張の日当は一般社員でいくらですか。",
         "3,000円 [5]\n区分 | 一般社員 | 役員: 「遠距離出張 | 3,000円 | 5,000円」 [5]"),
    ],
)  # fmt: skip
def test_the_sentence_or_row_that_answers_comes_first(question: str, first: str) -> None:
    assert answered(question, PUMP, HOTELS, LEAVE, PUMP_JA, ALLOWANCE_JA).startswith(first)


def test_a_verb_is_the_same_with_every_ending() -> None:
    leave = (
        "…  有給休暇は、1日または1時間を単位として取得できる。"
        "使い切れなかった日数は翌年度に限り繰り越す。有給休暇は前日までに申請する。"
    )
    assert answered("有給休暇は繰り越せますか。", leave).startswith(
        "「使い切れなかった日数は翌年度に限り繰り越す。」"
    )
    papers = "…  書類は部ごとに分ける。七年を過ぎた書類は捨てる。"
    assert answered("書類はいつ捨てられますか。", papers).startswith("七年 [1]")


def test_a_verb_is_a_word_without_its_ending_and_its_noun() -> None:
    assert {"繰", "越", "繰越"} <= stems("翌年度に限り繰り越す。")
    assert {"払": 0.3, "繰越": 0.6}.items() <= verbs("会社が払えますか、繰り越しますか").items()
    assert verbs("3日を何と言いますか") == verbs("Is it paid?") == {}


def test_a_row_of_a_split_table_has_the_header_of_its_context() -> None:
    texts = {"t.txt": "…  Madrid | €120\nRome | €130"}
    reading = read("What is the limit in Rome?", texts, **{"t.txt": "Travel > Hotels\nPlace | Limit a night"})
    assert next(answer_prompt(reading)) == "Place | Limit a night: “Rome | €130” [1]"


@pytest.mark.parametrize(
    ("asked", "below"),
    [
        (
            "8.5. Which package does a file belong to?",
            "Run the search of dpkg, and read what stands before it.",
        ),
        ("Q: Which package does a file belong to?", "A: Run the search of dpkg. It takes a second."),
        ("8.5. ファイルはどのパッケージのものですか？", "dpkgの検索を実行して、コロンの前を読みます。"),
        ("ファイルはどのパッケージのものですか。", "検索を実行します。すぐに終わります。"),
    ],
)
def test_a_question_in_a_document_leads_to_its_answer_and_is_none(asked: str, below: str) -> None:
    question = asked.removeprefix("8.5. ").removeprefix("Q: ")
    reading = read(
        question, {"d.txt": f"…  The file is read.\n\n{asked}\n\n{below}", "p.txt": PUMP, "j.txt": PUMP_JA}
    )
    assert all(question not in one.text for one in rank(reading))
    (led,) = (
        unit for unit in cut(0, reading.passages[0]) if question in unit.lead and unit.text in below[:60]
    )
    assert not led.label


@pytest.mark.parametrize("told", ["振込は給与日の後、速やか。", "対象は正社員と契約社員のほか。"])
def test_a_statement_that_ends_like_a_question_is_none(told: str) -> None:
    (unit,) = cut(0, read("q", {"d.txt": f"…  {told}"}).passages[0])[-1:]
    assert (unit.text, unit.label) == (told, False)


def test_a_numbered_row_under_a_tables_header_is_no_entry_of_contents() -> None:
    passage = read(
        "q", {"d.txt": "…  Grade and step | Days\n16.5 Retirement | 28\n16.6 Leaving early | 29"}
    ).passages[0]
    assert [unit.text for unit in cut(0, passage) if unit.label] == ["Grade and step | Days"]


def test_headings_headers_and_leads_are_no_answers() -> None:
    text = "5 Hotels\n\n16.5 Retirement | 28\n\nThe limits are:\n\nPlace | Limit\nLondon | £185\n\nPay it."
    passage = read("q", {"d.txt": "…  " + text}).passages[0]
    labels = [unit.text for unit in cut(0, passage) if unit.label]
    assert labels == ["5 Hotels", "16.5 Retirement | 28", "The limits are:", "Place | Limit"]
    assert all(
        not c.unit.label
        for c in choose(read("What are the limits for hotels in London?", {"d": "…  " + text}))
    )


@pytest.mark.parametrize(
    ("text", "header"),
    [
        ("Region | Q1 25/26 | Q1 24/25 | Change\nNorth | 12.4 | 11.0 | +13 %\nSouth | 9.1 | 9.0 | +1 %",
         "Region | Q1 25/26 | Q1 24/25 | Change"),
        ("外気温 | 20Lの箱、NP-5 6個 | 40Lの箱、NP-5 9個\n20℃ | 30時間 | 36時間\n30℃ | 20時間 | 24時間",
         "外気温 | 20Lの箱、NP-5 6個 | 40Lの箱、NP-5 9個"),
        ("Light | E-4012 | E-4032 | E-4058\nRed | on | off | on\nGreen | off | on | on",
         "Light | E-4012 | E-4032 | E-4058"),
        ("Item | 2023 | 2024\nPumps | 12 | 14\nValves | 3 | 5", "Item | 2023 | 2024"),
        ("Lamp | E-4012 | broken\nMotor | E-4032 | overheated\nFan | E-4058 | stuck", ""),
        ("London | up to £185\nParis | up to €160\nRome | up to €130", ""),
        ("London | £185\nParis | €160\nRome | €130", ""),
        ("0 to 2 | 26 days\n3 to 5 | 28 days\n6 and more | 30 days", ""),
    ],
)  # fmt: skip
def test_a_header_may_name_its_columns_with_codes_and_figures(text: str, header: str) -> None:
    units = cut(0, read("q", {"d.txt": f"…  \n{text}"}).passages[0])
    assert {unit.header for unit in units if not unit.label} == {header}
    assert [unit.text for unit in units if unit.label] == [header] * bool(header)


def test_a_header_of_single_letters_is_none() -> None:
    reading = read("大阪の線は何番ですか。", {"t.txt": "…  大阪 | 3番"}, **{"t.txt": "路線\n| 線 | す"})
    assert next(answer_prompt(reading)) == "「大阪 | 3番」 [1]"


@pytest.mark.parametrize("context", ["Travel | Staff > Hotels", "Travel | Staff"])
def test_a_title_with_a_bar_is_no_header(context: str) -> None:
    (passage,) = read("q", {"Travel | Staff": "…  Rome | €130"}, **{"Travel | Staff": context}).passages
    assert passage.context == context
    assert [unit.header for unit in cut(0, passage)] == [""]


LISTS = {
    "Table of contents\n\nItem 1. | Risk Factors | 3\nItem 2. | Legal Proceedings | 14\nItem 3. | Exhibits | 20": False,
    "TABLE OF CONTENTS\n\nRisk factors ....... 3\n\nLegal proceedings ....... 14\n\nExhibits ....... 20": False,
    "目次\n\n第1章 | 適用範囲 | 1\n第2章 | 法的手続の報告 | 4\n第3章 | 雑則 | 9": True,
}


@pytest.mark.parametrize("listed", LISTS)
def test_a_table_of_contents_is_no_answer(listed: str) -> None:
    question, told = (
        ("法的手続の報告は誰にしますか。", "法的手続は法務部に報告する。")
        if LISTS[listed]
        else ("What legal proceedings and risk factors are there?", "No legal proceedings are of any weight.")
    )
    answer = answered(question, f"…  {listed}", f"…  {told}")
    assert told in answer
    assert "[1]" not in answer  # the list, though it stands first

    def quoted(text: str) -> list[str]:
        units = cut(0, read(question, {"d.txt": f"…  {text}"}).passages[0])
        return [unit.text for unit in units if not unit.label and not unit.text.isdecimal()]

    # Other tables with a last column of figures are none: nothing calls them so, or the figures fall.
    assert quoted(listed) == []
    assert quoted(listed.split("\n\n", 1)[1].replace("章", "年")) != []
    assert quoted(listed.replace("14", "2").replace(" 4", " 0").replace("章", "年")) != []


@pytest.mark.parametrize(
    "line", ["第10条（所定労働時間） | 3", "第十条（休日） | 12", "第3章 服務 | 7", "16.5 Retirement | 28"]
)
def test_a_line_of_contents_is_no_answer(line: str) -> None:
    assert [unit.label for unit in cut(0, read("q", {"d.txt": f"…  \n{line}"}).passages[0])] == [True]


@pytest.mark.parametrize(
    ("text", "asks"),
    [
        ("校正証明書は英語でもらえますか。", 1), ("「校正証明書は英語でもらえますか。」", 1),
        ("英語の証明書はありますか？", 1),
        ("証明書は英語ですとか。", 0), ("証明書は英語で発行する。", 0), ("Is the certificate in English?", 1),
        ("The certificate is in English.", 0),
    ],
)  # fmt: skip
def test_a_question_is_known_as_one(text: str, asks: int) -> None:
    question = "Is the certificate in English? 証明書は英語ですか"
    assert [c.signs.asks for c in rank(read(question, {"d.txt": "…  " + text}))] == [asks]


@pytest.mark.parametrize(
    ("text", "question", "answer"),
    [
        ("…  The works bus runs from the station to Slatina. It is free with the badge. The gate is never locked.",
         "Is the works bus to Slatina free?", "It is free with the badge."),
        ("…  構内の倉庫は夜間に施錠する。ただし、鍵は守衛が保管する。食堂は十二時に開く。",
         "倉庫の鍵は誰が保管しますか。", "ただし、鍵は守衛が保管する。"),
    ],
)  # fmt: skip
def test_a_sentence_that_leans_on_the_one_before_speaks_of_the_same(
    text: str, question: str, answer: str
) -> None:
    reading = read(question, {"d.txt": text})
    before, leaning, other = cut(0, reading.passages[0])
    assert (leaning.lead, other.lead) == (before.text, "")
    assert before.text in leaning.spoken
    ranked = [c.text for c in rank(reading)]
    assert ranked.index(answer) < ranked.index(other.text)
    assert next(c.signs.lead for c in rank(reading) if c.text == answer) > 0


PERKS = (
    "What is Covered?\n\nPerks pays for fitness, including but not limited to:\n• Gym memberships\n• Yoga classes\n"
    "• Sports team fees\nThere is a list of things that are not covered.\nThese include but are not limited to:\n"
    "• Travel expenses (unless related to fitness)\n• Food and supplements"
)

KITEI = (
    "対象となる費用は次のとおりとする：\n・ジムの会費\n・ヨガ教室\n\n対象外の費用\n\n"
    "これらには次のものが含まれる：\n・交通費\n・食費"
)


@pytest.mark.parametrize(
    ("question", "text", "first"),
    [
        (
            "Is a gym membership covered?",
            PERKS,
            "Perks pays for fitness, including but not limited to: “Gym memberships” [1]",
        ),
        (
            "Are travel expenses paid?",
            PERKS,
            "There is a list of things that are not covered > These include but are not limited to:"
            " “Travel expenses (unless related to fitness)” [1]",
        ),
        ("ヨガ教室の費用は対象ですか。", KITEI, "対象となる費用は次のとおりとする: 「ヨガ教室」 [1]"),
        ("交通費は対象ですか。", KITEI, "対象外の費用 > これらには次のものが含まれる: 「交通費」 [1]"),
    ],
)
def test_one_of_a_list_answers_under_what_leads_to_it(question: str, text: str, first: str) -> None:
    """Short as a heading, it is none; and without what leads to it nobody knows whether it is paid."""
    passages = {"d0.txt": f"…  {text}"}
    given = "".join(answer_prompt(read(question, passages))).splitlines()[0]
    assert given == first
    (source,) = (Source(one) for one in build_prompt(question, Shelf(passages, {}).hits(), BUDGET).passages)
    assert support(Claim(first.removesuffix(" [1]"), question), source).state == "quoted"


@pytest.mark.parametrize(
    "heading",
    ["contractors > get > 30 > 0 days", "contractors > managers", "managers > contractors > a note"],
)
def test_a_heading_that_is_put_together_from_words_of_the_passage_is_none(heading: str) -> None:
    text = "…  Employees get 30 days of paid leave each year. Contractors get none, managers get a note. They leave."
    (passage,) = build_prompt("q", Shelf({"d.txt": text}, {}).hits(), BUDGET).passages
    claim = Claim(f"{heading}: “Employees get 30 days of paid leave each year.”", "How much leave is there?")
    assert support(claim, Source(passage)).score < 1.0


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (
            "Benefits:\n\n- Not covered:\n  - dental\n- Surgery",
            ["Not covered: dental", "Benefits: Surgery"],
        ),
        (
            "We do not pay for:\n\n- Hotels. Even abroad.\n- Flights",
            ["We do not pay for: Hotels.", "Even abroad.", "We do not pay for: Flights"],
        ),
        (
            "対象外：\n・ホテル代\n・航空券。ただし国内線を除く。\n・タクシー代",
            ["対象外: ホテル代", "対象外: 航空券。", "ただし国内線を除く。", "対象外: タクシー代"],
        ),
        ("Not allowed:\n1. Phones\n2. Cameras", ["Not allowed: Phones", "Not allowed: Cameras"]),
        ("Exceptions:\n- Travel\n\n**Note:** read this.", ["Exceptions: Travel", "**Note:** read this."]),
        ("Contact:\n+81 3 1234 5678", ["+81 3 1234 5678"]),
    ],
)
def test_what_leads_to_a_list_holds_for_its_items_alone(text: str, shown: list[str]) -> None:
    (passage,) = read("q", {"d.txt": f"…  {text}"}).passages
    units = [unit for unit in cut(0, passage) if not unit.label]
    assert [": ".join(part for part in (unit.above, unit.text) if part) for unit in units] == shown


def test_a_bullet_by_itself_may_be_a_heading() -> None:
    (passage,) = read("q", {"d.txt": "…  ● 目的\n在宅勤務の要件を定める。"}).passages
    assert [unit.label for unit in cut(0, passage)] == [True, False]


def test_the_address_of_a_link_is_not_what_it_says() -> None:
    text = (
        "…  See the [guide](https://x.org/travel/how-should-i-claim-a-meal_(2024)) or https://x.org/claim-meal. "
        "Meals are claimed by the day."
    )
    link, sentence = cut(0, read("q", {"d.txt": text}).passages[0])
    assert link.stems == {"see", "the", "guid", "or"}
    assert "claim" in sentence.stems
    assert "claim-a-meal" in link.text  # it is quoted as it stands
    assert choose(read("How should I claim a meal?", {"d.txt": text}))[0].text == sentence.text
