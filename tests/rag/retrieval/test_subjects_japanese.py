"""Whom a Japanese question is about: companies by 株式会社 or 社, and no other word, however it is written."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from corpus.settings import Settings
from corpus.store import Corpus, open_corpus
from rag.retrieval.subjects import called, companies, names_in
from tests.builders import SPACE, put
from tests.rag.retrieval.named import ALONE, found

RULES = "年次有給休暇は入社から六か月で与える。日数は何日かを次の表に示す。"


@contextmanager
def holding(folder: Path, texts: dict[str, str]) -> Iterator[Corpus]:
    """A corpus of one passage for each path."""
    with open_corpus(Settings(data_dir=folder / "data", dense="exact"), SPACE) as corpus:
        for number, (path, text) in enumerate(texts.items()):
            said = f"{text}{number}"
            put(corpus, path, [said], covered=False, language="ja")
        corpus.publish()
        yield corpus


@pytest.mark.parametrize(
    ("written", "names"),
    [
        ("株式会社ソラリス 就業規則", ["ソラリス"]),
        ("株式会社 ソラリス", ["ソラリス"]),
        ("ソラリス株式会社就業規則", ["ソラリス"]),
        ("㈱日本システム_規程_2025", ["日本システム"]),
        ("（株）ヘリオス", ["ヘリオス"]),
        ("ｿﾗﾘｽ株式会社", ["ソラリス"]),
        ("Acme株式会社", ["acme"]),
        ("ジョンソン・エンド・ジョンソン株式会社", ["ジョンソン・エンド・ジョンソン"]),
        ("名鉄システム株式会社", ["名鉄システム"]),
        ("ソラリス社とヘリオス社の違いは？", ["ソラリス", "ヘリオス"]),
    ],
)
def test_a_companys_name_stands_beside_its_kind_or_before_sha(written: str, names: list[str]) -> None:
    assert list(companies(written)) == names


@pytest.mark.parametrize(
    "written",
    [
        "会社のシステムは？", "グループ会社の規程", "関連会社", "サービス社内規程", "メリット社会保険", "",
        "ベンダー社の評価", "株式会社設立の手順", "株式会社の設立手続", "株式会社と合同会社の違い", "社",
        "上場株式会社とは", "各株式会社",
    ],
)  # fmt: skip
def test_what_is_nobodys_name_is_none(written: str) -> None:
    assert companies(written) == ()


def test_a_title_says_of_a_word_in_the_question_that_it_is_a_name() -> None:
    documents = [("株式会社ソラリス 就業規則", "a/1.pdf"), ("", "b/日本システム株式会社_規程.pdf")]
    assert names_in("ソラリスの有給は何日ですか。", documents) == {"ソラリス": "ソラリス"}
    assert list(names_in("日本システムの有給は何日ですか。", documents)) == ["日本システム"]
    assert names_in("システムの申請はどうしますか。", documents) == {}
    assert names_in("ソラリスタの有給は何日ですか。", documents) == {}
    assert names_in("日本システムズの有給は？", documents) == {}
    assert names_in("ソラリスの有給は何日ですか。") == {}
    assert names_in("How long is leave?", documents) == {}


def test_a_name_may_stand_anywhere_in_a_title_or_file_name() -> None:
    assert called("ソラリスグループ規程", "x.pdf", ["ソラリス"]) == {"ソラリス"}
    assert called("", "ヘリオス/ソラリス_規程.pdf", ["ソラリス", "ヘリオス"]) == {"ソラリス"}
    assert called("Acme 規程", "x.pdf", ["acme"]) == {"acme"}


OTHERS = [f"{name}株式会社_就業規則.txt" for name in ("ヘリオス", "オリオン", "アトラス", "シリウス")]


@pytest.mark.parametrize(
    "question", ["ソラリスの年次有給休暇は何日ですか。", "ソラリス社の年次有給休暇は何日ですか。"]
)
def test_who_is_named_comes_before_others_who_say_it_in_the_questions_words(
    tmp_path: Path, question: str
) -> None:
    own = "ソラリス株式会社_就業規則.txt"
    texts = {own: "休暇は一年に二十日とする。有給である。", **dict.fromkeys(OTHERS, RULES)}
    texts["覚書.txt"] = f"ソラリスグループの{RULES}"
    with holding(tmp_path, texts) as corpus:
        plain = found(corpus, question, ALONE.without("named"))
        assert plain[0] != own
        order = found(corpus, question)
    assert set(order[:2]) == {own, "覚書.txt"}, "its own, and what speaks of it, be it in a longer word"
    assert set(order) == set(plain), "the others stay, further down"


@pytest.mark.parametrize("word", ["システム", "サービス", "メリット"])
def test_an_ordinary_word_lowers_nothing(tmp_path: Path, word: str) -> None:
    texts = {
        "ID申請手順.txt": "利用を申請するときは、所属長の承認を得て三日前までに申請書を出す。",
        f"{word}利用規程.txt": "の利用を申請するときは何日前か。",
        f"{word}概要.txt": f"{word}の一覧を示す。",
        f"日本{word}株式会社_会社案内.txt": f"日本{word}の歩みを示す。",
    }
    question = f"{word}の利用を申請するときは何日前までに申請書を出しますか。"
    with holding(tmp_path, texts) as corpus:
        assert found(corpus, question)[0] == "ID申請手順.txt"
        assert found(corpus, question) == found(corpus, question, ALONE.without("named"))


def test_a_document_that_has_the_name_anywhere_is_not_lowered(tmp_path: Path) -> None:
    texts = {
        "ソラリス株式会社_沿革.txt": "創業は一九九〇年である。",
        "共通規程.txt": f"ソラリス社では{RULES}",
    }
    question = "ソラリス社の年次有給休暇は何日ですか。"
    with holding(tmp_path, texts) as corpus:
        assert found(corpus, question)[0] == "共通規程.txt"


@pytest.mark.parametrize("letter", ["社", "ア", "漢", "株", "・"])
def test_a_long_text_takes_no_time(letter: str) -> None:
    began = time.process_time()
    companies(letter * 20_000)
    names_in(letter * 8_000, [("株式会社ソラリス", "x")])
    assert time.process_time() - began < 2.0
