"""Tokens as the embedder counts them, what it covers, and the batches that they fill."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corpus.embedding import (
    SentenceTransformerEmbedder,
    open_embedder,
)
from corpus.embedding import tokens as tokens_module
from corpus.embedding.embedder import BATCH_TOKENS, batches
from corpus.embedding.model import find_model, read_model
from corpus.embedding.tokens import LENGTH_STEP, Tokens, script_of
from corpus.settings import Settings
from tests.corpus.embedders import ENGLISH, JAPANESE, TEXTS, copy_of, open_with

pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
]


@pytest.fixture
def minilm(tmp_path: Path) -> SentenceTransformerEmbedder:
    return open_embedder(Settings(data_dir=tmp_path))


@given(texts=st.lists(TEXTS, max_size=6))
@settings(max_examples=60)
def test_counts_do_not_depend_on_the_batch_and_nothing_is_truncated(
    minilm: SentenceTransformerEmbedder, texts: list[str]
) -> None:
    assert minilm.count_tokens(texts) == [minilm.count_tokens([text])[0] for text in texts]
    long = " ".join(["word"] * 3000)
    assert minilm.count_tokens([*texts, long])[-1] == 3002


WORDS = st.lists(
    st.one_of(
        st.sampled_from(
            ["leave", "pay-period", "[SEP]", "a[MASK]b", "x" * 130, "年次有給休暇", "e\u0301", "\u0301"]
        ),
        st.text(max_size=12),
    ),
    max_size=12,
)

BLANKS = st.sampled_from(
    [" ", "  ", "\n", "\t", "\r\n", "\x0b", "\x0c", "\x1c", "\x85", "\u00a0", "\u2028", "\u3000"]
)


@given(words=WORDS, blank=BLANKS)
@settings(max_examples=300)
def test_what_is_put_together_from_remembered_words_is_what_the_tokenizer_gives(
    words: list[str], blank: str
) -> None:
    text = blank.join(words)
    whole = _raw_tokenizer().encode(text.encode("utf-8", errors="replace").decode()).ids
    assert _MINILM_TOKENS.encode([text, *words, text])[0] == whole
    assert _MINILM_TOKENS.count([text]) == [len(whole)]


@given(words=WORDS, blank=BLANKS)
@settings(max_examples=300)
def test_the_words_that_tokens_are_pieces_of_are_those_of_the_whole_text(
    words: list[str], blank: str
) -> None:
    text = blank.join(words)
    whole = tokens_module._words_of(_raw_tokenizer(), _MINILM_TOKENS._clean(text), special=True)
    assert _MINILM_TOKENS.words(text) == whole
    assert len(whole) == len(_MINILM_TOKENS.encode([text])[0])


_MINILM_TOKENS = Tokens(find_model("all-MiniLM-L6-v2"))


@lru_cache(maxsize=1)
def _raw_tokenizer() -> Any:
    from tokenizers import Tokenizer

    raw = Tokenizer.from_file(str(find_model("all-MiniLM-L6-v2").path / "tokenizer.json"))
    raw.no_truncation()
    raw.no_padding()
    return raw


ASCII = st.text(st.characters(max_codepoint=127), max_size=120)


@given(
    texts=st.lists(
        ASCII | st.sampled_from(["x" * 99, "y" * 101, "a\x0bb", "-" * 300, "Q" * 4000]), max_size=6
    )
)
@settings(max_examples=300)
def test_a_text_in_ascii_is_covered_as_its_tokens_say(texts: list[str]) -> None:
    text = " ".join(texts)[:2000]
    ids = _raw_tokenizer().encode(text, add_special_tokens=False).ids
    unknown = _raw_tokenizer().token_to_id("[UNK]")
    assert _MINILM_TOKENS.covers(text) is (ids.count(unknown) <= 0.25 * len(ids))


@given(
    st.lists(
        st.text(max_size=40) | st.text(alphabet="aéü—’“žβя年休フンが한\u0301Ⅻﬁ", max_size=40) | TEXTS,
        max_size=4,
    )
)
@settings(max_examples=300)
def test_any_text_is_covered_as_all_its_letters_and_tokens_say(texts: list[str]) -> None:
    text = " ".join(texts)[:2000]
    letters = [(script_of(one), 2 if script_of(one) in tokens_module._SYLLABIC else 1) for one in text]
    known = _MINILM_TOKENS._read_scripts()
    total = sum(weight for script, weight in letters if script)
    unread = sum(weight for script, weight in letters if script and script not in known)
    ids = (
        _raw_tokenizer().encode(text.encode("utf-8", errors="replace").decode(), add_special_tokens=False).ids
    )
    unknown = ids.count(_raw_tokenizer().token_to_id("[UNK]"))
    assert _MINILM_TOKENS.covers(text) is (unread <= 0.25 * total and unknown <= 0.25 * len(ids))


def test_a_vocabulary_that_lacks_a_character_is_asked_for_every_text(tmp_path: Path, tiny: Path) -> None:
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers

    pieces = ["[UNK]", "a", "##a", *(chr(code) for code in range(33, 127) if not chr(code).isalnum())]
    tokenizer = Tokenizer(models.WordPiece({one: at for at, one in enumerate(pieces)}, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    model = copy_of(tiny, tmp_path)
    tokenizer.save(str(model / "tokenizer.json"))
    tokens = Tokens(read_model(model, name="few"))
    assert tokens.covers("aa a, aaa")
    assert not tokens.covers("b bb a")


def test_other_tokenizers_are_asked_for_every_text(multilingual: Path) -> None:
    """Theirs are not the tokens of words: a blank is a part of the word behind it."""
    tokens = Tokens(read_model(multilingual, name="m"))
    assert tokens.encode([ENGLISH]) == [tokens._tokenizer().encode(ENGLISH).ids]
    assert tokens._around is None


def test_only_so_many_words_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tokens_module, "_WORDS_KEPT", 10)
    tokens = Tokens(find_model("all-MiniLM-L6-v2"))
    texts = [" ".join(f"w{at}x{n}" for n in range(8)) for at in range(6)]
    for text in texts:
        assert tokens.count([text]) == [len(_raw_tokenizer().encode(text).ids)]
        assert len(tokens.words(text)) == tokens.count([text])[0]
        assert max(len(tokens._words), len(tokens._pieces)) <= 10


def test_odd_texts_are_counted_and_covered_without_an_error(minilm: SentenceTransformerEmbedder) -> None:
    odd = ["", " ", "\x00", "\ud800 lone", "a" * 100_000, "\U0010ffff", "é" * 5000]
    assert len(minilm.count_tokens(odd)) == len(odd)
    for text in odd:
        minilm.covers(text)


@pytest.mark.parametrize(
    ("text", "covered"),
    [
        (ENGLISH, True),
        ("Les salariés élèvent où ça une réclamation française.", True),
        ("Die Größe der Übergänge ändert sich für Mitarbeiter.", True),
        ("def area(radius: float) -> float:\n    return 3.14 * radius ** 2", True),
        ("2024-03-31 | 1,204 | 17.5 % | $3,000", True),
        ("We met 田中 at the office in Tokyo on Monday morning.", True),
        ("ＡＢＣ full-width", True),
        (JAPANESE, False),
        ("ヘルスケア", False),
        ("通信", False),
        (f"Leave policy\n\n{JAPANESE}", False),
        ("Ежегодный отпуск предоставляется каждому сотруднику.", False),
        ("안녕하세요 오늘 날씨가 좋습니다", False),
        ("🎉🎉 🚀", False),
        ("", True),
        (" . , ; ", True),
    ],
)
def test_what_minilm_can_read(minilm: SentenceTransformerEmbedder, text: str, covered: bool) -> None:
    assert minilm.covers(text) is covered


@pytest.mark.parametrize(
    ("text", "covered"), [(ENGLISH, True), (JAPANESE, True), ("ヘルスケア", True), ("안녕하세요", False)]
)
def test_what_a_multilingual_model_can_read(
    multilingual: Path, tmp_path: Path, text: str, covered: bool
) -> None:
    assert open_with(multilingual, tmp_path).covers(text) is covered


def test_coverage_of_a_byte_level_vocabulary(tmp_path: Path, tiny: Path) -> None:
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel()
    tokenizer.decoder = decoders.ByteLevel()
    hiragana = [chr(code) for code in range(0x3042, 0x3094)]
    words = [f" {one}{two}" for one in hiragana for two in hiragana[:12]] * 3
    trainer = trainers.BpeTrainer(
        vocab_size=4000, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False
    )
    tokenizer.train_from_iterator(words, trainer)
    model = copy_of(tiny, tmp_path)
    tokenizer.save(str(model / "tokenizer.json"))
    tokens = Tokens(read_model(model, name="bytes"))
    assert tokens.covers("あいうえお かきくけこ")
    assert not tokens.covers("отпуск предоставляется")


@given(text=st.text(max_size=300), limit=st.integers(4, 64))
@settings(max_examples=80)
def test_a_cut_text_is_a_start_that_fits(multilingual: Path, text: str, limit: int) -> None:
    tokens = Tokens(read_model(multilingual, name="m"))
    cut = tokens.cut(text, limit)
    assert text.startswith(cut)
    assert tokens.count([cut])[0] <= limit
    if tokens.count([text])[0] <= limit:
        assert cut == text


@given(lengths=st.lists(st.integers(1, 512), max_size=60))
def test_batches_hold_every_row_once_within_the_budget(lengths: list[int]) -> None:
    made = list(batches(lengths))
    assert sorted(row for batch in made for row in batch) == list(range(len(lengths)))
    for batch in made:
        padded = -(-max(lengths[row] for row in batch) // LENGTH_STEP) * LENGTH_STEP
        assert len(batch) == 1 or len(batch) * padded <= BATCH_TOKENS
