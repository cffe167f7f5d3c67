"""Graphs in fewer bits: vectors near the reference's, the same alone and batched, and never without a word of it."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

from corpus.embedding import SentenceTransformerEmbedder, compiled, exported, open_embedder, runtime
from corpus.embedding.compiled import Precision
from corpus.embedding.model import find_model
from corpus.embedding.quantising import calibration_texts
from corpus.settings import Settings
from tests.corpus.embedders import ENGLISH, JAPANESE, ROOT, cosines, flip_a_byte, open_with
from tests.once import Seed

needs_nncf = pytest.mark.skipif(
    not runtime.makes_int8(), reason="OpenVINO and NNCF are not made for this machine"
)

TEXTS = [
    "How many days of annual leave do employees get?",
    ENGLISH,
    "The cafeteria serves soup on Fridays.",
    "Überweisung № 42, naïve café: 100 % of E-4032 (§ 12.3)",
    "Grade | Monthly pay | Bonus\n4 | 3,150 | 5 %\n5 | 3,720 | 7 %",
    "The committee reviewed the quarterly figures. " * 30,
]


needs_openvino = pytest.mark.skipif(
    not runtime.has_openvino(), reason="OpenVINO is not made for this machine"
)

SMALL = [
    pytest.param("int8", marks=needs_nncf),
    pytest.param(
        "bfloat16",
        marks=[
            needs_openvino,
            pytest.mark.skipif(not runtime.has_bfloat16(), reason="this processor has no bfloat16"),
        ],
    ),
]


def in_int8(data: Path) -> SentenceTransformerEmbedder:
    return opened(data, "int8")


def opened(data: Path, precision: Precision) -> SentenceTransformerEmbedder:
    return open_embedder(Settings(data_dir=data, embed_precision=precision))


@needs_nncf
@pytest.mark.slow
def test_its_vectors_are_near_the_reference_and_do_not_depend_on_their_batch(
    tmp_path: Path, with_minilm: Seed
) -> None:
    with_minilm(tmp_path, "int8")
    with_minilm(tmp_path, "float32")
    embedder = in_int8(tmp_path)
    plain = open_with("all-MiniLM-L6-v2", tmp_path)
    rows, codes = embedder.embed_passages_with_tokens([*TEXTS, JAPANESE])
    assert (embedder.backend, embedder.problem) == ("openvino", _slower())
    assert cosines(rows, plain.embed_passages([*TEXTS, JAPANESE])).min() > 0.98
    assert cosines(rows[:-1], plain.embed_passages(TEXTS)).mean() > 0.995
    assert cosines(rows, np.stack([embedder.embed_query(text) for text in [*TEXTS, JAPANESE]])).min() >= 0.999
    assert None not in codes
    assert rows[0] @ rows[1] > 0.5 > rows[0] @ rows[2]
    running = embedder.running()
    assert {"openvino float32", "openvino int8", "onnxruntime float32"} <= set(running.passages_per_s)


@pytest.mark.slow
@pytest.mark.parametrize("precision", SMALL)
@pytest.mark.parametrize("same", [True, False])
def test_short_questions_get_a_graph_of_their_own_that_gives_the_very_numbers_or_none(
    tmp_path: Path,
    with_minilm: Seed,
    monkeypatch: pytest.MonkeyPatch,
    same: bool,
    precision: Precision,
) -> None:
    with_minilm(tmp_path, precision)
    chosen = Settings(data_dir=tmp_path, embed_precision=precision, embed_threads=2)
    plain, embedder = (open_embedder(chosen, side_by_side=one) for one in (False, True))
    if not same:
        monkeypatch.setattr(compiled, "_are_same", lambda *given: False)
    longer = " if they work in shifts, at night, or on a Sunday of every second week"
    asked = [
        f"Does grade {n} get more than {n + 20} days of leave{longer if n % 2 else ''}?"
        for n in range(compiled.OFTEN)
    ]
    assert [-(-n // 16) for n in embedder.count_tokens(asked)] == [1, 2] * (compiled.OFTEN // 2)
    before = [embedder.embed_query_with_tokens(text) for text in asked]
    for thread in threading.enumerate():
        if thread.name == "compile":
            thread.join()
    graph = embedder._encoder._runtime
    assert isinstance(graph, compiled.OpenVino)
    assert (graph._short is not None) == same
    computed: list[int] = []
    run = compiled._Compiled.run_if_free
    monkeypatch.setattr(
        compiled._Compiled, "run_if_free", lambda self, given: computed.append(1) or run(self, given)
    )
    for text, (vector, tokens) in zip(asked, before, strict=True):
        for again, others in (embedder.embed_query_with_tokens(text), plain.embed_query_with_tokens(text)):
            assert np.array_equal(vector, again)
            assert np.array_equal(tokens.vectors, others.vectors)
    assert len(computed) == (len(asked) if same else 0)
    assert embedder.embed_query("leave " * 40).shape == vector.shape, "longer ones are computed as ever"


ENDS_AMID_COMPILING = """
import sys, threading
from pathlib import Path
from corpus.embedding import compiled, open_embedder
from corpus.settings import Settings
chosen = Settings(data_dir=Path(sys.argv[1]), embed_precision="int8", embed_threads=2)
embedder = open_embedder(chosen, side_by_side=True)
def ask():
    for number in range(compiled.OFTEN):
        embedder.embed_query(f"Does grade {number} get more leave?")
asking = threading.Thread(target=ask, daemon=True)
asking.start(), asking.join()
assert any(one.name == "compile" for one in threading.enumerate())
"""


@needs_nncf
@pytest.mark.slow
def test_a_process_that_ends_while_a_graph_is_compiled_ends_well(tmp_path: Path, with_minilm: Seed) -> None:
    with_minilm(tmp_path, "int8")
    in_int8(tmp_path).prepare()
    asked = [sys.executable, "-c", ENDS_AMID_COMPILING, str(tmp_path)]
    ended = subprocess.run(asked, cwd=ROOT, capture_output=True, text=True)
    assert (ended.returncode, ended.stderr) == (0, "")


@pytest.mark.slow
@pytest.mark.parametrize("precision", SMALL)
def test_the_weights_of_a_small_graph_are_half_as_many_bytes_or_fewer(
    tmp_path: Path, with_minilm: Seed, precision: Precision
) -> None:
    with_minilm(tmp_path, precision)
    kept = exported.export_folder(tmp_path, opened(tmp_path, precision).space)
    assert sorted(file.name for file in kept.iterdir()) == ["export.json", "model.bin", "model.xml"]
    whole = find_model("all-MiniLM-L6-v2").path / "model.safetensors"  # in float32
    assert (kept / "model.bin").stat().st_size < 0.51 * whole.stat().st_size


@needs_nncf
@pytest.mark.slow
@pytest.mark.parametrize("file", ["model.xml", "model.bin"])
def test_damage_to_either_of_its_files_is_noticed(tmp_path: Path, with_minilm: Seed, file: str) -> None:
    with_minilm(tmp_path, "int8")
    embedder = in_int8(tmp_path)
    flip_a_byte(exported.export_folder(tmp_path, embedder.space) / file)
    assert embedder.embed_query(ENGLISH).shape == (384,)
    assert embedder.backend == "sentence-transformers"
    assert "its hash is not the recorded one" in embedder.problem
    assert not exported.is_exported(tmp_path, embedder.space)  # the next ingest makes it again


@pytest.mark.slow
@pytest.mark.parametrize("precision", SMALL)
def test_where_openvino_is_missing_the_reference_computes_says_so_and_the_graph_stays(
    tmp_path: Path,
    with_minilm: Seed,
    monkeypatch: pytest.MonkeyPatch,
    precision: Precision,
) -> None:
    with_minilm(tmp_path, precision)
    expected = opened(tmp_path, precision).embed_query(ENGLISH)
    monkeypatch.setattr(runtime, "has_openvino", lambda: False)
    embedder = opened(tmp_path, precision)
    told = embedder.running()
    assert (told.backend, "OpenVINO is not installed" in told.slower) == ("sentence-transformers", True)
    assert float(embedder.embed_query(ENGLISH) @ expected) > 0.99
    assert (embedder.backend, embedder.running().slower) == ("sentence-transformers", embedder.problem)
    assert f"OpenVINO is not installed, and nothing else runs a graph in {precision}" in embedder.problem
    monkeypatch.setattr(exported, "_digest", lambda _: pytest.fail("tried again"))
    embedder.embed_query(ENGLISH)
    assert embedder.problem.count("slower reference") == 1
    assert exported.is_exported(tmp_path, embedder.space)


@needs_nncf
@pytest.mark.slow
def test_a_model_that_int8_harms_is_refused_and_nothing_is_counted_or_left_behind(
    tiny: Path, tmp_path: Path
) -> None:
    home, data = tmp_path / "home", tmp_path / "data"
    home.mkdir()
    script = (
        "from pathlib import Path\n"
        "from corpus.embedding import exported\n"
        "from corpus.embedding.model import read_model\n"
        "exported.MOST_DIFFERENCE = {'int8': 1e-9}\n"
        f"target = Path({str(data)!r}); target.mkdir()\n"
        f"note = exported._make(read_model(Path({str(tiny)!r}), name='tiny', precision='int8'), target)\n"
        "print(note['refused'], [file.name for file in target.glob('model.*')])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=ROOT,
        env={**os.environ, "HOME": str(home)},
        capture_output=True,
        text=True,
        check=True,
    )
    last = done.stdout.strip().splitlines()[-1]
    assert last.startswith("the export of tiny differs from the reference by ")
    assert last.endswith(" []")
    assert [path.name for path in home.iterdir() if path.name != ".cache"] == []


@pytest.mark.parametrize(
    ("flags", "measured", "recommended"),
    [
        ("avx2 fma", True, "float32"),
        ("avx2 avx512f avx512_bf16", True, "bfloat16"),
        ("avx2 avx512f avx512_vnni", True, "int8"),
        ("avx2 avx_vnni", True, "int8"),
        ("avx2 avx512f avx512_vnni avx512_bf16", True, "int8"),
        ("avx2 avx512f avx512_vnni avx512_bf16", False, "bfloat16"),
        ("avx2 avx512f avx512_vnni", False, "float32"),
        ("avx2 avx512f avx512_vnni avx512_bf16 amx_tile amx_bf16 amx_int8", True, "bfloat16"),
    ],
)
def test_what_a_new_corpus_is_embedded_in_goes_by_the_processor_and_by_what_is_known_of_the_model(
    monkeypatch: pytest.MonkeyPatch, flags: str, measured: bool, recommended: str
) -> None:
    monkeypatch.setattr(runtime, "_flags", lambda: frozenset(flags.split()))
    monkeypatch.setattr(runtime, "has_openvino", lambda: True)
    monkeypatch.setattr(runtime, "makes_int8", lambda: True)
    for known in (runtime.has_bfloat16, runtime.has_vnni, runtime.has_amx):
        known.cache_clear()
        monkeypatch.setattr(runtime, known.__name__, known.__wrapped__)
    assert runtime.recommended_precision(int8=measured) == recommended


def test_the_installed_model_alone_is_known_in_int8(tiny: Path, tmp_path: Path) -> None:
    assert open_with("all-MiniLM-L6-v2", tmp_path)._model.is_measured
    assert not open_with(tiny, tmp_path)._model.is_measured


def test_the_texts_that_fix_the_scales_are_sixty_and_short_enough(tmp_path: Path) -> None:
    texts = calibration_texts()
    assert len(set(texts)) == 60
    embedder = open_with("all-MiniLM-L6-v2", tmp_path)
    counted = embedder.count_tokens(texts)
    assert max(counted) <= embedder.max_tokens
    assert min(counted) < 20 < 150 < max(counted)


def _slower() -> str:
    return "" if runtime.has_vnni() else "Embedding is slower than it could be: this processor has no VNNI."
