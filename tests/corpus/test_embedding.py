"""The embedder: spaces, counts, coverage, refusal of what cannot be trusted, and one vector for one text."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from corpus.catalog import records
from corpus.embedding import (
    EmbeddingSpace,
    Running,
    SentenceTransformerEmbedder,
    exported,
    open_embedder,
    runtime,
)
from corpus.embedding import tokens as tokens_module
from corpus.embedding.embedder import BATCH_TOKENS, batches
from corpus.embedding.exported import unit_rows
from corpus.embedding.model import INSTALLED_WEIGHTS_SHA256, find_model, read_model
from corpus.embedding.reference import Reference
from corpus.embedding.runtime import OnnxRuntime, OpenVino, Output, Precision, open_runtime
from corpus.embedding.tokens import LENGTH_STEP, Tokens
from corpus.errors import EmbeddingError
from corpus.late import max_sim, unpack_tokens
from corpus.settings import Settings
from corpus.store import Corpus
from corpus.types import Float32, Int64
from tests.make_tiny_model import make_tiny_model

pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
]

ROOT = Path(__file__).resolve().parents[2]
FASTEST = "openvino" if importlib.util.find_spec("openvino") else "onnxruntime"
TEXTS = st.text(st.characters(exclude_categories=("Cs",)), max_size=40)


@pytest.fixture(scope="session")
def multilingual(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_tiny_model(tmp_path_factory.mktemp("models") / "multilingual", multilingual=True)


@pytest.fixture
def minilm(tmp_path: Path) -> SentenceTransformerEmbedder:
    return open_embedder(Settings(data_dir=tmp_path))


def open_with(model: Path | str, data: Path) -> SentenceTransformerEmbedder:
    chosen = Settings(data_dir=data, embedder=str(model), embed_threads=1, embed_precision="float32")
    return open_embedder(chosen)


def copy_of(model: Path, target: Path) -> Path:
    return Path(shutil.copytree(model, target / model.name))


def flip_a_byte(file: Path, at: float = 0.6) -> None:
    content = bytearray(file.read_bytes())
    content[int(len(content) * at)] ^= 0x10
    file.write_bytes(content)


def cosines(left: Float32, right: Float32) -> Float32:
    return np.asarray((left * right).sum(axis=1))


# ---- the space -----------------------------------------------------------------------------------


def test_the_installed_model_has_the_pinned_weights() -> None:
    model = find_model("all-MiniLM-L6-v2")
    model.check_weights(INSTALLED_WEIGHTS_SHA256)
    assert model.space() == EmbeddingSpace(
        model="all-MiniLM-L6-v2",
        revision=model.space().revision,
        weights_sha256=INSTALLED_WEIGHTS_SHA256,
        precision="float32",
        dimension=384,
        pooling="mean+normalize",
        normalised=True,
        prompt="",
    )
    assert model.max_tokens == 256


def test_space_counts_and_coverage_need_no_weights_and_no_torch(tmp_path: Path) -> None:
    script = (
        "import sys\n"
        "from corpus.embedding import open_embedder\n"
        "from corpus.settings import Settings\n"
        f"e = open_embedder(Settings(data_dir={str(tmp_path)!r}))\n"
        "e.space.id, e.max_tokens, e.count_tokens(['one two']), e.covers('こんにちは')\n"
        "heavy = {'torch', 'sentence_transformers', 'transformers', 'onnxruntime', 'openvino'} & set(sys.modules)\n"
        "sys.exit(f'imported {heavy}' if heavy else 0)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_a_space_changes_with_the_weights_the_tokenizer_and_nothing_else(tiny: Path, tmp_path: Path) -> None:
    space = read_model(tiny, name="m").space()
    moved = copy_of(tiny, tmp_path)
    assert read_model(moved, name="m").space() == space
    flip_a_byte(moved / "model.safetensors")
    other_weights = read_model(moved, name="m").space()
    assert other_weights.weights_sha256 != space.weights_sha256
    assert other_weights.id != space.id
    tokenizer = json.loads((moved / "tokenizer_config.json").read_text())
    (moved / "tokenizer_config.json").write_text(json.dumps(tokenizer | {"note": "changed"}))
    assert read_model(moved, name="m").space().revision != space.revision


# ---- counting and coverage -----------------------------------------------------------------------


@given(texts=st.lists(TEXTS, max_size=6))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
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
@settings(max_examples=300, deadline=None)
def test_what_is_put_together_from_remembered_words_is_what_the_tokenizer_gives(
    words: list[str], blank: str
) -> None:
    text = blank.join(words)
    whole = _raw_tokenizer().encode(text.encode("utf-8", errors="replace").decode()).ids
    assert _MINILM_TOKENS.encode([text, *words, text])[0] == whole
    assert _MINILM_TOKENS.count([text]) == [len(whole)]


_MINILM_TOKENS = Tokens(find_model("all-MiniLM-L6-v2"))


@lru_cache(maxsize=1)
def _raw_tokenizer() -> Any:
    from tokenizers import Tokenizer

    raw = Tokenizer.from_file(str(find_model("all-MiniLM-L6-v2").path / "tokenizer.json"))
    raw.no_truncation()
    raw.no_padding()
    return raw


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
        assert len(tokens._words) <= 10


def test_odd_texts_are_counted_and_covered_without_an_error(minilm: SentenceTransformerEmbedder) -> None:
    odd = ["", " ", "\x00", "\ud800 lone", "a" * 100_000, "\U0010ffff", "é" * 5000]
    assert len(minilm.count_tokens(odd)) == len(odd)
    for text in odd:
        minilm.covers(text)


ENGLISH = "Employees accrue four hours of annual leave each pay period."
JAPANESE = "年次有給休暇の申請手続きについて説明します。"


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


# ---- vectors -------------------------------------------------------------------------------------


@pytest.fixture(scope="session", params=["sentence-transformers", *sorted({"onnxruntime", FASTEST})])
def backend(
    request: pytest.FixtureRequest,
    tiny: Path,
    data_with_export: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> SentenceTransformerEmbedder:
    data = tmp_path_factory.mktemp("empty") if request.param == "sentence-transformers" else data_with_export
    embedder = open_with(tiny, data)
    with pytest.MonkeyPatch.context() as patch:
        if request.param == "onnxruntime":
            patch.setattr(runtime, "_is_installed", lambda: False)
        embedder.embed_query("which back end?")
    assert embedder.backend == request.param
    return embedder


@given(texts=st.lists(TEXTS, min_size=1, max_size=12))
@settings(max_examples=30, deadline=None)
def test_a_vector_does_not_depend_on_its_batch(
    backend: SentenceTransformerEmbedder, texts: list[str]
) -> None:
    short = [text for text in texts if backend.count_tokens([text])[0] <= backend.max_tokens]
    together = backend.embed_passages(short)
    assert together.shape == (len(short), backend.space.dimension)
    assert together.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(together, axis=1), 1, atol=1e-5)
    for text, row in zip(short, together, strict=True):
        assert float(backend.embed_passages([text])[0] @ row) >= 0.9999


def test_the_first_request_is_over_before_two_threads_can_make_it(
    tiny: Path, data_with_export: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Two first requests at once wait for each other for ever, in one of three runs: seen in an ingest.
    pytest.importorskip("openvino")
    asked: list[int] = []
    run = OpenVino.run

    def counted(self: OpenVino, ids: Int64, mask: Int64) -> Output:
        asked.append(len(ids))
        return run(self, ids, mask)

    monkeypatch.setattr(OpenVino, "run", counted)
    chosen = Settings(
        data_dir=data_with_export, embedder=str(tiny), embed_threads=2, embed_precision="float32"
    )
    open_embedder(chosen, side_by_side=True).load_export()
    assert len(asked) == 1


def test_batches_side_by_side_give_the_vectors_they_give_one_after_the_other(
    tiny: Path, data_with_export: Path
) -> None:
    chosen = Settings(
        data_dir=data_with_export, embedder=str(tiny), embed_threads=2, embed_precision="float32"
    )
    many = open_embedder(chosen, side_by_side=True)
    many.load_export()
    assert (many.backend, many.problem) == (FASTEST, "")
    texts = [f"{'go ' * (at % 40)}{at}" for at in range(120)]
    np.testing.assert_allclose(
        many.embed_passages(texts), open_embedder(chosen).embed_passages(texts), atol=1e-6
    )


def test_how_passages_are_embedded_is_told_before_anything_is_loaded(
    tiny: Path, data_with_export: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert open_with(tiny, tmp_path).running() == Running("", "", {})
    embedder = open_with(tiny, data_with_export)
    told = embedder.running()
    assert told.backend == FASTEST
    assert {f"{FASTEST} float32", "onnxruntime float32"} <= set(told.passages_per_s)
    assert min(told.passages_per_s.values()) > 0
    assert embedder.backend == ""
    monkeypatch.setattr(runtime, "_is_installed", lambda: False)
    told = embedder.running()
    assert (told.backend, told.slower) == (
        "onnxruntime",
        "Embedding is slower than it could be: OpenVINO is not installed.",
    )
    assert open_with(tiny, data_with_export).embed_query("leave").shape == (embedder.space.dimension,)


@pytest.mark.parametrize("note", ["{", "[]", '{"rates": 3}', '{"rates": {"openvino float32": "fast"}}'])
def test_rates_that_cannot_be_read_are_none(tiny: Path, tmp_path: Path, note: str) -> None:
    space = open_with(tiny, tmp_path).space
    folder = exported.export_folder(tmp_path, space)
    folder.mkdir(parents=True)
    (folder / "export.json").write_text(note)
    assert exported.read_rates(tmp_path, space) == {}


def test_loading_an_export_makes_none(tiny: Path, tmp_path: Path) -> None:
    embedder = open_with(tiny, tmp_path)
    embedder.load_export()
    assert (embedder.backend, list(tmp_path.iterdir())) == ("", [])


def test_both_back_ends_give_the_same_vectors_in_the_same_space(
    tiny: Path, data_with_export: Path, tmp_path: Path
) -> None:
    texts = ["", "a", ENGLISH, "x1 " * 20, JAPANESE, "mixed CASE, and 12 % of it"]
    fast, reference = open_with(tiny, data_with_export), open_with(tiny, tmp_path)
    assert fast.space == reference.space
    np.testing.assert_allclose(fast.embed_passages(texts), reference.embed_passages(texts), atol=1e-5)
    for one, other in zip(
        fast.embed_passages_with_tokens(texts)[1], reference.embed_passages_with_tokens(texts)[1], strict=True
    ):
        assert (one is None) == (other is None)
        if one and other:
            rows, others = (unpack_tokens([codes], 32)[0] for codes in (one, other))
            assert (
                cosines(rows, others).min() > 0.98
            )  # a number on the border of two levels may fall on either
    assert (fast.backend, reference.backend) == (FASTEST, "sentence-transformers")
    assert "slower reference" in reference.problem


def test_tokens_that_matter_have_vectors_and_a_question_says_their_words(
    backend: SentenceTransformerEmbedder,
) -> None:
    assert backend.gives_tokens
    texts = ["leave", "leave, of E-4032!", "", "leave"]
    rows, codes = backend.embed_passages_with_tokens(texts)
    np.testing.assert_allclose(rows, backend.embed_passages(texts), atol=1e-5)
    assert codes[2] is None
    assert codes[0] == codes[3]
    vector, asked = backend.embed_query_with_tokens("leave, of E-4032!")
    np.testing.assert_allclose(vector, backend.embed_query("leave, of E-4032!"), atol=1e-6)
    assert asked is not None
    assert set(asked.words) == {"leave", "E", "4032"}
    assert asked.vectors.shape == (len(asked.words), 32)
    assert len(codes[1] or b"") == 1 + 16 * len(asked.words)
    same = max_sim(asked.vectors, np.ones(len(asked.words), np.float32), [codes[1] or b""])
    assert same[0] > 0.98
    assert backend.embed_query_with_tokens("")[1] is None


def test_a_multilingual_model_gives_japanese_its_tokens_word_by_word(
    multilingual: Path, tmp_path: Path
) -> None:
    embedder = open_with(multilingual, tmp_path)
    _, asked = embedder.embed_query_with_tokens("年次有給休暇の申請")
    assert asked is not None
    assert "の" not in asked.words
    assert {"年", "休", "暇", "申", "請"} <= set(asked.words)
    assert "".join(asked.words) == "年次有給休暇申請"


def test_an_export_without_tokens_goes_on_and_the_next_ingest_makes_it_anew(
    tiny: Path, data_with_export: Path, tmp_path: Path
) -> None:
    data = Path(shutil.copytree(data_with_export, tmp_path / "data"))
    note = exported.export_folder(data, open_with(tiny, data).space) / "export.json"
    kept = json.loads(note.read_text())
    assert kept.pop("graph") == 2
    note.write_text(json.dumps(kept))
    older = open_with(tiny, data)
    older.embed_query(ENGLISH)
    assert (older.backend, older.problem) == (FASTEST, "")
    assert exported._refusal(note.parent) is None
    note.write_text(json.dumps({**kept, "graph": 2}))  # made anew meanwhile, by an ingest's child
    assert older.embed_query_with_tokens(ENGLISH)[1] is not None
    assert older._encoder is not None
    assert older._encoder.has_tokens


def test_an_over_long_passage_is_refused_and_an_over_long_query_is_cut(
    backend: SentenceTransformerEmbedder,
) -> None:
    long = "go " * 200
    with pytest.raises(EmbeddingError, match="Passage 1 has 202 tokens") as caught:
        backend.embed_passages(["short", long])
    assert caught.value.code == "passage_too_long"
    kept = "go " * (backend.max_tokens - 2)
    np.testing.assert_allclose(backend.embed_query(long), backend.embed_query(kept.strip()), atol=1e-5)


@given(text=st.text(st.characters(codec=None), max_size=400))
@settings(max_examples=60, deadline=None)
def test_any_query_has_a_vector(backend: SentenceTransformerEmbedder, text: str) -> None:
    vector = backend.embed_query(text)
    assert abs(float(vector @ vector) - 1) < 1e-4


@given(text=st.text(max_size=300), limit=st.integers(4, 64))
@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
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


def test_equal_texts_are_computed_once(
    backend: SentenceTransformerEmbedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    run = SentenceTransformerEmbedder._run

    def counted(self: SentenceTransformerEmbedder, texts: Sequence[str]) -> Float32:
        asked.extend(texts)
        return run(self, texts)

    monkeypatch.setattr(SentenceTransformerEmbedder, "_run", counted)
    rows = backend.embed_passages(["one", "two", "one", "one"])
    assert sorted(asked) == ["one", "two"]
    np.testing.assert_array_equal(rows[0], rows[3])


def test_threads_get_the_vectors_of_their_own_texts(backend: SentenceTransformerEmbedder) -> None:
    texts = [
        f"{word} number {at}"
        for at in range(6)
        for word in ("leave", "travel pay", "a much longer text " * 5)
    ]
    alone = {text: backend.embed_query(text) for text in texts}
    wrong: list[str] = []

    def ask(own: list[str]) -> None:
        wrong.extend(text for text in own if float(backend.embed_query(text) @ alone[text]) < 0.9999)

    threads = [threading.Thread(target=ask, args=(texts[at:] + texts[:at],)) for at in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_prompts_are_part_of_text_count_and_space(tiny: Path, tmp_path: Path) -> None:
    model = copy_of(tiny, tmp_path)
    config = model / "config_sentence_transformers.json"
    prompts = {"prompts": {"query": "ask about: ", "document": "note: "}}
    config.write_text(json.dumps(json.loads(config.read_text()) | prompts))
    prompted, plain = open_with(model, tmp_path / "a"), open_with(tiny, tmp_path / "b")
    assert prompted.space.prompt != plain.space.prompt
    assert prompted.count_tokens(["pay"]) == plain.count_tokens(["note: pay"])
    np.testing.assert_allclose(prompted.embed_query("pay"), plain.embed_query("ask about: pay"), atol=1e-5)
    np.testing.assert_allclose(
        prompted.embed_passages(["pay"]), plain.embed_passages(["note: pay"]), atol=1e-5
    )


# ---- what cannot be trusted ------------------------------------------------------------------------


def test_altered_weights_are_refused(tiny: Path, tmp_path: Path) -> None:
    model = copy_of(tiny, tmp_path)
    embedder = open_with(model, tmp_path)
    assert embedder.space.model == "tiny"
    stamp = (model / "model.safetensors").stat()
    flip_a_byte(model / "model.safetensors")
    os.utime(model / "model.safetensors", ns=(stamp.st_atime_ns, stamp.st_mtime_ns))
    with pytest.raises(EmbeddingError, match="not the expected ones") as caught:
        embedder.embed_query("anything")
    assert caught.value.code == "weights_altered"


def test_a_flipped_byte_in_the_installed_model_is_refused(tmp_path: Path) -> None:
    installed = find_model("all-MiniLM-L6-v2")
    folder = Path(shutil.copytree(installed.path, tmp_path / "model"))
    flip_a_byte(folder / "model.safetensors")
    altered = read_model(folder, name=installed.name, pinned_sha256=installed.pinned_sha256)
    assert altered.space() == installed.space()
    with pytest.raises(EmbeddingError) as caught:
        SentenceTransformerEmbedder(altered, tmp_path / "data").embed_passages([ENGLISH])
    assert caught.value.code == "weights_altered"


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 0.0])
def test_a_vector_without_a_direction_is_refused(value: float) -> None:
    rows = np.ones((3, 4), dtype=np.float32)
    rows[1] = value
    with pytest.raises(EmbeddingError) as caught:
        exported.unit_rows(rows)
    assert caught.value.code == "bad_vector"


def test_weights_that_give_no_number_are_refused(tiny: Path, tmp_path: Path) -> None:
    from safetensors.numpy import load_file, save_file

    model = copy_of(tiny, tmp_path)
    weights = load_file(model / "model.safetensors")
    weights["embeddings.word_embeddings.weight"][:] = np.nan
    save_file(weights, model / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(EmbeddingError) as caught:
        open_with(model, tmp_path).embed_query("anything")
    assert caught.value.code == "bad_vector"


@pytest.mark.parametrize(
    "name", ["no-such-model", "some-org/no-such-model", "/no/such/folder", "./nowhere", "a b//c:d"]
)
def test_a_missing_model_says_what_to_do(name: str, tmp_path: Path) -> None:
    with pytest.raises(EmbeddingError) as caught:
        open_with(name, tmp_path)
    assert caught.value.code == "model_missing"
    assert "embedder" in caught.value.hint


@pytest.mark.parametrize(
    ("file", "content"),
    [
        ("config.json", None),
        ("config.json", b"{"),
        ("config.json", b"[1]"),
        ("tokenizer.json", None),
        ("modules.json", b"{}"),
        ("1_Pooling/config.json", b"\xff\xfe"),
    ],
)
def test_a_broken_model_folder_is_refused(
    tiny: Path, tmp_path: Path, file: str, content: bytes | None
) -> None:
    model = copy_of(tiny, tmp_path)
    (model / file).unlink()
    if content is not None:
        (model / file).write_bytes(content)
    with pytest.raises(EmbeddingError) as caught:
        open_with(model, tmp_path)
    assert caught.value.code == "model_unusable"


def test_a_broken_tokenizer_and_missing_weights_are_refused(tiny: Path, tmp_path: Path) -> None:
    model = copy_of(tiny, tmp_path)
    (model / "tokenizer.json").write_text('{"model": 3}')
    with pytest.raises(EmbeddingError, match=r"tokenizer\.json"):
        open_with(model, tmp_path).count_tokens(["x"])
    (model / "model.safetensors").unlink()
    with pytest.raises(EmbeddingError, match="no weights"):
        _ = open_with(model, tmp_path).space


def test_code_in_a_model_folder_is_never_run(tiny: Path, tmp_path: Path) -> None:
    model = copy_of(tiny, tmp_path)
    ran = tmp_path / "ran"
    (model / "own.py").write_text(f"open({str(ran)!r}, 'w').close()\nclass Own: ...\n")
    config = json.loads((model / "config.json").read_text())
    config |= {"model_type": "own", "auto_map": {"AutoConfig": "own.Own", "AutoModel": "own.Own"}}
    (model / "config.json").write_text(json.dumps(config))
    with pytest.raises(EmbeddingError):
        open_with(model, tmp_path).embed_query("anything")
    assert not ran.exists()


# ---- the export ------------------------------------------------------------------------------------


@pytest.mark.parametrize("damage", ["flip", "truncate", "note", "no note"])
def test_a_damaged_export_is_noticed_and_the_reference_answers(
    tiny: Path, data_with_export: Path, tmp_path: Path, damage: str
) -> None:
    data = Path(shutil.copytree(data_with_export, tmp_path / "data"))
    embedder = open_with(tiny, data)
    folder = exported.export_folder(data, embedder.space)
    if damage == "flip":
        flip_a_byte(folder / "model.onnx")
    elif damage == "truncate":
        (folder / "model.onnx").write_bytes((folder / "model.onnx").read_bytes()[:1000])
    elif damage == "note":
        (folder / "export.json").write_text("{")
    else:
        (folder / "export.json").unlink()
    expected = open_with(tiny, data_with_export).embed_query(ENGLISH)
    np.testing.assert_allclose(embedder.embed_query(ENGLISH), expected, atol=1e-5)
    assert embedder.backend == "sentence-transformers"
    assert "cannot be used" in embedder.problem
    assert not exported.is_exported(data, embedder.space)
    shutil.copytree(exported.export_folder(data_with_export, embedder.space), folder)
    np.testing.assert_allclose(embedder.embed_query(ENGLISH), expected, atol=1e-5)
    assert (embedder.backend, embedder.problem) == (FASTEST, "")


def test_an_export_that_differs_from_the_reference_is_refused(
    tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    embedder = open_with(tiny, tmp_path)
    folder = exported.export_folder(tmp_path, embedder.space)
    folder.mkdir(parents=True)
    monkeypatch.setattr(exported, "MOST_DIFFERENCE", {"float32": -1.0})
    note = exported._make(read_model(tiny, name="tiny"), folder)
    (folder / "export.json").write_text(json.dumps(note))
    monkeypatch.setattr(exported.subprocess, "run", lambda *args, **options: pytest.fail("tried again"))
    embedder.prepare()
    assert "differs from the reference" in embedder.problem
    embedder.embed_query("anything")
    assert embedder.backend == "sentence-transformers"


@pytest.mark.slow
def test_two_processes_make_one_export(tiny: Path, tmp_path: Path) -> None:
    script = (
        "from corpus.embedding import open_embedder\n"
        "from corpus.settings import Settings\n"
        f"e = open_embedder(Settings(data_dir={str(tmp_path)!r}, embedder={str(tiny)!r}))\n"
        "e.prepare(); e.embed_query('x'); print(e.backend, e.problem)\n"
    )
    both = [
        subprocess.Popen([sys.executable, "-c", script], cwd=ROOT, stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    assert [process.communicate()[0].strip() for process in both] == [FASTEST] * 2
    names = sorted(path.suffix for path in (tmp_path / "models").iterdir())
    assert names == ["", ".lock"]


def test_where_the_fast_runtime_or_its_instructions_are_missing_the_next_best_computes_and_says_so(
    tiny: Path, data_with_export: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    graph = exported.export_folder(data_with_export, open_with(tiny, data_with_export).space) / "model.onnx"
    monkeypatch.setattr(runtime, "has_bfloat16", lambda: False)
    assert runtime.recommended_precision() == "float32"
    slower, why = open_runtime(graph, "bfloat16", 1)
    assert slower.precision == "float32"
    assert "bfloat16" in why or FASTEST == "onnxruntime"
    monkeypatch.setattr(runtime, "_is_installed", lambda: False)
    slowest, why = open_runtime(graph, "float32", 1)
    assert isinstance(slowest, OnnxRuntime)
    assert "OpenVINO is not installed" in why
    monkeypatch.setattr(runtime, "_is_installed", lambda: True)
    monkeypatch.setattr(runtime, "OpenVino", _Uncompilable)
    slowest, why = open_runtime(graph, "float32", 1)
    assert isinstance(slowest, OnnxRuntime)
    assert "OpenVINO cannot run it (no such layer)" in why


def test_what_ends_soon_is_computed_by_what_starts_soonest(
    tiny: Path, data_with_export: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    chosen = Settings(data_dir=data_with_export, embedder=str(tiny), embed_precision="float32")
    brief, usual = open_embedder(chosen, briefly=True), open_embedder(chosen)
    texts = ["How many days of leave?", "年次有給休暇", "Lodging is reimbursed. " * 4]
    rows, codes = brief.embed_passages_with_tokens(texts)
    expected, others = usual.embed_passages_with_tokens(texts)
    assert (brief.backend, brief.problem) == ("onnxruntime", "")
    assert usual.backend == FASTEST
    assert float(np.abs(rows - expected).max()) <= exported.MOST_DIFFERENCE["float32"]
    assert [one and len(one) for one in codes] == [one and len(one) for one in others]
    graph = exported.export_folder(data_with_export, brief.space) / "model.onnx"
    if FASTEST == "openvino":  # bfloat16 is its alone, and it is there when the other fails
        assert open_runtime(graph, "bfloat16", 1, briefly=True)[0].name == "openvino"
        monkeypatch.setattr(runtime, "OnnxRuntime", _Uncompilable)
        assert open_runtime(graph, "float32", 1, briefly=True)[0].name == "openvino"


class _Uncompilable:
    def __init__(self, *given: object) -> None:
        raise RuntimeError("no such layer\nin a graph")


def test_a_corpus_keeps_the_precision_it_was_made_in(
    tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("corpus.embedding.embedder.recommended_precision", lambda: "bfloat16")
    chosen = Settings(data_dir=tmp_path, dense="exact", embedder=str(tiny))
    older = open_with(tiny, tmp_path)
    with closing(Corpus.open(chosen, older.space)) as corpus, corpus.catalog.write() as db:
        records.choose_space(db, older.space)
    newer = open_embedder(chosen)
    assert (newer.space.precision, [space.precision for space in newer.other_spaces]) == (
        "bfloat16",
        ["float32"],
    )
    with closing(Corpus.open(chosen, newer.space, also=newer.other_spaces)) as corpus:
        newer.settle(corpus.space)
    assert newer.space == older.space
    np.testing.assert_allclose(newer.embed_query(ENGLISH), older.embed_query(ENGLISH), atol=1e-5)
    asked = chosen.model_copy(update={"embed_precision": "bfloat16"})
    with pytest.raises(EmbeddingError, match="space") as caught:
        Corpus.open(asked, open_embedder(asked).space, also=open_embedder(asked).other_spaces)
    assert caught.value.code == "other_space"


# ---- the real model --------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize(("precision", "least"), [("float32", 0.99999), ("bfloat16", 0.9998)])
def test_minilm_its_reference_its_export_and_its_batches_agree(
    tmp_path: Path, with_minilm: Callable[[Path], None], precision: Precision, least: float
) -> None:
    with_minilm(tmp_path)
    model = find_model("all-MiniLM-L6-v2")
    reference = Reference(model, INSTALLED_WEIGHTS_SHA256, threads=2)
    embedder = SentenceTransformerEmbedder(replace(model, precision=precision), tmp_path, threads=2)
    texts = [
        "How many days of annual leave do employees get?",
        ENGLISH,
        "The cafeteria serves soup on Fridays.",
        "Überweisung № 42, naïve café: 100 % of E-4032 (§ 12.3)",
        "The committee reviewed the quarterly figures. " * 30,
        JAPANESE,
    ]
    own = [len(ids) for ids in reference._model.tokenizer(texts)["input_ids"]]
    assert embedder.count_tokens(texts) == own
    rows = embedder.embed_passages(texts)
    assert embedder.backend == FASTEST
    assert cosines(rows, unit_rows(reference.encode(texts).rows)).min() >= least
    assert cosines(rows, np.stack([embedder.embed_query(text) for text in texts])).min() >= least
    assert rows[0] @ rows[1] > 0.5 > rows[0] @ rows[2]


@pytest.mark.parametrize(
    ("flags", "told"),
    [
        ("flags\t: fpu avx2 fma", "has AVX2; lacks AVX-512, VNNI, bfloat16, AMX"),
        (
            "flags\t: avx2 avx512f avx512_vnni avx512_bf16 amx_tile amx_bf16",
            "has AVX2, AVX-512, VNNI, bfloat16, AMX",
        ),
        ("Features\t: asimd asimddp bf16", "has VNNI, bfloat16; lacks AVX2, AVX-512, AMX"),
        ("processor\t: 0", ""),
    ],
)
def test_what_the_processor_has_and_lacks_is_told(
    monkeypatch: pytest.MonkeyPatch, flags: str, told: str
) -> None:
    monkeypatch.setattr(runtime.platform, "system", lambda: "Linux")
    monkeypatch.setattr(runtime.Path, "read_text", lambda *_, **__: f"vendor_id\t: x\n{flags}\n")
    assert runtime.processor() == told
