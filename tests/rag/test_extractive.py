"""The built-in model: the sentences that hold the answer, quoted, in English and Japanese, from prose and tables."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from langchain_core.messages import HumanMessage, SystemMessage

from corpus.embedding import open_embedder
from corpus.errors import EmbeddingError
from corpus.language import fold
from corpus.settings import load_settings
from corpus.types import Float32
from rag.clues import asked_figures, asks_of_the_past, expected_kinds, fits, newer_editions
from rag.exact import exact
from rag.extractive import ExtractiveChatModel, embed_with
from rag.prompting import (
    ESTIMATE,
    NOT_IN_DOCUMENTS,
    Budget,
    ReadPassage,
    build_prompt,
    read_prompt,
)
from rag.reading import ALONE, Signs, answer_prompt, choose, rank
from rag.strategies import load_examples
from rag.support import Claim, Source, support
from rag.units import cut
from tests.rag.hits import Shelf

BUDGET = Budget(10**6, 0, ESTIMATE)
HOTELS = (
    "…  5 Hotels\n\nThe company pays the actual cost up to the following amounts a night.\n\n"
    "Place | Limit a night\nLondon | £185\nParis | €160\n\nA serviced apartment is booked for longer stays."
)
LEAVE = "…  Full years of service | Days of leave\n0 to 2 | 26 days\n3 to 5 | 28 days\n6 and more | 30 days"
PUMP = "…  The Osprey pump is blue. The pump must be serviced every 400 hours of work. Parts are ordered in Leeds."
PUMP_JA = "…  ポンプは青い。ポンプの点検は400時間ごとに行う。部品は大阪営業所に注文する。"
ALLOWANCE_JA = "…  区分 | 一般社員 | 役員\n近距離出張 | 1,000円 | 1,500円\n遠距離出張 | 3,000円 | 5,000円"


def read(question: str, texts: dict[str, str], **context: str):
    return read_prompt(build_prompt(question, Shelf(texts, context).hits(), BUDGET).messages)


def answered(question: str, *texts: str) -> str:
    return "".join(answer_prompt(read(question, {f"d{n}.txt": text for n, text in enumerate(texts)})))


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


def test_headings_headers_and_leads_are_no_answers() -> None:
    text = "5 Hotels\n\nThe limits are:\n\nPlace | Limit\nLondon | £185\n\n16.5 Retirement | 28\n\nPay it."
    passage = read("q", {"d.txt": "…  " + text}).passages[0]
    labels = [unit.text for unit in cut(0, passage) if unit.label]
    assert labels == ["5 Hotels", "The limits are:", "Place | Limit", "16.5 Retirement | 28"]
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


def test_no_more_than_two_rows_of_a_table_are_shown() -> None:
    rows = "\n".join(f"Q{n} sales of pumps | {n}00" for n in range(1, 6))
    note = "…  Sales of pumps were good. Sales of other pumps were not told."
    chosen = choose(read("What were sales of pumps?", {"t.txt": f"…  {rows}", "n.txt": note}))
    assert [c.passage.marker for c in chosen if c.unit.row] == [1, 1]
    assert [c.passage.marker for c in chosen if not c.unit.row] == [2, 2]


@pytest.mark.parametrize(
    ("question", "text", "short"),
    [
        (
            "How long is maternity leave?",
            "After maternity, adoption or shared leave of more than 26 weeks you may work shorter.",
            None,
        ),
        ("How long is maternity leave?",
         "After maternity leave of more than 26 weeks you may work shorter.", None),
        ("How long may I work shorter?",
         "After leave of more than 26 weeks you may work shorter for one month.", "one month"),
        ("How many days of sick leave are there?",
         "If you are ill for more than three days, call, and you get 10 days of sick leave.", "10 days"),
        ("病気休暇は何日ですか。", "病気で3日を超えて休むときは、年10日の病気休暇がある。", "10日"),
        ("何日以上休むときに診断書を提出しますか。", "3日を超えて休むときは、診断書を提出する。", "3日"),
        ("How much is paid for a hotel?",
         "When you travel, a hotel of £185 is paid and you may claim breakfast.", "£185"),
        ("How many days of leave do I have?",
         "Once hired you have 25 days of leave and you may carry over some.", "25 days"),
        ("How often must the pump be serviced?", "After 400 hours the pump must be serviced.", "After 400 hours"),
        ("When do I call?", "If you are ill for more than three days you must call.", "more than three days"),
        ("How old are drivers?", "If you are 18 years old you may drive.", "18 years old"),
        ("何歳で退職しますか。", "60歳に達した場合は、退職する。", "60歳"),
        ("何日休むと診断書を出しますか。", "3日を超えて休むときは、診断書を提出する。", "3日"),
        ("申請はいつまでですか。", "3月31日までに申し出た場合は、承認する。", "3月31日まで"),
        ("宿泊費の上限はいくらですか。", "宿泊費の上限は1万円で東京の場合は2万円とする。", None),
        ("宿泊費の上限はいくらですか。", "宿泊費は1万円が上限だが東京の場合は2万円とする。", None),
        ("How long is the trial period?",
         "Unless your contract says otherwise, the trial period is six months.", "six months"),
    ],
)  # fmt: skip
def test_a_condition_is_no_short_answer(question: str, text: str, short: str | None) -> None:
    (unit,) = cut(0, ReadPassage(1, "rules.txt", "", text))
    assert exact(question, unit) == short


def test_one_of_several_rows_that_are_asked_for_alike_is_no_short_answer() -> None:
    table = "…  Product | Warranty\nE-4032 logger | 36 months\nRepairs | 6 months"
    assert "months [1]" not in answered("How long is the warranty?", table).splitlines()[0].split("|")[0]
    assert answered("How long is the warranty of the E-4032?", table).startswith("36 months [1]\n")


@pytest.mark.parametrize(
    ("question", "which"), [("What is the mileage rate?", 2), ("What was the old mileage rate?", 1)]
)
def test_the_newest_edition_wins_unless_the_past_is_asked_for(question: str, which: int) -> None:
    texts = {
        "travel-2023.txt": "…  The mileage rate is 40p for every mile.",
        "travel-2025.txt": "…  The mileage rate is 45p for every mile.",
    }
    reading = read(question, texts)
    assert newer_editions(reading) == ({1: {2}} if which == 2 else {})
    assert choose(reading)[0].passage.marker == which


@pytest.mark.parametrize(
    ("names", "older"),
    [
        (("policy (2023).txt", "menu (2025).txt"), False),
        (("plan-1-2023.txt", "plan-2-2025.txt"), False),
        (("policy (2023).txt", "policy (2025).txt"), True),
        (("旅費規程_令和5年度.txt", "旅費規程_令和7年度.txt"), True),
        (("archive/policy-2023.txt", "policy-2025.txt"), True),
        (("hr/2023/policy.txt", "hr/2025/policy.txt"), True),
        (("旧/旅費規程_2022年版.txt", "旅費規程_2025年版.txt"), True),
        (("sales/report-2023.txt", "hr/report-2025.txt"), False),
        (("policy-v2.txt", "policy-2025.txt"), False),  # a version and a year cannot be compared
        (("policy-v2.txt", "policy-v10.txt"), True),
        (("board-minutes-2025-03-12.txt", "board-minutes-2025-06-11.txt"), False),  # each of its own day
        (("minutes/2025-03.txt", "minutes/2025-04.txt"), False),
        (("取締役会議事録_2025年3月.txt", "取締役会議事録_2025年4月.txt"), False),
        (("請求書_2025年3月.pdf", "請求書_2025年4月.pdf"), False),
        (("minutes-2025-03-12-v1.txt", "minutes-2025-03-12-v2.txt"), True),
        (("meetings/travel-policy-2023.txt", "meetings/travel-policy-2025.txt"), True),
        (("会議室利用規程_2023年.txt", "会議室利用規程_2025年.txt"), True),
    ],
)
def test_only_an_edition_of_the_same_work_is_newer(names: tuple[str, str], older: bool) -> None:
    reading = read("What is the mileage rate?", dict.fromkeys(names, "…  The mileage rate is 40p."))
    assert newer_editions(reading) == ({1: {2}} if older else {})


@pytest.mark.parametrize(
    ("question", "past"),
    [
        ("What was the old mileage rate?", True),
        ("What did the former policy allow?", True),
        ("What did it cost before?", True),
        ("What was paid before the change?", True),
        ("What did the room use to cost in 2023?", True),
        ("What did lunch cost in an earlier edition?", True),
        ("The limit used to be what?", True),
        ("以前の日当はいくらでしたか。", True),
        ("旧規程の日当は？", True),
        ("How many days before departure must I book?", False),
        ("How old must a child be?", False),
        ("Is a child of 12 years old, or one older than 18, insured?", False),
        ("Is it refunded for cars that are six months old?", False),
        ("Must I ask earlier than a week ahead?", False),
        ("What is the old age pension?", False),
        ("Do former employees keep it?", False),
        ("Which tool is used to measure it?", False),
        ("旧姓は使えますか。", False),
    ],
)
def test_what_asks_of_the_past(question: str, past: bool) -> None:
    assert asks_of_the_past(question) == past


@pytest.mark.parametrize(
    ("question", "texts"),
    [
        (
            "May managers travel in the green car?",
            {
                "travel-2022.txt": "…  Managers may travel in the green car.",
                "travel-2025.txt": "…  The green car is not for managers.",
            },
        ),
        (
            "部長は新幹線のグリーン車に乗れますか。",
            {
                "旅費規程_2022年版.txt": "…  部長は新幹線のグリーン車に乗れますので便利です。",
                "旅費規程_2025年版.txt": "…  新幹線のグリーン車に部長は乗れない。",
            },
        ),
    ],
)
def test_what_an_older_edition_says_in_the_questions_own_words_comes_second(
    question: str, texts: dict[str, str]
) -> None:
    assert [one.passage.marker for one in choose(read(question, texts))] == [2, 1]
    past = question.replace("May", "Formerly, might").replace("部長は", "以前、部長は")
    assert choose(read(past, texts))[0].passage.marker == 1


@pytest.mark.parametrize(
    ("text", "figure", "inside"),
    [
        ("6 and more | 30", 8, True), ("6 and more | 30", 5, False), ("50 to 199 | 9 %", 60, True),
        ("10–49 | 5 %", 60, False), ("3年以上4年未満 | 18日", 3, True), ("10人以下", 12, False),
        ("up to 1,000 miles", 900, True),
        ("no figure", 3, False),
    ],
)  # fmt: skip
def test_figures_lie_in_ranges(text: str, figure: float, inside: bool) -> None:
    assert fits([figure], text) == inside


def test_a_code_is_no_figure() -> None:
    assert sorted(asked_figures("Does NP-5 last eight hours at 30 degrees?")) == [8.0, 30.0]


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("When does it begin?", "in March"),
        ("How much is it?", "£12"),
        ("Who signs?", "the director"),
        ("いくらですか", "3,000円"),
    ],
)
def test_a_question_expects_a_kind_of_answer(question: str, answer: str) -> None:
    assert any(kind.search(answer) for kind in expected_kinds(question))


@given(
    st.text(min_size=1, max_size=40).filter(str.strip),
    st.lists(st.text(min_size=1, max_size=120), min_size=1, max_size=4),
)
def test_whatever_is_read_every_quoted_sentence_stands_in_its_passage(question, texts):
    reading = read(question, {str(n): "…  " + text for n, text in enumerate(texts)})
    chosen = choose(reading)
    assert len(chosen) <= 4
    for candidate in chosen:
        assert fold(candidate.text).strip() in fold(candidate.passage.text)
    assert "".join(answer_prompt(reading)) == "".join(answer_prompt(reading))


def test_no_word_in_common_is_no_answer() -> None:
    assert answered("Zzz qqq?", PUMP) == NOT_IN_DOCUMENTS


@pytest.mark.parametrize(("question", "japanese"), [("How often?", False), ("何時間ごとですか。", True)])
def test_without_passages_it_says_that_it_knows_nothing(question: str, japanese: bool) -> None:
    prompt = build_prompt(question, [], BUDGET, retrieval=False)
    assert "".join(answer_prompt(read_prompt(prompt.messages))) == ALONE[japanese]


def test_strategies_do_not_change_it() -> None:
    hits = Shelf({"d.txt": PUMP}).hits()
    said = {
        "".join(answer_prompt(read_prompt(prompt.messages)))
        for shots in (0, 1, 3)
        for prompt in [build_prompt("How often?", hits, BUDGET, examples=load_examples()[:shots])]
    }
    assert len(said) == 1


def test_it_is_a_langchain_chat_model_streamed_or_not() -> None:
    prompt = build_prompt("How often is the pump serviced?", Shelf({"d.txt": PUMP}).hits(), BUDGET)
    messages = [SystemMessage(prompt.messages[0].text), HumanMessage(prompt.messages[1].text)]
    model = ExtractiveChatModel()
    whole = model.invoke(messages)
    chunks = list(model.stream(messages))
    assert whole.text == "".join(chunk.text for chunk in chunks)
    assert whole.response_metadata["finish_reason"] == "stop"
    assert whole.usage_metadata["output_tokens"] > 0


def test_meaning_finds_what_words_do_not(tmp_path) -> None:
    embedder = open_embedder(load_settings({"data_dir": tmp_path}))
    texts = {
        "d.txt": "…  Staff receive a badge on day one. Private cars are paid at 45p per mile. The canteen is closed."
    }
    reading = read("What is the staff reimbursement for driving my own vehicle?", texts)
    assert rank(reading)[0].text.startswith("Staff receive a badge")
    assert rank(reading, embed_with(embedder))[0].text == "Private cars are paid at 45p per mile."


class Narrow:
    """An embedder that reads ten characters, and cannot always be loaded."""

    max_tokens = 10

    def __init__(self, broken: bool = False, covered: bool = True) -> None:
        self.broken, self.covered = broken, covered

    def covers(self, text: str) -> bool:
        return self.covered

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        return [len(text) for text in texts]

    def embed_query(self, text: str) -> Float32:
        if self.broken:
            raise EmbeddingError("no weights")
        return np.ones(2, np.float32)

    def embed_passages(self, texts: Sequence[str]) -> Float32:
        assert all(len(text) <= self.max_tokens for text in texts)
        return np.ones((len(texts), 2), np.float32)


def test_sentences_too_long_for_the_embedder_are_cut_and_a_broken_one_is_done_without() -> None:
    rows = embed_with(Narrow())(["question", "short", "a sentence that is far too long", ""])
    assert rows is not None
    assert rows.shape == (4, 2)
    assert embed_with(Narrow(broken=True))(["question", "short"]) is None
    assert embed_with(Narrow(covered=False))(["question", "short"]) is None


@pytest.mark.parametrize(
    ("question", "text", "words"),
    [
        ("When does leave lapse?", "Unused leave lapses on 31 March 2025.", "31 March 2025"),
        (
            "When must claims be handed in?",
            "Claims are handed in within 30 days of the journey.",
            "within 30 days",
        ),
        (
            "How much is a hotel in London?",
            "A hotel in London costs up to £185, in Paris up to €160.",
            "up to £185",
        ),
        ("How many people work in Brno?", "In Brno work 120 people, in Leeds 310 people.", "120 people"),
        ("How long is the warranty?", "The warranty is 24 months from delivery on page 3.", "24 months"),
        (
            "Who approves travel abroad?",
            "Travel abroad is approved by the department head.",
            "the department head",
        ),
        ("Who leads the audit?", "The audit is led by Jana Novotna.", "Jana Novotna"),
        (
            "Who approves long journeys?",
            "Long journeys are approved by Mara Lindqvist, head of operations.",
            "Mara Lindqvist",
        ),
        ("Which model has a probe?", "The probe comes with the E-4032 alone.", "E-4032"),
        ("What time does it open?", "It opens at 8:30 and has a lift.", "8:30"),
        ("施行日はいつですか。", "この規程は2024年4月1日から施行する。", "2024年4月1日"),
        ("創業は何年ですか。", "会社は1998年6月2日に創業した。", "1998年"),
        ("定員は何人ですか。", "会議室は12人まで利用でき、3日前に予約する。", "12人まで"),
        ("休暇は何日まで繰り越せますか。", "休暇は22日とし、うち8日まで繰り越すことができる。", "8日まで"),
        ("手当はいくらですか。", "手当は1回につき3,000円とする。", "3,000円"),
        # Who holds an office is named right beside it; its own words spelt out are nobody.
        ("Who is the CEO of Contoso?", "Our CEO, Jane Doe, opened the meeting.", "Jane Doe"),
        ("Who is the CEO?", "The Chief Executive Officer (CEO) gives strategic direction.", None),
        ("Who is the director?", "The director speaks for the chapter on the Senior Management Team.", None),
        ("Who is the director of 18F?", "The director of 18F is Mary Smith.", "Mary Smith"),
        (
            "Who is the data protection officer?",
            "The data protection officer is the head of Legal.",
            "the head of Legal",
        ),
        ("Who is the head of sales?", "Jana Novotna, head of sales, signs.", "Jana Novotna"),
        ("Who is the head of sales?", "Jana Novotna, head of marketing, signs.", None),
        ("Who was the president in 1990?", "George Bush was the president.", "George Bush"),
        ("Who is the manager?", "Jane Doe was the manager until 2019.", None),
        ("Who is the director?", "The deputy director is Jane Doe.", None),
        ("Who is the HR director?", "The IT director is Jane Doe.", None),
        ("Who is the president of Contoso?", "Jane Doe, president of Fabrikam, visited Contoso.", None),
        ("Who is the CEO?", "The report was sent to Jane Doe; the CEO approved it.", None),
        ("Who is the CEO?", "According to Jane Doe, the CEO was absent.", None),
        ("Who is allowed to travel with a director?", "The finance team is, on request.", "The finance team"),
        ("社長は誰ですか。", "副社長は佐藤氏です。", None),
        ("社長は誰ですか。", "前社長：佐藤氏が退任した。", None),
        ("社長は誰ですか。", "申請は代表取締役社長が承認する。", None),
        ("CEOは誰ですか。", "CEO：佐藤氏", "佐藤氏"),
        ("誰が承認しますか。", "申請は管理部長が承認する。", "管理部長"),
        ("割引は何%ですか。", "100台以上は5割を引く。", "5割"),
        ("When is it?", "It is in hall 3.", None),
        ("How many days?", "Ten days in May, or twelve days in June.", None),
        ("Who approves leave of 5 days?", "The manager approves, or the director does.", None),
        ("Do I say why when I call in sick?", "A certificate is needed after 7 days.", None),
        ("Why is it closed?", "It is closed since 3 May.", None),
        ("Is it 30 days?", "It is 30 days.", None),
    ],
)
def test_the_words_that_answer_by_themselves(question: str, text: str, words: str | None) -> None:
    (unit,) = cut(0, read("q", {"d.txt": f"…  {text}"}).passages[0])
    assert exact(question, unit) == words


@given(
    st.sampled_from(["When?", "How many days?", "Who?", "いくらですか", "何年ですか"]), st.text(max_size=60)
)
def test_words_that_answer_stand_in_the_text(question: str, text: str) -> None:
    for unit in cut(0, ReadPassage(1, "", "", text)):
        found = exact(question, unit)
        assert found is None or (found and found in unit.text)


@pytest.mark.parametrize(
    ("question", "text", "words"),
    [
        ("How often must the Osprey pump be serviced?", PUMP, "every 400 hours [1]"),
        ("ポンプの点検は何時間ごとですか。", PUMP_JA, "400時間ごと [1]"),
    ],
)
@pytest.mark.parametrize(("share", "given"), [(0.361, True), (0.359, False)])
def test_a_short_answer_needs_a_sentence_that_speaks_of_what_was_asked(
    monkeypatch, question: str, text: str, words: str, share: float, given: bool
) -> None:
    # The same sentence, whatever its share of the question's words is said to be.
    best = choose(read(question, {"d.txt": text}))[:1]
    weighed = [replace(one, signs=Signs(own=share)) for one in best]
    monkeypatch.setattr("rag.reading.choose", lambda reading, embed: weighed)
    first = answered(question, text).splitlines()[0]
    assert (first == words) is given
    assert given or first.endswith(("” [1]", "」 [1]"))
