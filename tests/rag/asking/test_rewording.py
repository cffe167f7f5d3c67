"""A question in everyday words finds the rule that is written in others, and nothing else changes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpus.catalog import documents
from corpus.language import fold
from corpus.settings import Settings
from corpus.types import ANYONE, OWNER
from rag.asking.answering import answer
from rag.asking.answers import Answer, Ask
from rag.asking.wording.everyday import stands
from rag.asking.wording.judging import may_be_reworded
from rag.asking.wording.rewording import MOST, rewordings
from rag.bootstrap import open_service
from rag.models.catalogue import Models
from rag.prompts.prompting import Message, is_japanese
from rag.retrieval.library import CallersLibrary
from rag.retrieval.retriever import SearchResult
from rag.service import Service
from rag.words.told import NOTHING_SHARED, say, tell
from tests.rag.cli_runs import put, without_model
from tests.rag.hits import Shelf

RULES = {
    "規程.txt": [
        "入社時に10日の年次有給休暇を与える。年次有給休暇は半日単位で取得できる。",
        "東京に泊まるときの宿泊費は、1泊14,000円を上限とする。",
        "賞与は6月と12月に支給する。賞与の会社業績係数は1.10とする。",
        "食堂は正午に開く。飲み物は無料である。",
        "会議室は前日までに予約する。会議室では飲食できない。",
        "始業は午前9時、終業は午後5時45分とする。",
        "忌引休暇は、配偶者の場合10日、父母の場合7日、兄弟姉妹の場合3日とする。",
        "出張終了後7営業日以内に精算書を提出する。",
        "メールの誤送信に気付いた者は24時間以内に報告書を提出する。",
    ]
}


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with pytest.MonkeyPatch.context() as patch:
        without_model(patch)
        with open_service(
            Settings(data_dir=tmp_path_factory.mktemp("rules") / "data", dense="exact")
        ) as opened:
            put(opened, RULES)
            yield opened


def ask(service: Service, question: str, *earlier: str) -> Answer:
    library = CallersLibrary(service.corpus, service.retriever, OWNER)
    history = tuple(Message("user", one) for one in earlier)
    return answer(Ask(question, model="extractive", history=history), library, service.models)


@pytest.mark.parametrize(
    ("question", "read_as", "quote"),
    [
        (
            "有休は何日もらえますか。",
            "年次有給休暇は何日もらえますか。",
            "入社時に10日の年次有給休暇を与える。",
        ),
        (
            "東京のホテル代の上限は？",
            "東京の宿泊費の上限は？",
            "東京に泊まるときの宿泊費は、1泊14,000円を上限とする。",
        ),
        ("ボーナスはいつ支給されますか。", "賞与はいつ支給されますか。", "賞与は6月と12月に支給する。"),
        ("始業時刻は何時ですか", "始業は何時ですか", "始業は午前9時、終業は午後5時45分とする。"),
        ("仕事は何時に終わりますか", "終業は何時ですか", "始業は午前9時、終業は午後5時45分とする。"),
        (
            "兄が亡くなったときの忌引は何日ですか",
            "兄弟姉妹が亡くなったときの忌引は何日ですか",
            "忌引休暇は、配偶者の場合10日、父母の場合7日、兄弟姉妹の場合3日とする。",
        ),
        (
            "母が亡くなったら何日休めますか",
            "母の忌引休暇は何日ですか",
            "忌引休暇は、配偶者の場合10日、父母の場合7日、兄弟姉妹の場合3日とする。",
        ),
        (  # two words of it in others
            "妹の葬儀の休みは何日ですか",
            "兄弟姉妹の忌引の休みは何日ですか",
            "忌引休暇は、配偶者の場合10日、父母の場合7日、兄弟姉妹の場合3日とする。",
        ),
        ("精算書の提出期限", "精算書の以内に提出", "出張終了後7営業日以内に精算書を提出する。"),
        (
            "メールを間違って送ったらどうする？",
            "メールを誤送信したらどうする？",
            "メールの誤送信に気付いた者は24時間以内に報告書を提出する。",
        ),
    ],
)
def test_what_people_say_finds_what_rules_say(
    service: Service, question: str, read_as: str, quote: str
) -> None:
    found = ask(service, question)
    assert not found.abstained
    assert found.standalone_question == read_as
    assert [note.message for note in found.notes if note.code == "standalone_question"] == [
        tell("read_as", is_japanese(question), question=read_as)
    ]
    assert quote in [citation.quote for citation in found.citations]


@pytest.mark.parametrize(
    "question",
    [
        "賞与はいつ支給されますか。",  # the documents' own word
        "2031年度の賞与の目標額はいくらですか。",  # in the passages, and not answered by them
        "ガソリン代はいくらですか。",  # no word for it is there
        "飼い犬を連れてきてもいいですか。",  # the table knows none of its words
        "連絡のPTOは？",  # stands in no document, nor in a laptop
    ],
)
def test_no_other_words_are_put_where_they_do_not_help(service: Service, question: str) -> None:
    assert ask(service, question).standalone_question == ""


@pytest.mark.parametrize(
    ("query", "read_as"),
    [
        ("有休は何日もらえますか。", "年次有給休暇は何日もらえますか。"),
        ("ホテル代", "宿泊費"),
        ("賞与", "賞与"),
        ("ガソリン代", "ガソリン代"),
    ],
)
def test_a_search_is_read_as_a_question_is(service: Service, query: str, read_as: str) -> None:
    found = service.search(query)
    assert found.read_as == read_as
    assert (tell("read_as", True, question=read_as) in found.told) == (read_as != query)
    assert not (found.hits and NOTHING_SHARED & {note.key for note in found.notes})
    if read_as != query:
        assert [hit.chunk_id for hit in found.hits] == [hit.chunk_id for hit in service.search(read_as).hits]


def test_a_longer_word_is_another_one_unless_it_is_what_would_be_put() -> None:
    hits = Shelf({"a.txt": "…  第18条（計画年休）", "b.txt": "…  年次有給休暇は10日とする。"}).hits()
    assert may_be_reworded("年休は何日ですか", hits[:1])  # 計画年休 is another
    assert not may_be_reworded("有給休暇は何日ですか", hits[1:])


def test_a_followup_is_read_in_other_words_too(service: Service) -> None:
    found = ask(service, "ボーナスは？", "賞与はいつ支給されますか。")
    assert "賞与" in found.standalone_question
    assert len([note for note in found.notes if note.code == "standalone_question"]) == 1


def test_only_words_that_some_document_has_are_put() -> None:
    asked: list[str] = []

    def lacks(words: Sequence[str]) -> frozenset[str]:
        asked.extend(words)
        return frozenset(words) - {"宿泊料"}

    assert [one.question for one in rewordings("ホテル代は？", lacks)] == ["宿泊料は？"]
    assert {"宿代", "宿泊費", "宿泊料"} <= set(asked)


def test_what_is_in_brackets_is_put_and_not_looked_for() -> None:
    found = rewordings("Who owns the CRM?")
    assert [(one.question, one.other) for one in found] == [("Who is the owner of the CRM?", "owner")]


def test_words_within_words_and_words_of_several_meanings() -> None:
    assert next(one.question for one in rewordings("残業代は？")) == "残業手当は？"  # not of 残業
    assert rewordings("Payment is a Leave of Absence") == []  # pay, leave: put in, never put otherwise
    assert next(one.question for one in rewordings("Is VACATION paid?")) == "Is annual leave paid?"
    assert rewordings("Vacationers travel") == []
    assert {one.word for one in rewordings("有休とﾎﾃﾙ代")} == {"有休", "ホテル代"}  # letters of half width


@given(
    st.lists(
        st.sampled_from(["有休", "ホテル代", "the boss", "payday", "ﾊﾟｿｺﾝ", "は", " is ", "🙂"]), max_size=9
    )
)
def test_one_word_is_replaced_and_all_else_stays(parts: list[str]) -> None:
    question = "".join(parts)
    found = rewordings(question)
    assert len(found) <= MOST
    for one in found:
        assert "~" not in one.question
        assert fold(one.question) != fold(question)
        kept = fold(one.question).replace(one.other, "", 1)
        assert sorted(kept.replace(" ", "")) == sorted(
            fold(question).replace(one.word, "", 1).replace(" ", "")
        )


@pytest.mark.parametrize(
    "question",
    [
        # part of another word, or of a letter
        "会社員は何人ですか。", "副社長は誰ですか。", "パートナーは？", "デパートは？", "無期限ですか。", "㍿員は？",
        "Is there a 24 hr line?",
        # nearly the same, and not the same: by law, by their figures, or by what they are of
        "介護休暇は？", "介護休業は？", "慶弔休暇は？", "特別休暇は？", "深夜残業は？", "研修期間は？", "暗証番号は？",
        "管理者は？", "無線LANは？", "売上原価は？", "parental leave?", "sick pay?", "gross profit?",
        "employee turnover?", "the trial period?", "Which VPN client?", "Who is the managing director?",
        "How do I raise a query?",
    ],
)  # fmt: skip
def test_what_is_not_the_same_is_not_put_in_its_place(question: str) -> None:
    assert rewordings(question) == []


@pytest.mark.parametrize(
    ("question", "first"),
    [
        ("o\ufb03ce\u200b\u200b hotel?", "o\ufb03ce\u200b\u200b accommodation?"),
        ("\ufb01 \u200bＨＯＴＥＬ？", "\ufb01 \u200baccommodation？"),
        ("🙂ﾊﾟｿｺﾝ🙂は", "🙂PC🙂は"),
        ("コンピューターは", "パソコンは"),
        ("operating profit?", "operating income?"),
        ("When do I get a raise?", "When do I get pay rise?"),
    ],
)
def test_the_rest_of_the_question_stays_to_the_letter(question: str, first: str) -> None:
    assert rewordings(question)[0].question == first


def test_a_word_within_another_does_not_stand_there() -> None:
    assert not stands("pto").search("a laptop")
    assert not stands("パート").search("デパートとパートナー")
    assert stands("vacation").search("two vacations")
    assert stands("旅費").search("国内旅費")
    assert not stands("兄").search("兄弟姉妹")
    assert stands("兄").search("私の兄が")


def test_a_question_that_is_too_long_in_other_words_is_asked_in_shorter_ones(service: Service) -> None:
    question = f"有休{'は' * 7989}何日もらえますか。"
    assert ask(service, question).standalone_question in ("", question.replace("有休", "有給"))


def test_what_may_not_be_read_makes_no_difference(tmp_path: Path) -> None:
    with pytest.MonkeyPatch.context() as patch:
        without_model(patch)
        with open_service(Settings(data_dir=tmp_path / "data", dense="exact")) as opened:
            put(opened, {"規程.txt": RULES["規程.txt"][3:], "秘.txt": RULES["規程.txt"][:3]})
            with opened.corpus.catalog.write() as db:
                closed = next(one for one in documents.list_documents(db) if one.key.path == "秘.txt")
                documents.set_access(db, closed.id, ["group:board"])
            library = CallersLibrary(opened.corpus, opened.retriever, ANYONE)
            asked = Ask("有休は何日もらえますか。", model="extractive")
            found = answer(asked, library, opened.models)
    assert (found.abstained, found.standalone_question) == (True, "")
    assert {hit.source for one in library.searches for hit in one.hits} <= {"規程.txt"}


@pytest.mark.parametrize(
    "question", ["中国語の研修はありますか", "定時株主総会はいつですか", "韓国製の部品は", "定時制の学校は"]
)
def test_a_word_that_the_next_one_makes_another_is_not_put_otherwise(question: str) -> None:
    assert rewordings(question) == []


class ByWord(Shelf):
    """Finds the texts that have one of a question's words, of those that it is told."""

    words = ("年次有給休暇", "年休", "gateway", "ip67", "logger")

    def search(self, question: str, k: int) -> SearchResult:
        found = Shelf.search(self, question, k)
        asked = [word for word in self.words if word in fold(question)]
        return replace(found, hits=tuple(h for h in found.hits if any(one in fold(h.text) for one in asked)))


def test_a_word_that_passages_have_within_a_longer_one_alone_is_put_otherwise(models: Models) -> None:
    texts = {
        "規則.txt": "…  第18条（計画年休）会社は何日か3日の計画年休を定める。",
        "休暇.txt": "…  入社時に年次有給休暇は何日かというと、10日の年次有給休暇を与えるのです。",
    }
    found = answer(Ask("年休は何日ですか"), ByWord(texts), models)
    assert found.standalone_question == "年次有給休暇は何日ですか"


def test_what_is_put_otherwise_must_be_told_of_what_is_asked_about(models: Models) -> None:
    texts = {"a.txt": "…  Property | Value\nProtection | ip67", "sales.txt": "…  The gateway costs £64."}
    assert answer(Ask("Is the gateway waterproof?"), ByWord(texts, cosine=0.3), models).abstained
    texts["a.txt"] = "…  Logger | Value\nProtection | ip67"
    found = answer(Ask("Is the logger waterproof?"), ByWord(texts, cosine=0.4), models)
    assert found.standalone_question == "Is the logger IP67?"


def test_the_words_of_a_saying_are_put_one_by_one_where_no_document_has_another_for_it() -> None:
    asked = "祖母が亡くなったら何日休めますか"
    assert "祖母の忌引休暇は何日ですか" in {one.question for one in rewordings(asked)}
    found = rewordings(asked, lambda words: frozenset(one for one in words if "忌引" in one))
    assert "祖父母が亡くなったら何日休めますか" in {one.question for one in found}


def test_what_was_found_in_other_words_alone_is_not_said_to_share_no_word(models: Models) -> None:
    nothing = say("nothing_shared", True)

    class ByWords(Shelf):
        def search(self, question: str, k: int) -> SearchResult:
            if "年次有給休暇" in question:
                return super().search(question, k)
            return SearchResult(question, (), {"lexical": 1.0}, notes=(nothing,))

    shelf = ByWords({"規則.txt": "…  入社6か月後に10日の年次有給休暇を与える。"}, cosine=0.8)
    given = answer(Ask("有休は何日ですか"), shelf, models)
    assert "10日" in given.text
    assert nothing.sentence not in [note.message for note in given.notes]
    refused = answer(Ask("健康診断は何日ですか"), shelf, models)
    assert nothing.sentence in [note.message for note in refused.notes]
