"""The embedder: its space, and one vector for one text, whatever computes it and beside what."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corpus.embedding import (
    EmbeddingSpace,
    SentenceTransformerEmbedder,
    open_embedder,
    runtime,
)
from corpus.embedding.compiled import Precision
from corpus.embedding.exported import unit_rows
from corpus.embedding.model import find_model, read_model
from corpus.embedding.reference import Reference
from corpus.embedding.space import INSTALLED_WEIGHTS_SHA256
from corpus.errors import EmbeddingError
from corpus.late import max_sim, unpack_tokens
from corpus.settings import Settings
from corpus.types import Float32
from tests.corpus.embedders import (
    ENGLISH,
    FASTEST,
    JAPANESE,
    ROOT,
    TEXTS,
    copy_of,
    cosines,
    flip_a_byte,
    open_with,
)
from tests.once import Seed

pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
]


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
            patch.setattr(runtime, "has_openvino", lambda: False)
        embedder.embed_query("which back end?")
    assert embedder.backend == request.param
    return embedder


@given(texts=st.lists(TEXTS, min_size=1, max_size=12))
@settings(max_examples=30)
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
@settings(max_examples=60)
def test_any_query_has_a_vector(backend: SentenceTransformerEmbedder, text: str) -> None:
    vector = backend.embed_query(text)
    assert abs(float(vector @ vector) - 1) < 1e-4


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


@pytest.mark.slow
@pytest.mark.parametrize(("precision", "least"), [("float32", 0.99999), ("bfloat16", 0.9998)])
def test_minilm_its_reference_its_export_and_its_batches_agree(
    tmp_path: Path, with_minilm: Seed, precision: Precision, least: float
) -> None:
    with_minilm(tmp_path, precision)
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
