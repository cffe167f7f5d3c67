"""The export of a model: made once, checked, and run by the fastest back end there is."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from corpus.catalog import records
from corpus.embedding import (
    Running,
    exported,
    open_embedder,
    runtime,
)
from corpus.embedding.compiled import OpenVino, Output
from corpus.embedding.model import read_model
from corpus.embedding.runtime import OnnxRuntime, open_runtime
from corpus.errors import EmbeddingError
from corpus.settings import Settings
from corpus.store import Corpus
from corpus.types import Int64
from tests.corpus.embedders import ENGLISH, FASTEST, ROOT, flip_a_byte, open_with

pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
]


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
    monkeypatch.setattr(runtime, "has_openvino", lambda: False)
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
    assert runtime.recommended_precision(int8=False) == "float32"
    slower, why = open_runtime(graph, "bfloat16", 1)
    assert slower.precision == "float32"
    assert "bfloat16" in why or FASTEST == "onnxruntime"
    monkeypatch.setattr(runtime, "has_openvino", lambda: False)
    slowest, why = open_runtime(graph, "float32", 1)
    assert isinstance(slowest, OnnxRuntime)
    assert "OpenVINO is not installed" in why
    monkeypatch.setattr(runtime, "has_openvino", lambda: True)
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
    monkeypatch.setattr("corpus.embedding.embedder.recommended_precision", lambda **_: "bfloat16")
    chosen = Settings(data_dir=tmp_path, dense="exact", embedder=str(tiny))
    older = open_with(tiny, tmp_path)
    with closing(Corpus.open(chosen, older.space)) as corpus, corpus.catalog.write() as db:
        records.choose_space(db, older.space)
    newer = open_embedder(chosen)
    assert (newer.space.precision, [space.precision for space in newer.other_spaces]) == (
        "bfloat16",
        ["float32", "int8"],
    )
    with closing(Corpus.open(chosen, newer.space, also=newer.other_spaces)) as corpus:
        newer.settle(corpus.space)
    assert newer.space == older.space
    np.testing.assert_allclose(newer.embed_query(ENGLISH), older.embed_query(ENGLISH), atol=1e-5)
    asked = chosen.model_copy(update={"embed_precision": "bfloat16"})
    with pytest.raises(EmbeddingError, match="space") as caught:
        Corpus.open(asked, open_embedder(asked).space, also=open_embedder(asked).other_spaces)
    assert caught.value.code == "other_space"


@pytest.mark.parametrize(
    ("flags", "told"),
    [
        ("flags\t: fpu avx2 fma", "has AVX2; lacks AVX-512, VNNI, bfloat16, AMX"),
        (
            "flags\t: avx2 avx512f avx512_vnni avx512_bf16 amx_tile amx_bf16",
            "has AVX2, AVX-512, VNNI, bfloat16, AMX",
        ),
        ("Features\t: asimd asimddp bf16", "has bfloat16; lacks AVX2, AVX-512, VNNI, AMX"),
        ("processor\t: 0", ""),
    ],
)
def test_what_the_processor_has_and_lacks_is_told(
    monkeypatch: pytest.MonkeyPatch, flags: str, told: str
) -> None:
    monkeypatch.setattr(runtime.platform, "system", lambda: "Linux")
    monkeypatch.setattr(runtime.Path, "read_text", lambda *_, **__: f"vendor_id\t: x\n{flags}\n")
    assert runtime.processor() == told


def test_an_export_that_was_killed_says_what_ran_out(
    tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    embedder = open_with(tiny, tmp_path)
    killed = subprocess.CompletedProcess([], -9, "", "")
    monkeypatch.setattr(exported.subprocess, "run", lambda *args, **options: killed)
    embedder.prepare()
    assert "ended by signal 9, most often because memory ran out." in embedder.problem
