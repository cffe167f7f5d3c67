"""Models and vectors that cannot be trusted are refused, with what to do."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import numpy as np
import pytest

from corpus.embedding import (
    SentenceTransformerEmbedder,
    exported,
)
from corpus.embedding.model import find_model, read_model
from corpus.errors import EmbeddingError
from tests.corpus.embedders import ENGLISH, copy_of, flip_a_byte, open_with

pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
]


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
