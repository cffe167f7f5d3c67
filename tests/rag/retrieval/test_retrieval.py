"""Question → passages: both legs and their fusion, Japanese by its words, filters, access,
and odd questions.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from corpus.errors import EmbeddingError, UnavailableError, UsageError
from corpus.processors import processors
from corpus.searching import DENSE_BROKEN
from corpus.settings import Settings
from corpus.store import Corpus, open_corpus
from corpus.types import ANYONE, OWNER, Caller, Filter, Float32, Scored
from rag.prompts.prompting import is_japanese
from rag.retrieval.filters import parse_filter, read_filter
from rag.retrieval.ranking import Recipe
from rag.retrieval.retriever import FEWEST_TURNS, LOOKED_AT, MAX_K, RECIPE, Retriever
from rag.words.told import tell
from tests.builders import SPACE, WordEmbedder, put

HR = Caller(frozenset({"public", "group:hr"}))
MAY, JUNE = datetime(2024, 5, 1, tzinfo=UTC), datetime(2025, 6, 1, tzinfo=UTC)


class UnwantedEmbedder(WordEmbedder):
    """Fails when it is asked for a vector."""

    def embed_query(self, text: str) -> Float32:
        raise EmbeddingError("The model is not there.", code="no_model")


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Corpus]:
    """A few documents that differ in all that a filter can look at."""
    chosen = Settings(data_dir=tmp_path_factory.mktemp("retrieval"), dense="exact")
    given = [
        ("policies/leave.pdf", ["annual leave moves into the next year", "leave needs an application"],
         {"collection": "hr", "content_type": "application/pdf", "date": JUNE}),
        ("policies/old/leave.md", ["annual leave is lost at the end of the year"],
         {"collection": "hr", "content_type": "text/markdown", "date": MAY}),
        ("規程/休暇.txt", ["使い切れなかった年次有給休暇は翌年度に限り繰り越す", "旅費は実費を支給する"],
         {"collection": "japan", "language": "ja", "covered": False, "modified": JUNE}),
        ("salaries.txt", ["the annual salary of band seven is fifty thousand"],
         {"collection": "hr", "access": frozenset({"group:hr"}), "metadata": {"department": "hr"}}),
        ("vpn.txt", ["connect to the vpn before opening the ticket system"],
         {"collection": "it", "metadata": {"department": "it", "owner": "desk"}}),
    ]  # fmt: skip
    with open_corpus(chosen, SPACE) as opened:
        for path, lines, more in given:
            put(opened, path, lines, **more)
        opened.publish()
        yield opened


APART = Recipe(neighbours=False)


def retriever(corpus: Corpus, embedder: WordEmbedder | None = None, recipe: Recipe = RECIPE) -> Retriever:
    return Retriever(corpus, embedder or WordEmbedder(), corpus.settings, recipe)


def found(corpus: Corpus, query: str, caller: Caller = OWNER, filter: Filter | None = None) -> set[str]:
    return {hit.source for hit in retriever(corpus).search(query, 10, caller, filter).hits}


EVERY = "annual leave the vpn year system 旅費 年次有給休暇"


# ---- searching -----------------------------------------------------------------------------------


def test_a_hit_says_where_it_stands_and_who_found_it(corpus: Corpus) -> None:
    result = retriever(corpus, recipe=APART).search("annual leave moves into the next year", 3, OWNER)
    best = result.hits[0]
    assert (best.rank, best.source, best.collection, best.page) == (1, "policies/leave.pdf", "hr", 1)
    assert best.text == "annual leave moves into the next year"
    assert set(best.legs) == {"dense", "lexical", "around"}
    assert best.legs["dense"] == pytest.approx(1.0)
    weights = Recipe()
    legs = ("dense", "lexical", "around")
    mean = sum(getattr(weights, leg) * best.legs[leg] for leg in legs) / sum(
        getattr(weights, leg) for leg in legs
    )
    assert best.score == pytest.approx(mean)
    assert 0.5 < best.score < 1.25
    assert [hit.rank for hit in result.hits] == [1, 2, 3]
    assert [hit.score for hit in result.hits] == sorted((hit.score for hit in result.hits), reverse=True)
    assert (result.told, set(result.timings_ms)) == (
        (), {"waiting", "spelling", "embedding", "dense", "lexical", "naming", "scoring", "catalog", "focusing",
             "total"},
    )  # fmt: skip


def test_k_is_a_limit_and_the_beginning_of_a_longer_list(corpus: Corpus) -> None:
    apart = retriever(corpus, recipe=APART)
    whole = apart.search(EVERY, 10, OWNER).hits
    for k in (1, 2, 5):
        assert apart.search(EVERY, k, OWNER).hits == whole[:k]


def test_the_best_candidates_alone_are_looked_at_closely(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with open_corpus(Settings(data_dir=tmp_path, dense="exact"), SPACE) as corpus:
        for at in range(LOOKED_AT + 20):
            line = f"leave {'annual ' * (at % 7)}{at}"
            put(corpus, f"{at:03}.txt", [line])
        corpus.publish()
        asked: list[int] = []
        places = corpus.places

        def counted(ids: Sequence[int], *who: Any) -> Any:
            asked.append(len(ids))
            return places(ids, *who)

        monkeypatch.setattr(corpus, "places", counted)
        for recipe in (RECIPE, RECIPE.without("late"), RECIPE.without("dense")):
            assert len(retriever(corpus, recipe=recipe).search("annual leave", 5, OWNER).hits) == 5
        assert len(retriever(corpus).search("annual leave", 40, OWNER).hits) == 40
    assert asked == [LOOKED_AT] * 3 + [80]


def test_neighbours_that_are_both_hit_are_one_passage(corpus: Corpus) -> None:
    question = "annual leave moves into the next year, leave needs an application"
    first, second = retriever(corpus, recipe=APART).search(question, 2, OWNER).hits
    one = retriever(corpus).search(question, 2, OWNER).hits[0]
    assert one.text == "annual leave moves into the next year\nleave needs an application"
    assert set(one.chunk_ids) == {first.chunk_id, second.chunk_id}
    assert (one.chunk_id, one.score, one.legs) == (first.chunk_id, first.score, first.legs)


def test_japanese_is_found_by_its_words_and_a_note_says_so(corpus: Corpus) -> None:
    result = retriever(corpus, UnwantedEmbedder()).search("年次有給休暇の繰り越し", 5, OWNER)
    assert result.hits[0].source == "規程/休暇.txt"
    assert result.hits[0].text.startswith("使い切れなかった")
    assert set(result.hits[0].legs) == {"lexical"}
    assert result.told == (tell("words_alone", True, model="words"),)
    assert retriever(corpus).search("旅費", 1, OWNER).hits[0].text == "旅費は実費を支給する"


def test_without_its_model_a_search_goes_on_by_words_alone(corpus: Corpus) -> None:
    result = retriever(corpus, UnwantedEmbedder()).search("vpn", 5, OWNER)
    assert [hit.source for hit in result.hits] == ["vpn.txt"]
    assert result.told == ("Searched by words alone: The model is not there.",)


def test_what_a_search_lacks_is_told_in_the_language_of_the_query(
    corpus: Corpus, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = "The lexical index is missing."
    monkeypatch.setattr(corpus, "notes", lambda: (DENSE_BROKEN, said))
    monkeypatch.setattr(UnwantedEmbedder, "covers", lambda *_: True)
    result = retriever(corpus, UnwantedEmbedder()).search("旅費", 5, OWNER)
    assert result.told == (
        tell("without_meaning", True, why="The model is not there."),
        tell("dense_broken", True),
        tell("index_says", True, said=said),
    )
    assert retriever(corpus).search("vpn", 5, OWNER).told == (DENSE_BROKEN, said)


@pytest.mark.parametrize(
    ("query", "part"),
    [(" ".join(["vpn"] * 254), None), (" ".join(["vpn"] * 255), "its first 254 words"),
     (" ".join(["vpn"] * 1000), "its first 254 words"), (f"vpn {'x' * 300}", None)],
)  # fmt: skip
def test_a_query_of_which_the_model_reads_a_part_says_so(
    corpus: Corpus, query: str, part: str | None
) -> None:
    notes = retriever(corpus).search(query, 3, OWNER).told
    assert [part in note for note in notes] == ([True] if part else [])
    assert any("long" in note for note in notes) is (part is not None)


def test_a_query_without_spaces_is_read_from_its_beginning(corpus: Corpus) -> None:
    class ByLetters(WordEmbedder):
        def count_tokens(self, texts: Sequence[str]) -> list[int]:
            return [len(text) + 2 for text in texts]

    (note,) = retriever(corpus, ByLetters()).search("x" * 255, 3, OWNER).told
    assert "from its beginning" in note


def test_an_empty_corpus_answers_without_a_model(tmp_path: Path) -> None:
    with open_corpus(Settings(data_dir=tmp_path, dense="exact"), SPACE) as empty:
        result = retriever(empty, UnwantedEmbedder()).search("leave", 5, OWNER)
        assert (result.hits, result.told) == ((), (tell("no_documents", False),))
        assert retriever(empty, UnwantedEmbedder()).search("leave", 5, ANYONE).told == (
            tell("no_documents", False),
        )
        filtered = retriever(empty, UnwantedEmbedder()).search("leave", 5, OWNER, Filter(languages=("en",)))
        assert (filtered.hits, filtered.told) == ((), (tell("nothing_passes", False),))


@pytest.mark.parametrize(
    ("query", "limited", "key"),
    [
        ("annual leave", {"languages": ["ja"]}, "nothing_shared_filter"),
        ("有給休暇", {"languages": ["en"]}, "nothing_shared_filter"),
        ("有給休暇", {"languages": ["en"], "as_of": "2999-01-01"}, "nothing_shared_filter"),
        ("健康診断", {}, "nothing_shared"),
        ("健康診断", {"as_of": "2999-01-01"}, "nothing_shared"),
    ],
)
def test_a_question_that_shares_no_word_with_what_it_is_limited_to_is_told_so(
    corpus: Corpus, query: str, limited: dict[str, Any], key: str
) -> None:
    found = retriever(corpus).search(query, 3, OWNER, read_filter(limited))
    assert found.hits == ()
    assert tell(key, is_japanese(query)) in found.told


@pytest.mark.parametrize("k", [0, -1, MAX_K + 1])
def test_a_k_out_of_range_is_refused(corpus: Corpus, k: int) -> None:
    with pytest.raises(UsageError, match=f"k must be between 1 and {MAX_K}, not {k}") as raised:
        retriever(corpus).search("leave", k, OWNER)
    assert raised.value.code == "bad_k"


class CrowdedEmbedder(WordEmbedder):
    """Counts how many ask it at once."""

    def __init__(self) -> None:
        self.inside, self.most, self.lock = 0, 0, threading.Lock()

    def embed_query(self, text: str) -> Float32:
        with self.lock:
            self.inside += 1
            self.most = max(self.most, self.inside)
        time.sleep(0.01)
        with self.lock:
            self.inside -= 1
        return super().embed_query(text)


def test_many_at_once_take_turns_and_all_find_what_one_finds(corpus: Corpus) -> None:
    embedder = CrowdedEmbedder()
    asked = retriever(corpus, embedder)
    alone = asked.search("annual leave", 3, OWNER).hits
    with ThreadPoolExecutor(16) as pool:
        together = list(pool.map(lambda _: asked.search("annual leave", 3, OWNER).hits, range(48)))
    assert all(hits == alone for hits in together)
    assert embedder.most <= max(FEWEST_TURNS, processors())


class PatientEmbedder(WordEmbedder):
    """Reads a question only once its words are being looked for."""

    def __init__(self) -> None:
        self.looked = threading.Event()

    def embed_query(self, text: str) -> Float32:
        assert self.looked.wait(30), "nobody looks for the words while the model reads"
        return super().embed_query(text)


def test_words_are_looked_for_while_the_model_reads(corpus: Corpus, monkeypatch: pytest.MonkeyPatch) -> None:
    embedder, look = PatientEmbedder(), corpus.search_lexical

    def looked(*asked: Any) -> Scored:
        embedder.looked.set()
        return look(*asked)

    monkeypatch.setattr(corpus, "search_lexical", looked)
    found = retriever(corpus, embedder).search("annual leave", 3, OWNER).hits
    monkeypatch.undo()
    assert found == retriever(corpus).search("annual leave", 3, OWNER).hits
    assert found[0].legs.keys() >= {"dense", "lexical"}


def test_what_fails_beside_the_words_fails_the_search(
    corpus: Corpus, monkeypatch: pytest.MonkeyPatch
) -> None:
    def closed(*asked: Any) -> Scored:
        raise UnavailableError("The dense index is closed.")

    monkeypatch.setattr(corpus, "search_dense", closed)
    with pytest.raises(UnavailableError, match="closed"):
        retriever(corpus).search("annual leave", 3, OWNER)


# ---- odd questions -------------------------------------------------------------------------------


@pytest.mark.parametrize("query", ["", " \t\n", "\0", "\ud800\udfff", "\x7f\x1b"])
def test_a_query_of_nothing_is_refused(corpus: Corpus, query: str) -> None:
    with pytest.raises(UsageError) as raised:
        retriever(corpus).search(query, 5, OWNER)
    assert raised.value.code == "empty_query"


def test_a_query_that_is_too_long_is_refused(corpus: Corpus) -> None:
    most = corpus.settings.max_query_chars
    assert retriever(corpus).search("leave " * (most // 6), 1, OWNER).hits
    with pytest.raises(UsageError, match=f"{most + 1} characters; the limit is {most}") as raised:
        retriever(corpus).search("a" * (most + 1), 1, OWNER)
    assert raised.value.code == "query_too_long"


@pytest.mark.parametrize(
    "query", ["?!…—()", "\\", "*", '"leave', "leave\0", "leave \ud800", "AND OR NOT", "a:b"]
)
def test_an_odd_query_is_searched_all_the_same(corpus: Corpus, query: str) -> None:
    result = retriever(corpus).search(query, 5, OWNER)
    assert result.query == query
    assert len(result.hits) <= 5


# ---- filters -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("conditions", "sources"),
    [
        (["collection=it"], {"vpn.txt"}),
        (["collection=it", "collection=japan"], {"vpn.txt", "規程/休暇.txt"}),
        (["collection=nowhere"], set()),
        (["type=pdf"], {"policies/leave.pdf"}),
        (["type=pdf", "type=md"], {"policies/leave.pdf", "policies/old/leave.md"}),
        (["type=text/markdown"], {"policies/old/leave.md"}),
        (["language=ja"], {"規程/休暇.txt"}),
        (["since=2025-06-01"], {"policies/leave.pdf", "規程/休暇.txt"}),
        (["until=2025-01-01"], {"policies/old/leave.md"}),
        (["since=2024-05-01", "until=2024-05-02"], {"policies/old/leave.md"}),
        (["until=2024-05-01"], set()),
        (["meta.department=it"], {"vpn.txt"}),
        (["meta.department=it", "meta.owner=desk"], {"vpn.txt"}),
        (["meta.department=it", "meta.owner=nobody"], set()),
        (["meta.nothing=x"], set()),
        (["source=policies/**/*"], {"policies/leave.pdf", "policies/old/leave.md"}),
        (["source=policies/*"], {"policies/leave.pdf"}),
        (["source=*.md"], {"policies/old/leave.md"}),
        (["source=leave.*"], {"policies/leave.pdf", "policies/old/leave.md"}),
        (["source=規程/**"], {"規程/休暇.txt"}),
        (["source=**/leave.?d"], {"policies/old/leave.md"}),
        (["source=[a-z]*"], set()),
        (["collection=hr", "type=pdf", "since=2025-01-01"], {"policies/leave.pdf"}),
        (["collection=it", "type=pdf"], set()),
    ],
)
def test_a_filter_lets_through_what_it_says(corpus: Corpus, conditions: list[str], sources: set[str]) -> None:
    assert found(corpus, EVERY, OWNER, read_filter(parse_filter(conditions))) == sources


def test_a_filter_may_name_documents(corpus: Corpus) -> None:
    wanted = {hit.document_id for hit in retriever(corpus).search("vpn", 1, OWNER).hits}
    assert found(corpus, EVERY, OWNER, Filter(documents=tuple(wanted))) == {"vpn.txt"}


# ---- access --------------------------------------------------------------------------------------


@pytest.mark.parametrize("filter", [None, Filter(collections=("hr",)), Filter(metadata={"department": "hr"})])
@pytest.mark.parametrize(
    "query", ["salary of band seven", "the annual salary of band seven is fifty thousand"]
)
def test_what_a_caller_may_not_read_is_never_found(corpus: Corpus, query: str, filter: Filter | None) -> None:
    assert "salaries.txt" in found(corpus, query, HR, filter)
    assert "salaries.txt" in found(corpus, query, OWNER, filter)
    assert "salaries.txt" not in found(corpus, query, ANYONE, filter)
    assert found(corpus, query, Caller(frozenset()), filter) == set()


@pytest.mark.parametrize(
    ("before", "after", "query"),
    [
        ("a hotel costs up to eighty pounds", "a hotel costs up to ninety pounds", "hotel costs"),
        ("宿泊費は一万円まで支給する", "宿泊費は一万二千円まで支給する", "宿泊費"),
    ],
)
def test_a_search_as_of_an_instant_finds_what_was_said_then_and_says_so(
    tmp_path: Path, before: str, after: str, query: str
) -> None:
    with open_corpus(Settings(data_dir=tmp_path, dense="exact"), SPACE) as opened:
        moments = []
        for line in (before, after):
            put(opened, "travel.txt", [line])
            opened.publish()
            moments.append(datetime.now(UTC))
        search = retriever(opened).search
        told = [
            (moments[0], [before], "as_of", f"{moments[0]:%Y-%m-%d %H:%M:%S} UTC"),
            (datetime(2999, 1, 1, tzinfo=UTC), [after], "not_over", "2999-01-01 00:00:00 UTC"),
            (read_filter({"as_of": "2001-01-01"}).as_of, [], "nothing_as_of", "2001-01-01"),
            (read_filter({"as_of": "0009-01-01"}).as_of, [], "nothing_as_of", "0009-01-01"),
        ]
        for at, texts, key, shown in told:
            result = search(query, 5, ANYONE, Filter(as_of=at))
            assert [hit.text for hit in result.hits] == texts
            assert tell(key, is_japanese(query), moment=shown) in result.told
        assert [hit.text for hit in search(query, 5, ANYONE).hits] == [after]
