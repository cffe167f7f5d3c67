"""Follow-up questions made to stand alone by rule, in English and Japanese."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.asking.wording.followups import standalone

HOTEL = "What is the hotel limit in London?"
GRADE = "What is the salary range for grade 6 in the UK?"
泊 = "東京に泊まるときのホテル代の上限はいくらですか。"


@pytest.mark.parametrize(
    ("before", "question", "read"),
    [
        # another thing in the place of its like
        (HOTEL, "And in Edinburgh?", "What is the hotel limit in Edinburgh?"),
        (HOTEL, "What about Edinburgh?", "What is the hotel limit in Edinburgh?"),
        (HOTEL, "Edinburgh?", "What is the hotel limit in Edinburgh?"),
        (HOTEL, "What changed since 2023?", "What changed since 2023? (hotel limit in London)"),
        (
            "What is the price of the FM-210 in 2024?",
            "What changed?",
            "What changed? (price of the FM-210 2024)",
        ),
        ("Who is the CEO of Brennick Valves?", "And the CFO?", "Who is the CFO of Brennick Valves?"),
        ("Who is the CEO of Brennick Valves?", "And the CFO of Kestrel?", "Who is the CFO of Kestrel?"),
        ("Who is the CEO?", "And of Brennick Valves?", "Who is the CEO of Brennick Valves?"),
        (HOTEL, "And before?", "What is the hotel limit in London before?"),
        ("Can employees fly business class?", "And for executives?", "Can executives fly business class?"),
        (HOTEL, "Thanks! And for managers?", "What is the hotel limit in London for managers?"),
        (GRADE, "And for grade 7?", "What is the salary range for grade 7 in the UK?"),
        (GRADE, "grade 7?", "What is the salary range for grade 7 in the UK?"),
        (GRADE, "And for a director?", "What is the salary range for a director in the UK?"),
        (GRADE, "And in Japan?", "What is the salary range for grade 6 in Japan?"),
        (
            "How many days per week can staff in Leeds work from home?",
            "How about in Brno?",
            "How many days per week can staff in Brno work from home?",
        ),
        ("What does ERR-22 on my tracker mean?", "And ERR-21?", "What does ERR-21 on my tracker mean?"),
        (
            "My VPN shows error 812. What is wrong?",
            "And error 861?",
            "My VPN shows error 861. What is wrong?",
        ),
        (
            "How long is the notice period during probation?",
            "And after probation?",
            "How long is the notice period after probation?",
        ),
        (
            "My VPN shows error 812. What is wrong?",
            "And 691?",
            "My VPN shows error 691. What is wrong?",
        ),
        (
            "What were sales in the second quarter of 2025/26?",
            "And in the first quarter?",
            "What were sales in the first quarter of 2025/26?",
        ),
        (
            "How many days of annual leave move into the next year?",
            "And of sick leave?",
            "How many days of sick leave move into the next year?",
        ),
        ("How long is the notice period?", "And the deposit?", "How long is the deposit?"),
        (
            "How many days of annual leave do employees get?",
            "How many of them can be carried over?",
            "How many of them can be carried over? (days of annual leave do employees)",
        ),
        # a name of several words is one
        ("What is the hotel limit in New York?", "And in Edinburgh?", "What is the hotel limit in Edinburgh?"),
        (
            "What is the limit in New York City for managers?",
            "What about Los Angeles?",
            "What is the limit in Los Angeles for managers?",
        ),
        (
            "Does Northwind Health Plus cover hearing aids?",
            "What about Northwind Standard?",
            "Does Northwind Standard cover hearing aids?",
        ),
        (
            "What did Contoso spend in the third quarter of 2023?",
            "And in 2022?",
            "What did Contoso spend in the third quarter of 2022?",
        ),
        ("And is breakfast paid in London?", "And in Paris?", "Is breakfast paid in Paris?"),
        # the same asked again
        *(
            (HOTEL, again, "What is the hotel limit in Edinburgh?")
            for again in (
                "Is it the same in Edinburgh?",
                "Is Edinburgh any different?",
                "Does the same apply to Edinburgh?",
                "How does that compare with Edinburgh?",
                "And if it is in Edinburgh?",
                "What if I stay in Edinburgh?",
                "What is it in Edinburgh?",
                "And how much in Edinburgh?",
            )
        ),
        ("How long is leave for full-time staff?", "And for part-timers?", "How long is leave for part-timers?"),
        (
            "How many days of leave do full-time employees get?",
            "and for part-timers?",
            "How many days of leave do part-timers get?",
        ),
        ("東京の宿泊費はいくらですか。", "じゃあ大阪だといくら？", "大阪の宿泊費はいくらですか。"),
        ("東京の宿泊費はいくらですか。", "大阪も同じですか。", "大阪の宿泊費はいくらですか。"),
        ("東京の宿泊費はいくらですか。", "大阪とも同じですか。", "大阪の宿泊費はいくらですか。"),
        ("休日勤務の割増率はいくらですか。", "深夜勤務は違いますか。", "深夜勤務の割増率はいくらですか。"),
        ("契約社員に賞与は出ますか。", "では正社員は？", "正社員に賞与は出ますか。"),
        ("When is the board meeting in May?", "And in July?", "When is the board meeting in July?"),
        # what is said to be alike, and is no other thing
        *(
            (HOTEL, alone, alone)
            for alone in ("Is the limit higher?", "Are managers paid more?", "Is breakfast included too?")
        ),
        *(
            ("東京の宿泊費はいくらですか。", alone, alone)
            for alone in (
                "何が違いますか。",
                "プランBとはどう違いますか。",
                "深夜勤務は割増率が違いますか。",
                "日当は変わりますか。",
                "両方とも同じですか。",
            )
        ),
        # what stands alone takes nothing over
        *(
            (HOTEL, alone, alone)
            for alone in (
                "How much for dinner?",
                "Where is the canteen?",
                "Is there parking in Leeds?",
                "Is the canteen open in summer?",
                "How much does an E-4032 cost?",
            )
        ),
        ("東京の宿泊費はいくらですか。", "在宅勤務の場合は誰が承認しますか。", "在宅勤務の場合は誰が承認しますか。"),
        # what it points at, beside it
        (
            "How do I apply for parental leave?",
            "How long does it last?",
            "How long does it last? (apply for parental leave)",
        ),
        (HOTEL, "Why?", "Why? (hotel limit in London)"),
        (HOTEL, "And who can change that?", "Who can change that? (hotel limit in London)"),
        # what says everything by itself
        (HOTEL, "Who painted the yacht?", "Who painted the yacht?"),
        (HOTEL, "Is it allowed to bring dogs?", "Is it allowed to bring dogs?"),
        (HOTEL, "How many days of leave are there?", "How many days of leave are there?"),
        (HOTEL, "What does ERR-22 mean, and does it matter?", "What does ERR-22 mean, and does it matter?"),
        (HOTEL, "I work in Leeds and need a new laptop soon.", "I work in Leeds and need a new laptop soon."),
        # Japanese
        (泊, "大阪では？", "大阪に泊まるときのホテル代の上限はいくらですか。"),
        (泊, "津では？", "津に泊まるときのホテル代の上限はいくらですか。"),  # a town on no list
        ("東京の宿泊費はいくらですか。", "つくば市では？", "つくば市の宿泊費はいくらですか。"),
        ("東京の宿泊費はいくらですか。", "繁忙期では？", "繁忙期では、東京の宿泊費はいくらですか。"),
        ("東京の宿泊費はいくらですか。", "役員では？", "役員では、東京の宿泊費はいくらですか。"),
        (泊, "では、大阪は？", "大阪に泊まるときのホテル代の上限はいくらですか。"),
        ("東京のホテルの上限はいくらですか", "大阪の場合は？", "大阪のホテルの上限はいくらですか"),
        ("ホテルの上限はいくらですか", "大阪では？", "大阪では、ホテルの上限はいくらですか"),
        ("年次有給休暇は何日ですか", "育児休業は？", "育児休業は何日ですか"),
        ("有給休暇は何日ですか", "パートの場合は？", "パートの場合、有給休暇は何日ですか"),
        ("勤続3年の社員は何日休めますか。", "では、5年だと？", "勤続5年の社員は何日休めますか。"),
        (
            "ERR-21が出ました。どうすればよいですか。",
            "ERR-22は？",
            "ERR-22が出ました。どうすればよいですか。",
        ),
        ("部長は新幹線のグリーン車を使えますか。", "役員は？", "役員は新幹線のグリーン車を使えますか。"),
        ("祖母が亡くなった場合、何日休めますか。", "父の場合は？", "父が亡くなった場合、何日休めますか。"),
        ("輸送トラッカーE-4058の国内価格はいくらですか。", "E-4032は？", "E-4032の国内価格はいくらですか。"),
        ("日当は、一般社員でいくらですか。", "役員はいくらですか", "日当は、役員でいくらですか。"),
        ("在宅勤務は週に何日までできますか。", "手当はいくらですか。", "手当はいくらですか。"),
        ("在宅勤務は週に何日までできますか。", "それは誰が承認しますか", "在宅勤務は誰が承認しますか"),
        ("在宅勤務は週に何日までできますか。", "申請はいつまでですか？", "在宅勤務は、申請はいつまでですか？"),
        ("在宅勤務は週に何日までできますか。", "その手当はいくらですか", "在宅勤務の手当はいくらですか"),
        ("在宅勤務は週何日までですか", "では2023年は？", "2023年の在宅勤務は週何日までですか"),
        ("売上高はいくらですか", "昨年度は？", "昨年度の売上高はいくらですか"),
        ("出張の日当はいくらですか", "以前はどうでしたか", "以前の出張の日当はいくらですか"),
        ("出張の日当はいくらですか", "旧規程では？", "旧規程の出張の日当はいくらですか"),
        ("出張の日当はいくらですか", "2022年版から何が変わりましたか", "出張の日当は、2022年版から何が変わりましたか"),
        ("在宅勤務は週何日までですか", "旧規程との違いは？", "在宅勤務は、旧規程との違いは？"),
        ("2025年の夏季休暇は何日ですか", "では2023年は？", "2023年の夏季休暇は何日ですか"),
        (
            "一般社員の国内出張の日当はいくらですか",
            "その場合の宿泊費は？",
            "一般社員の国内出張の宿泊費はいくらですか",
        ),
        ("東京の宿泊費の上限はいくらですか", "その場合の日当は？", "東京の日当はいくらですか"),
        ("役員の宿泊費はいくらですか", "その場合の上限は？", "役員の宿泊費の上限は？"),
        ("有給は繰り越せますか", "それはいつまでですか", "有給は繰り越せますか、いつまでですか"),
        ("有給は何日ですか", "それはいつまでですか", "有給はいつまでですか"),
        (泊, "入館証をなくしたら、いつまでに届け出ますか。", "入館証をなくしたら、いつまでに届け出ますか。"),
        (泊, "カフェで仕事をしてもいいですか。", "カフェで仕事をしてもいいですか。"),
    ],
)  # fmt: skip
def test_what_a_question_leaves_out_is_carried_over(before: str, question: str, read: str) -> None:
    assert standalone(question, [before]) == read


def test_follow_ups_of_follow_ups_carry_on() -> None:
    assert standalone("And who approves it?", [HOTEL, "And in Edinburgh?"]) == (
        "Who approves it? (hotel limit in Edinburgh)"
    )
    assert standalone("福岡は？", [泊, "大阪では？"]) == "福岡に泊まるときのホテル代の上限はいくらですか。"
    assert standalone("And in Leeds?", ["How do I get a badge?", HOTEL, "And in Brno?"]) == (
        "What is the hotel limit in Leeds?"
    )


def test_a_whole_question_in_the_other_language_stays_as_it_is() -> None:
    日当 = "遠距離出張の日当は1日いくらですか。"
    assert standalone(日当, [HOTEL]) == 日当
    assert standalone(HOTEL, [日当]) == HOTEL
    assert standalone("大阪では？", [HOTEL]) == f"大阪では？ {HOTEL}"


def test_nothing_before_leaves_a_question_as_it_is() -> None:
    assert standalone(" And in  Edinburgh? ", []) == " And in  Edinburgh? "


ENGLISH = ["And", "in", "the", "London", "E-4032", "grade 7", "?", "What is", "it", "(", "\\", "大阪"]
JAPANESE = ["大阪", "東京", "では", "の", "は", "それ", "場合", "3年", "何日ですか", "？", "。"]
texts = st.one_of(
    st.text(max_size=80),
    st.lists(st.sampled_from(ENGLISH), max_size=12).map(" ".join),
    st.lists(st.sampled_from(JAPANESE), max_size=12).map("".join),
)


@given(texts, st.lists(texts, max_size=7))
def test_any_conversation_gives_a_question_of_bounded_length(question: str, earlier: list[str]) -> None:
    read = standalone(question, earlier)
    assert len(read) <= len(question) + 600
    assert read == standalone(question, earlier)
    assert bool(read.strip()) == bool(question.strip()) or earlier


def test_a_turn_that_names_no_topic_is_no_place_for_one() -> None:
    assert "有" in standalone("有は？", [" では、"])


def test_long_turns_take_no_time() -> None:
    for piece in ("and ", "in the London ", "では、", "東京の", "それ", "(", "a" * 50 + " "):
        long = piece * 2000
        assert len(standalone(long, [long])) <= 2 * len(long)
        assert len(standalone("And in Leeds?", [long])) < 1000
        assert len(standalone("大阪では？", [long])) < 1000
